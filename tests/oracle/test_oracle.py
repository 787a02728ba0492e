"""The oracle against numbers worked out by hand, so that it may judge the product.

The weeks used: 2 March 2026 is a Monday; so are 28 December 2026 and 28 February 2028.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest

MON, TUE, WED, THU, FRI, SAT, SUN = (f"2026-03-{day:02}" for day in range(2, 9))
NEXT_MON, NEXT_TUE = "2026-03-09", "2026-03-10"
MARCH = date(2026, 3, 1), date(2026, 3, 31)
WEEK = date(2026, 3, 2)
NEXT_WEEK = date(2026, 3, 9)

Row = dict[str, Any]


def week_of(totals: Any, person: str | None, week: date = WEEK) -> Any:
    [row] = [row for row in totals.person_weeks if (row.person_key, row.week) == (person, week)]
    return row


# --- 10,000ft -------------------------------------------------------------------------------------------


def user(number: int = 1, *blocks: Row, **changes: Any) -> Row:
    availabilities = {"paging": {"next": None}, "data": list(blocks)}
    names = {
        "first_name": "Ada",
        "last_name": "Byron",
        "display_name": "Ada Byron",
        "email": "ada@example.com",
    }
    return {"id": number, **names, "availabilities": availabilities, **changes}


def block(number: int, *sunday_first: float, starts_at: str | None = None, ends_at: str | None = None) -> Row:
    hours = {f"day{index}": value for index, value in enumerate(sunday_first)}
    return {"id": number, "starts_at": starts_at, "ends_at": ends_at, **hours}


def assignment(first: str = MON, last: str = SUN, **changes: Any) -> Row:
    """100% of user 1 on project 10, unless changed."""
    mode = {} if "allocation_mode" in changes else {"allocation_mode": "percent", "percent": 1.0}
    row = {"id": 900, "user_id": 1, "assignable_id": 10, "starts_at": first, "ends_at": last}
    return {**row, **mode, **changes}


def fixed(hours: float, first: str, last: str, **changes: Any) -> Row:
    return assignment(first, last, allocation_mode="fixed", fixed_hours=hours, **changes)


def daily(hours: float, first: str = MON, last: str = SUN, **changes: Any) -> Row:
    return assignment(first, last, allocation_mode="hours_per_day", hours_per_day=hours, **changes)


PROJECTS = [
    {"id": 10, "name": "Comet", "parent_id": None, "project_state": "Confirmed"},
    {"id": 11, "name": "Comet", "phase_name": "Layout", "parent_id": 10, "project_state": "Confirmed"},
    {"id": 12, "name": "Comet", "phase_name": "Pitch", "parent_id": 10, "project_state": "Tentative"},
    {"id": 20, "name": "Dune", "parent_id": None, "project_state": "Tentative"},
    {"id": 21, "name": "Dune", "phase_name": "Roto", "parent_id": 20, "project_state": "Confirmed"},
]
LEAVE = 50


def tenthousandft(
    oracle: ModuleType,
    *assignments: Row,
    person: Row | None = None,
    holidays: tuple[str, ...] = (),
    window: tuple[date, date] = MARCH,
    **policies: Any,
) -> Any:
    rows = {
        "users": [person or user()],
        "placeholders": [{"id": 2, "title": "Compositor"}],
        "projects": PROJECTS,
        "leave_types": [{"id": LEAVE, "name": "Vacation"}],
        "holidays": [{"id": n, "name": "Holiday", "date": day} for n, day in enumerate(holidays)],
        "assignments": list(assignments),
    }
    return oracle.tenthousandft(rows, *window, oracle.Policies(**policies))


def test_percent_of_the_accounts_week(oracle: ModuleType) -> None:
    totals = tenthousandft(oracle, assignment())
    week = week_of(totals, "1")
    assert (week.booked, week.capacity) == (40, 40)  # Mon-Fri x 8
    assert (week.person, week.email, week.source) == ("Ada Byron", "ada@example.com", "tenthousandft")
    assert (week.tentative, week.leave, week.holiday) == (0, 0, 0)


def test_percent_is_the_decimal_that_was_written(oracle: ModuleType) -> None:
    totals = tenthousandft(oracle, assignment(MON, MON, percent=0.1))
    assert week_of(totals, "1").booked == Fraction(8, 10)  # not 8 x the double nearest to 0.1


def test_a_block_starts_on_sunday(oracle: ModuleType) -> None:
    part_time = user(1, block(1, 4, 6, 6, 6, 0, 0, 0))
    week = week_of(tenthousandft(oracle, assignment(percent=0.5), person=part_time), "1")
    assert (week.booked, week.capacity) == (11, 22)  # Mon-Wed 6, Sun 8 March 4: 22, half of it booked


def test_the_block_that_starts_last_wins(oracle: ModuleType) -> None:
    always, from_wednesday = block(9, *[4] * 7), block(1, *[8] * 7, starts_at=WED, ends_at=FRI)
    week = week_of(tenthousandft(oracle, assignment(), person=user(1, from_wednesday, always)), "1")
    assert week.capacity == 4 * 4 + 3 * 8  # Mon Tue Sat Sun at 4, Wed-Fri at 8


def test_of_blocks_that_start_together_the_higher_id_wins(oracle: ModuleType) -> None:
    person = user(1, block(8, *[5] * 7, starts_at=MON), block(7, *[1] * 7, starts_at=MON))
    assert week_of(tenthousandft(oracle, person=person), "1").capacity == 35  # 7 x 5
    person = user(1, block(3, *[5] * 7), block(4, *[1] * 7))
    assert week_of(tenthousandft(oracle, person=person), "1").capacity == 7  # both open: 7 x 1


def test_after_a_block_ends_the_accounts_week_is_back(oracle: ModuleType) -> None:
    person = user(1, block(1, *[2] * 7, ends_at=TUE))
    assert week_of(tenthousandft(oracle, person=person), "1").capacity == 2 * 2 + 3 * 8


def test_a_holiday_takes_the_accounts_hours(oracle: ModuleType) -> None:
    week = week_of(tenthousandft(oracle, assignment(), holidays=(WED, SAT)), "1")
    assert (week.booked, week.holiday, week.capacity) == (32, 8, 32)  # Saturday had nothing to take


def test_a_block_overrides_a_holiday(oracle: ModuleType) -> None:
    person = user(1, block(1, 0, 6, 6, 6, 6, 6, 0, starts_at=WED, ends_at=WED))
    week = week_of(tenthousandft(oracle, assignment(), person=person, holidays=(WED,)), "1")
    assert (week.booked, week.holiday, week.capacity) == (38, 0, 38)  # 4 x 8 + 6


def test_hours_per_day_falls_on_working_days_whole(oracle: ModuleType) -> None:
    totals = tenthousandft(oracle, daily(3), holidays=(WED,))
    assert week_of(totals, "1").booked == 12  # Mon Tue Thu Fri
    three_short_days = user(1, block(1, 0, 2, 2, 2, 0, 0, 0))
    week = week_of(tenthousandft(oracle, daily(3), person=three_short_days), "1")
    assert (week.booked, week.capacity) == (9, 6)  # 3 a day, whatever the day holds


@pytest.mark.parametrize("mode", ["fixed", "fixed_hours"])
def test_fixed_hours_follow_the_work_of_the_span(oracle: ModuleType, mode: str) -> None:
    row = {**fixed(10, FRI, NEXT_MON), "allocation_mode": mode}
    totals = tenthousandft(oracle, row)
    assert (week_of(totals, "1").booked, week_of(totals, "1", NEXT_WEEK).booked) == (5, 5)
    short_friday = user(1, block(1, 0, 6, 0, 0, 0, 2, 0))
    totals = tenthousandft(oracle, row, person=short_friday)
    assert week_of(totals, "1").booked == Fraction(5, 2)  # 10 x 2 / 8
    assert week_of(totals, "1", NEXT_WEEK).booked == Fraction(15, 2)  # 10 x 6 / 8


def test_fixed_hours_without_a_working_day_keep_their_total(oracle: ModuleType) -> None:
    totals = tenthousandft(oracle, fixed(10, SAT, SUN))
    assert week_of(totals, "1").booked == 0
    assert totals.bookings[0].total == 10
    assert totals.bookings[0].hours == {}


def test_the_window_cuts_weeks_and_never_spreads(oracle: ModuleType) -> None:
    window = date(2026, 3, 4), date(2026, 3, 5)  # Wed, Thu
    totals = tenthousandft(oracle, fixed(20, MON, FRI), window=window)
    assert (week_of(totals, "1").booked, week_of(totals, "1").capacity) == (8, 16)  # 2 of 5 days
    assert totals.bookings[0].total == 20


def test_a_leap_day_is_a_day(oracle: ModuleType) -> None:
    totals = tenthousandft(
        oracle, assignment("2028-02-28", "2028-03-01"), window=(date(2028, 2, 1), date(2028, 3, 31))
    )
    assert week_of(totals, "1", date(2028, 2, 28)).booked == 24  # Mon 28, Tue 29, Wed 1


def test_a_week_over_new_year_is_one_week(oracle: ModuleType) -> None:
    window = date(2026, 12, 1), date(2027, 1, 31)
    row = assignment("2026-12-28", "2027-01-03")
    week = week_of(
        tenthousandft(oracle, row, holidays=("2027-01-01",), window=window), "1", date(2026, 12, 28)
    )
    assert (week.booked, week.holiday) == (32, 8)  # Mon-Thu; Friday is New Year's Day


def test_leave_without_a_mode_is_the_whole_day(oracle: ModuleType) -> None:
    leave = assignment(TUE, TUE, assignable_id=LEAVE)
    del leave["allocation_mode"], leave["percent"]
    week = week_of(tenthousandft(oracle, assignment(), leave), "1")
    assert (week.booked, week.leave, week.capacity) == (40, 8, 32)  # leave never shrinks other work


def test_part_of_a_day_off_leaves_the_capacity(oracle: ModuleType) -> None:
    morning = daily(4, TUE, TUE, assignable_id=LEAVE)
    week = week_of(tenthousandft(oracle, morning), "1")
    assert (week.leave, week.capacity) == (4, 40)
    week = week_of(tenthousandft(oracle, morning, {**morning, "id": 901}), "1")
    assert (week.leave, week.capacity) == (8, 32)  # two halves are a day


def test_leave_on_days_without_work_takes_nothing(oracle: ModuleType) -> None:
    leave = daily(8, WED, SUN, assignable_id=LEAVE)
    week = week_of(tenthousandft(oracle, leave, holidays=(FRI,)), "1")
    assert (week.leave, week.holiday, week.capacity) == (16, 8, 16)  # Wed, Thu; Friday is the holiday's


@pytest.mark.parametrize(
    ("assignable", "project", "tentative"),
    [(10, "10", 0), (11, "10", 0), (12, "10", 40), (20, "20", 40), (21, "20", 40)],
)
def test_a_phase_belongs_to_its_parent(
    oracle: ModuleType, assignable: int, project: str, tentative: int
) -> None:
    totals = tenthousandft(oracle, assignment(assignable_id=assignable))
    assert (week_of(totals, "1").booked, week_of(totals, "1").tentative) == (40, tentative)
    [row] = totals.project_weeks
    assert (row.project_key, row.week, row.booked, row.people) == (project, WEEK, 40, 1)


def test_unassigned_work_has_the_accounts_calendar(oracle: ModuleType) -> None:
    totals = tenthousandft(oracle, assignment(user_id=None), holidays=(WED,))
    week = week_of(totals, None)
    assert (week.person, week.email) == (None, None)
    assert (week.booked, week.holiday, week.capacity) == (32, 8, 32)
    assert totals.project_weeks[0].people == 0  # nobody's hours


def test_a_placeholder_has_the_accounts_calendar(oracle: ModuleType) -> None:
    totals = tenthousandft(oracle, assignment(user_id=2), assignment(id=901), holidays=(WED,))
    week = week_of(totals, "2")
    assert (week.person, week.email) == ("Compositor", None)
    assert (week.booked, week.holiday, week.capacity) == (32, 8, 32)
    assert totals.project_weeks[0].people == 2


@pytest.mark.parametrize(("winner", "capacity"), [("starts_last", 7), ("starts_first", 14), ("newest", 21)])
def test_which_of_overlapping_blocks_holds_is_a_choice(
    oracle: ModuleType, winner: str, capacity: int
) -> None:
    blocks = [
        block(1, *[1] * 7, starts_at=MON),
        block(2, *[2] * 7),
        block(3, *[3] * 7, starts_at="2026-02-01"),
    ]
    totals = tenthousandft(oracle, person=user(1, *blocks), block_that_wins=winner)
    assert week_of(totals, "1").capacity == capacity


@pytest.mark.parametrize(
    ("days", "booked"),
    [("working_days", 9), ("account_days", 12), ("every_day", 21)],  # 3, 4 and 7 days of 3 hours
)
def test_which_days_get_hours_per_day_is_a_choice(oracle: ModuleType, days: str, booked: int) -> None:
    three_days = user(1, block(1, 0, 2, 2, 2, 0, 0, 0, starts_at=MON, ends_at=SUN))
    totals = tenthousandft(oracle, daily(3), person=three_days, holidays=(WED,), daily_hours_on=days)
    assert week_of(totals, "1").booked == booked


@pytest.mark.parametrize(("work", "kept"), [(assignment(), 32), (daily(3), 12), (fixed(10, MON, TUE), 10)])
def test_leave_may_shrink_other_work(oracle: ModuleType, work: Row, kept: int) -> None:
    day_off = daily(8, TUE, TUE, id=901, assignable_id=LEAVE)
    week = week_of(tenthousandft(oracle, work, day_off, leave_shrinks_work=True), "1")
    assert (week.booked, week.leave, week.capacity) == (kept, 8, 32)
    half = {**day_off, "hours_per_day": 4}
    assert week_of(tenthousandft(oracle, assignment(), half, leave_shrinks_work=True), "1").booked == 40


@pytest.mark.parametrize(("counts", "over", "free"), [(True, 4, 0), (False, 0, 0)])
def test_half_a_day_of_leave_beside_a_days_work(
    oracle: ModuleType, counts: bool, over: int, free: int
) -> None:
    morning = daily(4, TUE, TUE, id=901, assignable_id=LEAVE)
    week = week_of(tenthousandft(oracle, assignment(), morning, partial_leave_counts=counts), "1")
    assert (week.over, week.free) == (over, free)
    week = week_of(
        ruddr(oracle, allocation("day", 8), time_off(4, TUE, TUE), partial_leave_counts=counts), "m"
    )
    assert (week.over, week.free) == (over, free)


def test_over_and_free_do_not_make_each_other_up(oracle: ModuleType) -> None:
    week = week_of(tenthousandft(oracle, daily(12, MON, MON), daily(8, TUE, TUE, assignable_id=LEAVE)), "1")
    assert (week.over, week.free) == (4, 24)  # Monday; Wednesday to Friday: a day of leave is not free


def test_leaving_and_archiving_drop_nothing(oracle: ModuleType) -> None:
    gone = user(1, archived=True, hire_date="2026-03-20", termination_date="2026-02-01")
    week = week_of(tenthousandft(oracle, assignment(), person=gone), "1")
    assert (week.booked, week.capacity) == (40, 40)


def test_an_unknown_mode_is_not_guessed(oracle: ModuleType) -> None:
    with pytest.raises(ValueError, match="allocation_mode 'hourly'"):
        tenthousandft(oracle, assignment(allocation_mode="hourly"))


# --- Ruddr ----------------------------------------------------------------------------------------------

FULL_TIME = [8, 8, 8, 8, 8, 0, 0]
SHORT_WEEK = [8, 8, 4, 0, 0, 0, 0]
AMOUNTS = {
    "day": "hoursPerDay",
    "week": "hoursPerWeek",
    "month": "hoursPerMonth",
    "allocation": "hoursPerAllocation",
    "ratio_of_capacity": "hoursRatioOfCapacity",
}


def period(hours: Sequence[float], start: str | None = None, end: str | None = None) -> Row:
    return {"id": "p", "start": start, "end": end, "hoursPerDay": list(hours)}


def member(*periods: Row, **changes: Any) -> Row:
    dates = {"activeStartDate": None, "activeEndDate": None}
    row = {"id": "m", "name": "Ada Byron", "email": "ada@example.com", "availabilityPeriods": list(periods)}
    return {**row, **dates, **changes}


def allocation(unit: str, amount: float, first: str = MON, last: str = SUN, **changes: Any) -> Row:
    """Member m on project x, unless changed."""
    amounts = {name: amount if name == AMOUNTS[unit] else None for name in AMOUNTS.values()}
    row = {
        "id": "a",
        "resourceTypeId": "member",
        "assignmentTypeId": "project",
        "entity": "allocation",
        "start": first,
        "end": last,
        "unit": unit,
        "member": {"id": "m", "name": "Ada Byron"},
        "project": {"id": "x", "name": "Comet"},
    }
    return {**row, **amounts, **changes}


def time_off(amount: float, first: str, last: str, **changes: Any) -> Row:
    off = {"assignmentTypeId": "time_off", "project": None, "timeOffType": {"id": "t", "name": "Vacation"}}
    return allocation("day", amount, first, last, **{**off, **changes})


def holiday(amount: float, day: str) -> Row:
    return time_off(amount, day, day, entity="holiday")


def ruddr(
    oracle: ModuleType,
    *allocations: Row,
    person: Row | None = None,
    window: tuple[date, date] = MARCH,
    **policies: Any,
) -> Any:
    rows = {
        "members": [person or member(period(FULL_TIME))],
        "placeholders": [{"id": "q", "name": "Compositor"}],
        "projects": [
            {"id": "x", "name": "Comet", "statusId": "in_progress"},
            {"id": "y", "name": "Dune", "statusId": "tentative"},
        ],
        "allocations": list(allocations),
    }
    return oracle.ruddr(rows, *window, oracle.Policies(**policies))


def test_the_sample_of_seed_002_is_528_hours(oracle: ModuleType) -> None:
    sample = allocation(
        "day",
        8,
        "2022-06-01",
        "2022-08-31",
        resourceTypeId="placeholder",
        placeholder={"id": "q", "name": "Project Manager"},
        timeOffType={"id": "t", "name": "Holiday"},  # the sample fills every object at once
    )
    totals = ruddr(oracle, sample, window=(date(2022, 6, 1), date(2022, 8, 31)))
    [booking] = totals.bookings
    # June 22 weekdays, July 21 (the 4th counts), August 23: 66 x 8
    assert (booking.total, booking.kind, booking.person_key) == (528, "project", "q")
    assert sum(row.booked for row in totals.person_weeks if row.person_key == "q") == 528
    assert week_of(totals, "q", date(2022, 7, 4)).booked == 40


def test_day_is_whole_where_there_is_capacity(oracle: ModuleType) -> None:
    four_short_days = member(period([6, 6, 6, 6, 0, 0, 0]))
    week = week_of(ruddr(oracle, allocation("day", 8), person=four_short_days), "m")
    assert (week.booked, week.capacity) == (32, 24)


def test_the_array_starts_on_monday(oracle: ModuleType) -> None:
    saturdays = member(period([0, 0, 0, 0, 0, 7.5, 0]))
    totals = ruddr(oracle, allocation("day", 2.5, SAT, SUN), person=saturdays)
    assert (week_of(totals, "m").booked, week_of(totals, "m").capacity) == (Fraction(5, 2), Fraction(15, 2))


def test_week_hours_are_cut_at_the_edges_of_the_span(oracle: ModuleType) -> None:
    totals = ruddr(oracle, allocation("week", 20, WED, NEXT_TUE))
    assert week_of(totals, "m").booked == 12  # Wed Thu Fri of five days
    assert week_of(totals, "m", NEXT_WEEK).booked == 8  # Mon Tue


def test_week_hours_follow_capacity(oracle: ModuleType) -> None:
    [booking] = ruddr(oracle, allocation("week", 30), person=member(period(SHORT_WEEK))).bookings
    assert list(booking.hours.values()) == [12, 12, 6]  # 30 x 8/20, 8/20, 4/20


def test_a_day_off_outside_the_span_still_shrinks_its_week(oracle: ModuleType) -> None:
    totals = ruddr(oracle, allocation("week", 40, WED, FRI), time_off(8, MON, MON))
    assert week_of(totals, "m").booked == 30  # 40 x 8/32 on each of three days


def test_month_hours_by_calendar_month(oracle: ModuleType) -> None:
    totals = ruddr(
        oracle,
        allocation("month", 100, "2026-02-23", "2026-03-03"),
        window=(date(2026, 2, 1), date(2026, 3, 31)),
    )
    assert week_of(totals, "m", date(2026, 2, 23)).booked == 25  # 5 of February's 20 weekdays
    assert week_of(totals, "m").booked == Fraction(200, 22)  # 2 of March's 22


def test_december_ends_with_the_year(oracle: ModuleType) -> None:
    window = date(2026, 12, 1), date(2027, 1, 31)
    totals = ruddr(oracle, allocation("month", 23, "2026-12-31", "2027-01-01"), window=window)
    # Thu 31 December: 1 of 23 weekdays; Fri 1 January: 1 of 21
    assert week_of(totals, "m", date(2026, 12, 28)).booked == 1 + Fraction(23, 21)


def test_allocation_hours_follow_the_capacity_of_the_span(oracle: ModuleType) -> None:
    [booking] = ruddr(oracle, allocation("allocation", 10), person=member(period(SHORT_WEEK))).bookings
    assert list(booking.hours.values()) == [4, 4, 2]


def test_ratio_of_capacity(oracle: ModuleType) -> None:
    totals = ruddr(oracle, allocation("ratio_of_capacity", 0.5), person=member(period(SHORT_WEEK)))
    assert week_of(totals, "m").booked == 10


@pytest.mark.parametrize(("unit", "total"), [("allocation", 10), ("week", 0), ("day", 0)])
def test_without_capacity_only_an_amount_remains(oracle: ModuleType, unit: str, total: int) -> None:
    totals = ruddr(oracle, allocation(unit, 10, SAT, SUN))
    assert (week_of(totals, "m").booked, totals.bookings[0].total) == (0, total)


@pytest.mark.parametrize(
    ("flag", "booked"),
    [({"allocateOnTimeOffDays": True}, 30), ({"allocateOnTimeOffDays": False}, 24),
     ({"allocateOnTimeOffDays": None}, 24), ({}, 24)],
)  # fmt: skip
def test_a_day_off_keeps_projects_away(oracle: ModuleType, flag: Row, booked: int) -> None:
    week = week_of(ruddr(oracle, allocation("day", 6, **flag), time_off(8, WED, WED)), "m")
    assert (week.booked, week.leave, week.capacity) == (booked, 8, 32)


def test_part_of_a_day_off_counts_beside_the_work(oracle: ModuleType) -> None:
    week = week_of(ruddr(oracle, allocation("day", 6), time_off(4, WED, WED)), "m")
    assert (week.booked, week.leave, week.capacity) == (30, 4, 40)


def test_a_holiday_row_is_no_leave(oracle: ModuleType) -> None:
    week = week_of(ruddr(oracle, allocation("day", 6), holiday(8, WED)), "m")
    assert (week.booked, week.leave, week.holiday, week.capacity) == (24, 0, 8, 32)


def test_a_holiday_takes_no_more_than_the_day(oracle: ModuleType) -> None:
    week = week_of(ruddr(oracle, holiday(10, WED), holiday(8, SAT)), "m")
    assert (week.holiday, week.capacity) == (8, 32)


def test_half_a_holiday_and_half_a_day_of_leave_are_a_day_off(oracle: ModuleType) -> None:
    half = week_of(ruddr(oracle, allocation("day", 6), holiday(4, WED)), "m")
    assert (half.booked, half.holiday, half.capacity) == (30, 4, 36)
    both = week_of(ruddr(oracle, allocation("day", 6), holiday(4, WED), time_off(4, WED, WED)), "m")
    assert (both.booked, both.holiday, both.leave, both.capacity) == (24, 4, 4, 32)


def test_leave_over_a_holiday_counts_as_both(oracle: ModuleType) -> None:
    week = week_of(ruddr(oracle, holiday(8, WED), time_off(8, MON, WED)), "m")
    assert (week.leave, week.holiday, week.capacity) == (24, 8, 16)


def test_time_off_by_other_units(oracle: ModuleType) -> None:
    off = {"assignmentTypeId": "time_off", "project": None}
    rows = [allocation("week", 20, MON, TUE, **off), allocation("ratio_of_capacity", 1, FRI, SUN, **off)]
    week = week_of(ruddr(oracle, *rows), "m")
    assert (week.leave, week.capacity) == (16, 32)  # 4 + 4, and the whole of Friday


@pytest.mark.parametrize(("kind", "booked", "leave"), [("project", 8, 0), ("time_off", 0, 8)])
def test_time_entries_count_by_what_they_are_on(
    oracle: ModuleType, kind: str, booked: int, leave: int
) -> None:
    entry = allocation("day", 8, WED, WED, assignmentTypeId=kind, entity="time_entry", readOnly=True)
    week = week_of(ruddr(oracle, entry), "m")
    assert (week.booked, week.leave) == (booked, leave)


def test_nothing_outside_active_dates(oracle: ModuleType) -> None:
    person = member(period(FULL_TIME), activeStartDate=WED, activeEndDate=THU)
    week = week_of(ruddr(oracle, allocation("day", 6), time_off(8, MON, TUE), person=person), "m")
    assert (week.booked, week.leave, week.capacity) == (12, 0, 16)


def test_nothing_without_a_period(oracle: ModuleType) -> None:
    totals = ruddr(
        oracle, allocation("allocation", 10), person=member(period(FULL_TIME, end=SUN[:-2] + "01"))
    )
    assert (week_of(totals, "m").booked, week_of(totals, "m").capacity) == (0, 0)
    assert totals.bookings[0].total == 10


def test_the_period_that_starts_last_wins_then_the_later_one(oracle: ModuleType) -> None:
    by_start = member(period([4] * 7, WED), period([1] * 7), period([2] * 7, end=TUE))
    week = week_of(ruddr(oracle, person=by_start), "m")
    assert week.capacity == 2 * 2 + 5 * 4  # Mon Tue: the later of two open ones; from Wednesday: 4


@pytest.mark.parametrize(
    ("changes", "tentative"),
    [
        ({"bookingTypeId": "soft"}, 30),
        ({"bookingTypeId": "confirmed"}, 0),
        ({"bookingTypeId": None}, 0),
        ({}, 0),
        ({"project": {"id": "y", "name": "Dune"}, "bookingTypeId": "confirmed"}, 30),
    ],
)
def test_tentative_by_booking_or_by_project(oracle: ModuleType, changes: Row, tentative: int) -> None:
    week = week_of(ruddr(oracle, allocation("day", 6, **changes)), "m")
    assert (week.booked, week.tentative) == (30, tentative)


@pytest.mark.parametrize(("whole", "first", "second"), [(False, 12, 8), (True, 20, 20)])
def test_weeks_at_the_edges_are_a_choice(oracle: ModuleType, whole: bool, first: int, second: int) -> None:
    totals = ruddr(oracle, allocation("week", 20, WED, NEXT_TUE), whole_edges=whole)
    assert (week_of(totals, "m").booked, week_of(totals, "m", NEXT_WEEK).booked) == (first, second)


def test_months_at_the_edges_may_be_whole(oracle: ModuleType) -> None:
    row = allocation("month", 100, "2026-02-23", "2026-03-03")
    totals = ruddr(oracle, row, window=(date(2026, 2, 1), date(2026, 3, 31)), whole_edges=True)
    assert (week_of(totals, "m", date(2026, 2, 23)).booked, week_of(totals, "m").booked) == (100, 100)


@pytest.mark.parametrize(("unit", "policy"), [("week", "even_periods"), ("allocation", "even_allocations")])
def test_hours_may_be_spread_evenly(oracle: ModuleType, unit: str, policy: str) -> None:
    person, row = member(period(SHORT_WEEK)), allocation(unit, 30)
    [booking] = ruddr(oracle, row, person=person, **{policy: True}).bookings
    assert list(booking.hours.values()) == [10, 10, 10]
    [booking] = ruddr(oracle, row, person=person).bookings
    assert list(booking.hours.values()) == [12, 12, 6]


@pytest.mark.parametrize(("drop", "booked"), [(False, 40), (True, 32)])
def test_a_day_off_moves_or_drops_its_part_of_the_week(oracle: ModuleType, drop: bool, booked: int) -> None:
    rows = [allocation("week", 40), time_off(8, MON, MON)]
    assert week_of(ruddr(oracle, *rows, days_off_drop_hours=drop), "m").booked == booked
    rows[0] = allocation("week", 40, allocateOnTimeOffDays=True)
    assert week_of(ruddr(oracle, *rows, days_off_drop_hours=drop), "m").booked == 40
