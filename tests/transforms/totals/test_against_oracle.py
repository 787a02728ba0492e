"""The SQL against the day-by-day oracle, and the laws of a sum, over random studios of both planners.

The oracle counts in exact fractions, the product in whole milliseconds: they may differ by what rounding
a day to a millisecond adds up to, and by no rule. Among the product's own numbers nothing may differ at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.parsing import MAX_EFFORT
from transforms.policy import Policy

MS_PER_HOUR = 3_600_000
HALF_A_SECOND_MS = 500
BOTH = pytest.mark.parametrize("source", ["tenthousandft", "ruddr"])
RANDOM = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
# Each unit of which a booking over two spans in a row is the same as a booking over both.
LINEAR = {"percent", "hours_per_day", "day", "week", "month", "ratio_of_capacity"}

Product = Callable[..., Any]
Marts = dict[str, list[tuple[Any, ...]]]

PERSON_WEEK = """
SELECT
    person_key, week, booked_ms, tentative_ms, leave_ms, holiday_ms, capacity_ms, over_ms, free_ms,
    is_over_allocated
FROM mart_person_week
"""
PERSON_HOURS = ("booked", "tentative", "leave", "holiday", "capacity", "over", "free")
PROJECT_WEEK = "SELECT project_key, week, booked_ms, people FROM mart_project_week"
BOOKING = "SELECT source_key, kind, person_key, project_key, start_date, end_date, total_ms FROM mart_booking"


def marts(product: Product, studio: Any, **policies: Any) -> Marts:
    with product(studio, **policies) as con:
        return {
            "person-week": con.execute(f"{PERSON_WEEK} ORDER BY ALL").fetchall(),
            "project-week": con.execute(f"{PROJECT_WEEK} ORDER BY ALL").fetchall(),
            "booking": con.execute(f"{BOOKING} ORDER BY ALL").fetchall(),
        }


def same(ms: int, hours: Fraction) -> bool:
    return abs(ms - hours * MS_PER_HOUR) <= HALF_A_SECOND_MS


def shown(ms: tuple[int, ...]) -> list[float]:
    return [value / MS_PER_HOUR for value in ms]


# --- against the oracle ---------------------------------------------------------------------------------


def check(ours: Marts, expected: Any) -> None:
    """Every grain of the product is the oracle's."""
    check_person_weeks(ours, expected)
    check_project_weeks(ours, expected)
    check_bookings(ours, expected)


def check_person_weeks(ours: Marts, expected: Any) -> None:
    rows = {row[:2]: row[2:-1] for row in ours["person-week"]}
    assert len(rows) == len(ours["person-week"]), "two rows of one person and week"
    wanted = {
        (row.person_key, row.week): [getattr(row, name) for name in PERSON_HOURS]
        for row in expected.person_weeks
    }
    assert rows.keys() <= wanted.keys()
    for key, hours in wanted.items():
        if key in rows:
            assert all(map(same, rows[key], hours)), (key, shown(rows[key]), [float(h) for h in hours])
        else:  # people who are gone, placeholders and unassigned work have no rows without hours
            assert hours[0] == hours[2] == 0, key


def check_project_weeks(ours: Marts, expected: Any) -> None:
    rows = {row[:2]: row[2:] for row in ours["project-week"]}
    wanted = {(row.project_key, row.week): (row.booked, row.people) for row in expected.project_weeks}
    assert rows.keys() == wanted.keys()
    for key, (booked, people) in wanted.items():
        assert same(rows[key][0], booked), (key, shown(rows[key][:1]), float(booked))
        assert rows[key][1] == people, key


def check_bookings(ours: Marts, expected: Any) -> None:
    """Read-only rows go by a longer key that holds their id."""
    rows = {key.split(":")[1] if ":" in key else key: rest for key, *rest in ours["booking"]}
    assert rows.keys() == {booking.key for booking in expected.bookings}
    for booking in expected.bookings:
        *what, total_ms = rows[booking.key]
        kind = "work" if booking.kind == "project" else booking.kind
        assert what == [kind, booking.person_key, booking.project_key, booking.start, booking.end]
        assert same(total_ms, booking.total), (booking.key, total_ms / MS_PER_HOUR, float(booking.total))


