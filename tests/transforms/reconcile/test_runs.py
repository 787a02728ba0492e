"""Runs: one allocation per maximal stretch of equal daily value inside one booking."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NAMESPACE = uuid.UUID("6f1c0f5e-a4c2-5a1e-9d0b-7d3a52c4e810")
MONDAY = date(2026, 3, 2)


def runs(changes: list[Any]) -> list[tuple[str, str, float]]:
    """Start, end and value of the allocations to create, in order of start."""
    images = [c["after"] for c in changes if c["action"] == "create" and c["kind"] == "allocation"]
    return sorted((image["start"][5:], image["end"][5:], image["value"]) for image in images)


@pytest.mark.parametrize(
    ("days", "hours", "expected"),
    [
        (5, 8, [("03-02", "03-06", 1.0)]),
        (12, 8, [("03-02", "03-13", 1.0)]),  # the weekend bridges
        (7, 8, [("03-02", "03-06", 1.0)]),  # and is trimmed at the end
        (5, [8, 8, 4, 4, 8], [("03-02", "03-03", 1.0), ("03-04", "03-05", 0.5), ("03-06", "03-06", 1.0)]),
        (5, [8, 8, 0, 8, 8], [("03-02", "03-03", 1.0), ("03-05", "03-06", 1.0)]),  # capacity and no hours
        (5, [0, 0, 4, 0, 0], [("03-04", "03-04", 0.5)]),
        (3, [8 / 3, 8 / 3, 8 / 3], [("03-02", "03-04", 0.333333)]),
        (5, 12, [("03-02", "03-06", 1.5)]),
        (5, 0.001, [("03-02", "03-06", 0.000125)]),
        (5, 8_000_000, [("03-02", "03-06", 1_000_000.0)]),  # the largest share that the contract lets through
    ],
)
def test_runs_of_equal_value(studio: Any, days: int, hours: Any, expected: list[Any]) -> None:
    studio.book("ruddr", "b1", days=days, hours=hours)
    assert runs(studio.plan().changes) == expected


def test_a_holiday_bridges(studio: Any) -> None:
    studio.holidays.add(date(2026, 3, 4))
    studio.book("ruddr", "b1", days=5)
    assert runs(studio.plan().changes) == [("03-02", "03-06", 1.0)]


def test_full_day_leave_bridges_and_half_a_day_does_not_count_as_none(studio: Any) -> None:
    studio.book("ruddr", "work", days=5, hours=[8, 8, 0, 8, 8])
    studio.book("ruddr", "away", start=date(2026, 3, 4), days=1, hours=8, leave="l1")
    assert runs(studio.plan().changes) == [("03-02", "03-06", 1.0), ("03-04", "03-04", 1.0)]
    studio.book("ruddr", "away", start=date(2026, 3, 4), days=1, hours=4, leave="l1")
    assert ("03-02", "03-03", 1.0) in runs(studio.plan().changes)


def test_a_part_time_day_is_full_time_of_its_own_contract(studio: Any) -> None:
    studio.weeks["ruddr", "p1"] = (8, 8, 4, 0, 0, 0, 0)
    studio.book("ruddr", "b1", days=10, hours=[8, 8, 4, 0, 0, 0, 0, 8, 8, 4])
    assert runs(studio.plan().changes) == [("03-02", "03-11", 1.0)]


def test_hours_without_contracted_hours_are_blocked_not_divided(studio: Any) -> None:
    studio.book("ruddr", "b1", days=7, hours=[8, 8, 8, 8, 8, 3, 0])
    plan = studio.plan()
    assert runs(plan.changes) == [("03-02", "03-06", 1.0)]
    [blocked] = plan.blocked
    assert blocked["reason"] == "hours on days without contracted hours"
    assert blocked["hours"] == 3.0


def test_one_millisecond_of_a_spread_makes_no_new_run(studio: Any) -> None:
    """A day's share next to a rounding edge differs by a millionth from its neighbour's."""
    edge = 0.1234565 * 8  # hours
    studio.book("ruddr", "b1", days=2, hours=[edge - 1e-6 / 3.6, edge])
    assert len(runs(studio.plan().changes)) == 1


def test_ids_are_uuid5_of_what_the_record_means(studio: Any) -> None:
    studio.book("ruddr", "b|1", days=5, hours=[8, 8, 4, 4, 4], work_item="w1")
    ids = {change["id"] for change in studio.plan().changes}
    meanings = ("allocation|ruddr|b|1|1", "allocation|ruddr|b|1|2", "assignment|t1|u1")
    assert ids == {str(uuid.uuid5(NAMESPACE, meaning)) for meaning in meanings}


WEEK = st.lists(st.sampled_from([0, 4, 6, 7.5, 8]), min_size=7, max_size=7).map(tuple)
DAYS = st.lists(st.sampled_from([0, 0, 1, 2.5, 4, 8, 8, 8, 10]), min_size=1, max_size=30)


@pytest.fixture
def crowd(studio: Any) -> Any:
    """Eight more people of Ruddr, all of them one user in ftrack: it is the runs that matter."""
    for number in range(8):
        studio.person("ruddr", f"q{number}", f"Number {number}", "ada@studio.test")
    return studio


@settings(max_examples=20)
@given(
    crew=st.lists(st.tuples(WEEK, DAYS), min_size=1, max_size=8),
    holidays=st.sets(st.integers(0, 30), max_size=3),
)
def test_runs_against_a_loop_over_days(
    crowd: Any, crew: list[tuple[Sequence[float], list[float]]], holidays: set[int]
) -> None:
    """A plain loop, by the rule's words, finds the same runs; and no hour is lost between them."""
    studio = crowd
    studio.bookings.clear()
    studio.holidays = {MONDAY + timedelta(n) for n in holidays}
    for number, (week, hours) in enumerate(crew):
        studio.weeks["ruddr", f"q{number}"] = week
        studio.book("ruddr", f"b{number}", f"q{number}", days=len(hours), hours=hours)
    plan = studio.plan()
    for number, (week, hours) in enumerate(crew):
        mine = [change for change in plan.changes if change["origin"]["source_key"] == f"b{number}"]
        assert runs(mine) == _by_hand(week, hours, studio.holidays)
    pushed = sum(change["hours"]["after"] for change in plan.changes)
    booked = sum(sum(hours) for _, hours in crew)
    assert pushed + sum(item["hours"] for item in plan.blocked) == pytest.approx(booked)


def _by_hand(week: Sequence[float], hours: list[float], holidays: set[date]) -> list[tuple[str, str, float]]:
    found: list[tuple[date, date, float]] = []
    broken = True
    for number, booked in enumerate(hours):
        day = MONDAY + timedelta(number)
        contracted = week[day.weekday()]
        if not booked:
            broken = broken or (contracted > 0 and day not in holidays)
            continue
        if not contracted:
            broken = True
            continue
        share = (Decimal(str(booked)) / Decimal(str(contracted))).quantize(Decimal("0.000001"), ROUND_HALF_UP)
        if not broken and found[-1][2] == float(share):
            found[-1] = (found[-1][0], day, float(share))
        else:
            found.append((day, day, float(share)))
        broken = False
    return [(start.isoformat()[5:], end.isoformat()[5:], value) for start, end, value in found]
