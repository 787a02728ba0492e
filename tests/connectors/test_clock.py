"""How far a service's clock is from ours, as its answers say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.answers import clock_skew
from connectors.ftrack.client import Ftrack
from connectors.sandbox import Sandbox

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
    ],
)
def test_only_what_cannot_be_the_way_is_skew(said: str, seconds: int) -> None:
    skew = clock_skew({"Date": said}, NOON, NOON + timedelta(minutes=2))
    assert skew == timedelta(seconds=seconds)


@pytest.mark.parametrize(("faults", "minutes"), [("clock_skew:1", 60), (None, 0)])
def test_a_client_knows_the_skew_it_has_seen(faults: str | None, minutes: int) -> None:
    with Sandbox(people=1, faults=faults) as sandbox:
        ready = sandbox.ready["ftrack"]
        with Ftrack(ready["url"], ready["user"], ready["key"]) as client:
            client.server_information()
            assert client.skew.total_seconds() / 60 == pytest.approx(minutes, abs=0.2)