@BOTH
@settings(RANDOM, max_examples=50)
@given(data=st.data())
def test_every_total_is_the_oracles(
    source: str, data: st.DataObject, studios: ModuleType, product: Product, oracle: ModuleType
) -> None:
    studio = data.draw(studios.STRATEGIES[source]())
    expected = getattr(oracle, source)(studio.rows, studio.start, studio.end)
    ours = marts(product, studio)
    check(ours, expected)


EFFORTS = {"percent", "hours_per_day", "fixed_hours", "hoursPerDay", "hoursPerWeek", "hoursPerMonth",
           "hoursPerAllocation", "hoursRatioOfCapacity"}  # fmt: skip


@BOTH
@settings(RANDOM, max_examples=15)
@given(data=st.data())
def test_the_largest_amounts_are_counted_exactly(
    source: str, data: st.DataObject, studios: ModuleType, product: Product, oracle: ModuleType
) -> None:
    studio = data.draw(studios.STRATEGIES[source]())
    studio = studio.with_bookings(
        [
            {name: MAX_EFFORT if name in EFFORTS and value else value for name, value in row.items()}
            for row in studio.rows[studio.bookings]
        ]
    )
    check(marts(product, studio), getattr(oracle, source)(studio.rows, studio.start, studio.end))


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


# Each policy of the product with what it is to the oracle.
POLICIES: dict[str, tuple[str, dict[Any, Any]]] = {
    "tenthousandft_hours_per_day": (
        "account_hours_per_day",
        {hours: Fraction(str(hours)) for hours in (6, 7.5, 8)},
    ),
    "tenthousandft_work_week": (
        "account_work_days",
        {
            tuple(WEEKDAYS[day] for day in days): frozenset(days)
            for days in ((0, 1, 2, 3, 4), (6, 0, 1, 2, 3), (0, 1, 2, 3, 4, 5, 6), (2,))
        },
    ),
    "tenthousandft_overlapping_blocks": (
        "block_that_wins",
        {name: name for name in ("starts_last", "starts_first", "newest")},
    ),
    "tenthousandft_hours_per_day_on": (
        "daily_hours_on",
        {name: name for name in ("working_days", "account_days", "every_day")},
    ),
    "tenthousandft_leave_shrinks_work": ("leave_shrinks_work", {False: False, True: True}),
    "ruddr_default_hours_per_day": (
        "default_week",
        {hours: (Fraction(str(hours)),) * 5 + (Fraction(0),) * 2 for hours in (4, 7.6, 8, 10)},
    ),
    "ruddr_allocate_on_time_off": ("allocate_on_time_off_days", {False: False, True: True}),
    "ruddr_edge_periods": ("whole_edges", {"pro_rata": False, "whole": True}),
    "ruddr_period_spread": ("even_periods", {"capacity": False, "evenly": True}),
    "ruddr_time_off_in_period": ("days_off_drop_hours", {"moves_hours": False, "drops_hours": True}),
    "ruddr_allocation_spread": ("even_allocations", {"capacity": False, "evenly": True}),
    "partial_leave": ("partial_leave_counts", {"counts": True, "ignored": False}),
}


def test_the_oracle_knows_every_policy_and_both_have_the_same_defaults(oracle: ModuleType) -> None:
    assert set(POLICIES) == set(Policy.model_fields)
    defaults = Policy.model_validate({})
    for ours, (theirs, values) in POLICIES.items():
        assert values[getattr(defaults, ours)] == getattr(oracle.Policies(), theirs), ours


