"""What a backfill refuses, and how it cuts its span."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.backfill import FURTHEST_AHEAD_DAYS, LONGEST_DAYS, SpanRefused, check, months
from pipelines.settings import Settings

DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate({"ruddr": {"url": "http://127.0.0.1:9", "token": "x"}})


@given(start=DAYS, length=st.integers(0, 1200))
def test_the_chunks_are_the_span_month_by_month(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    chunks = list(months(start, end))
    assert chunks[0][0] == start
    assert chunks[-1][1] == end
    assert all(first <= last for first, last in chunks)
    assert all((first.year, first.month) == (last.year, last.month) for first, last in chunks)
    edges = pairwise(chunks)
    assert all(after[0] == before[1] + timedelta(days=1) for before, after in edges)
    assert all(first.day == 1 for first, _ in chunks[1:])


def test_every_configured_planner_unless_one_is_named(settings: Settings) -> None:
    request = check(settings, date(2026, 1, 1), date(2026, 1, 1))
    assert (request.source, request.sources) == ("all", ("ruddr",))
    assert check(settings, date(2026, 1, 1), date(2026, 3, 1), "ruddr").source == "ruddr"


TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("start", "end", "source", "said"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), None, "before it starts"),
        (date(1026, 3, 2), date(2026, 3, 1), None, "earliest start"),
        (TODAY, TODAY + timedelta(days=FURTHEST_AHEAD_DAYS + 2), None, "latest end"),
        (TODAY - timedelta(days=LONGEST_DAYS), TODAY, None, "split"),
        (date(2026, 3, 1), date(2026, 3, 2), "tenthousandft", "not configured (configured: ruddr)"),
        (date(2026, 3, 1), date(2026, 3, 2), "harvest", "not a source"),
    ],
)
def test_what_makes_no_sense_is_refused(
    settings: Settings, start: date, end: date, source: str | None, said: str
) -> None:
    with pytest.raises(SpanRefused) as caught:
        check(settings, start, end, source)
    assert said in str(caught.value)
