"""How far a service's clock is from ours, as its answers say."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from connectors.answers import clock_skew
from connectors.ftrack.client import Ftrack
from connectors.ruddr.client import Ruddr
from connectors.sandbox import Sandbox
from connectors.tenthousandft.client import TenThousandFt

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Mon, 02 Mar 2026 12:00:00 GMT", 0),
        ("Mon, 02 Mar 2026 12:01:30 GMT", 0),  # while the answer was on its way
        ("Mon, 02 Mar 2026 12:12:00 GMT", 600),
        ("Mon, 02 Mar 2026 11:50:00 GMT", -599),  # Date has whole seconds
        ("noon", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_only_what_cannot_be_the_way_is_skew(said: str | None, seconds: int) -> None:
    skew = clock_skew({} if said is None else {"Date": said}, NOON, NOON + timedelta(minutes=2))
    assert skew == timedelta(seconds=seconds)


def test_an_answer_kept_on_its_way_says_how_old_it_is() -> None:
    kept = {"Date": "Mon, 02 Mar 2026 11:00:00 GMT", "Age": "3600"}
    assert clock_skew(kept, NOON, NOON) == timedelta()


def test_a_date_without_a_zone_is_utc_wherever_this_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert clock_skew({"Date": "Mon, 02 Mar 2026 12:00:00 -0000"}, NOON, NOON) == timedelta()
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("faults", "minutes"), [("clock_skew:1", 60), (None, 0)])
def test_a_client_knows_the_skew_it_has_seen(faults: str | None, minutes: int) -> None:
    with Sandbox(people=1, faults=faults) as sandbox, ExitStack() as stack:
        ftrack = stack.enter_context(Ftrack(**sandbox.ready["ftrack"]))
        tenthousandft = stack.enter_context(TenThousandFt(**sandbox.ready["tenthousandft"]))
        ruddr = stack.enter_context(Ruddr(**sandbox.ready["ruddr"]))
        ftrack.server_information()
        tenthousandft.check()
        ruddr.check()
        for client in (ftrack, tenthousandft, ruddr):
            assert client.skew.total_seconds() / 60 == pytest.approx(minutes, abs=0.2)