@BOTH
@settings(RANDOM, max_examples=40)
@given(
    data=st.data(),
    policies=st.fixed_dictionaries(
        {name: st.sampled_from([*values]) for name, (_, values) in POLICIES.items()}
    ),
)
def test_the_policies_are_the_oracles(
    source: str,
    data: st.DataObject,
    policies: dict[str, Any],
    studios: ModuleType,
    product: Product,
    oracle: ModuleType,
) -> None:
    """Every rule that the services leave open or keep out of their APIs, in all combinations."""
    studio = data.draw(studios.STRATEGIES[source]())
    theirs = {POLICIES[name][0]: POLICIES[name][1][value] for name, value in policies.items()}
    expected = getattr(oracle, source)(studio.rows, studio.start, studio.end, oracle.Policies(**theirs))
    check(marts(product, studio, **policies), expected)


# --- laws -----------------------------------------------------------------------------------------------


@BOTH
@settings(RANDOM, max_examples=10)
@given(data=st.data())
def test_the_order_of_input_changes_nothing(
    source: str, data: st.DataObject, studios: ModuleType, product: Product
) -> None:
    studio = data.draw(studios.STRATEGIES[source]())
    shuffled = {stream: data.draw(st.permutations(rows)) for stream, rows in studio.rows.items()}
    other = studios.Studio(source, shuffled, studio.start, studio.end)
    assert marts(product, studio) == marts(product, other)


@BOTH
@settings(RANDOM, max_examples=10)
@given(data=st.data())
def test_a_booking_changes_only_its_person_project_and_weeks(
    source: str, data: st.DataObject, studios: ModuleType, product: Product
) -> None:
    """Ruddr's time off is the exception: it moves its person's other bookings, in other weeks too."""
    studio = data.draw(studios.STRATEGIES[source]())
    bookings = studio.rows[studio.bookings]
    assume(bookings)
    after = marts(product, studio)
    before = marts(product, studio.with_bookings(bookings[:-1]))
    [added] = [row for row in after["booking"] if row[0] not in {row[0] for row in before["booking"]}]
    _, kind, person, project, first, last, _ = added
    changed_people = set(after["person-week"]) ^ set(before["person-week"])
    changed_projects = set(after["project-week"]) ^ set(before["project-week"])
    assert {row[0] for row in changed_people} <= {person}
    if source == "ruddr" and kind != "work":
        return
    weeks = {monday(first + timedelta(days=day)) for day in range((last - first).days + 1)}
    assert {row[1] for row in changed_people} <= weeks
    assert {row[:2] for row in changed_projects} <= {(project, week) for week in weeks}
    if kind != "work":
        assert not changed_projects


@BOTH
@settings(RANDOM, max_examples=15)
@given(data=st.data())
def test_two_halves_make_a_whole(
    source: str, data: st.DataObject, studios: ModuleType, product: Product
) -> None:
    studio = data.draw(studios.STRATEGIES[source]())
    names = ("starts_at", "ends_at") if source == "tenthousandft" else ("start", "end")
    bookings = studio.rows[studio.bookings]
    divisible = [
        row
        for row in bookings
        if row.get("unit", row.get("allocation_mode", "percent")) in LINEAR and row[names[0]] < row[names[1]]
    ]
    assume(divisible)
    whole = data.draw(st.sampled_from(divisible))
    halves = split(data, whole, *names)
    parts = marts(product, studio.with_bookings([row for row in bookings if row is not whole] + halves))
    wholes = marts(product, studio)
    assert parts["person-week"] == wholes["person-week"]
    assert parts["project-week"] == wholes["project-week"]
    assert sum(row[-1] for row in parts["booking"]) == sum(row[-1] for row in wholes["booking"])


@BOTH
@settings(RANDOM, max_examples=10)
@given(data=st.data())
def test_parts_add_up_to_wholes(
    source: str, data: st.DataObject, studios: ModuleType, product: Product
) -> None:
    """To the millisecond, at every grain, so every difference below is an empty list."""
    studio = data.draw(studios.STRATEGIES[source]())
    with product(studio) as con:
        for difference in DIFFERENCES:
            assert con.execute(difference).fetchall() == [], difference


BOOKINGS_AGAINST_DAYS = """
SELECT source_key, total_ms, sum(ms)
FROM mart_booking JOIN mart_booking_day USING (source, source_key)
GROUP BY ALL HAVING total_ms <> sum(ms)
"""
BOOKINGS_AGAINST_WEEKS = """
WITH days AS (
    SELECT person_key, date_trunc('week', day)::DATE AS week,
        coalesce(sum(ms) FILTER (kind = 'work'), 0)::BIGINT AS booked_ms,
        coalesce(sum(ms) FILTER (kind = 'work' AND is_tentative), 0)::BIGINT AS tentative_ms,
        coalesce(sum(ms) FILTER (kind = 'leave'), 0)::BIGINT AS leave_ms
    FROM mart_booking_day SEMI JOIN mart_coverage USING (source, day)
    GROUP BY ALL
), weeks AS (
    SELECT person_key, week, booked_ms, tentative_ms, leave_ms FROM mart_person_week
)
SELECT * FROM days WHERE booked_ms + leave_ms > 0 EXCEPT SELECT * FROM weeks
UNION ALL
(SELECT * FROM weeks WHERE booked_ms + leave_ms > 0 EXCEPT SELECT * FROM days)
"""
DAYS_AGAINST_PERIODS = """
WITH days AS (
    SELECT person_key, date_trunc('{period}', day)::DATE AS {period}, sum(booked_ms), sum(tentative_ms),
        sum(billable_ms), sum(leave_ms), sum(holiday_ms), sum(contracted_ms), sum(capacity_ms)
    FROM mart_person_day GROUP BY ALL
), periods AS (
    SELECT person_key, {period}, booked_ms, tentative_ms, billable_ms, leave_ms, holiday_ms, contracted_ms,
        capacity_ms
    FROM mart_person_{period}
)
SELECT * FROM days EXCEPT SELECT * FROM periods
UNION ALL
(SELECT * FROM periods EXCEPT SELECT * FROM days)
"""
PROJECT_WEEKS_AGAINST_MONTHS = """
SELECT project_key, sum(of_weeks), sum(of_months)
FROM (
    SELECT project_key, booked_ms AS of_weeks, 0 AS of_months FROM mart_project_week
    UNION ALL
    SELECT project_key, 0, booked_ms FROM mart_project_month
)
GROUP BY ALL HAVING sum(of_weeks) <> sum(of_months)
"""
PROJECTS_AGAINST_PEOPLE = """
SELECT week, sum(of_projects), sum(of_people)
FROM (
    SELECT week, booked_ms AS of_projects, 0 AS of_people FROM mart_project_week
    UNION ALL
    SELECT week, 0, booked_ms FROM mart_person_week
)
GROUP BY week HAVING sum(of_projects) <> sum(of_people)
"""
# A fixed amount is whole, whether its days could carry it or not.
SPREADS = """
SELECT source_key, total_ms, effort_amount
FROM mart_booking
WHERE effort_unit = 'hours_total' AND total_ms <> effort_amount * 3600000
"""
DIFFERENCES = [
    BOOKINGS_AGAINST_DAYS,
    BOOKINGS_AGAINST_WEEKS,
    DAYS_AGAINST_PERIODS.format(period="week"),
    DAYS_AGAINST_PERIODS.format(period="month"),
    PROJECT_WEEKS_AGAINST_MONTHS,
    PROJECTS_AGAINST_PEOPLE,
    SPREADS,
]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def split(data: st.DataObject, row: dict[str, Any], start: str, end: str) -> list[dict[str, Any]]:
    """The row as two rows in a row: new ids, the first up to some day, the second from the next."""
    first, last = date.fromisoformat(row[start]), date.fromisoformat(row[end])
    cut = first + timedelta(days=data.draw(st.integers(0, (last - first).days - 1)))
    ids = (8001, 8002) if isinstance(row["id"], int) else ("left", "right")
    return [
        {**row, "id": ids[0], end: cut.isoformat()},
        {**row, "id": ids[1], start: (cut + timedelta(days=1)).isoformat()},
    ]
