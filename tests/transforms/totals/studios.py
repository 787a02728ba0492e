"""Small random studios as wire JSON: what the two planners could answer, with every oddity of their pages.

Loaded by conftest.py. A studio is drawn around a day at which calendars are awkward (leap day, year ends,
a week 53, the nights the clocks change) and within a few weeks of it, so that bookings, part-time blocks,
holidays and leave really meet. Hours have at most two decimals, like what people type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]

AWKWARD_DAYS = (
    date(2028, 2, 29),  # leap day, a Tuesday
    date(2026, 12, 31),  # in ISO week 53
    date(2024, 12, 30),  # a Monday in 2024, ISO week 1 of 2025
    date(2026, 3, 29),  # clocks go forward in Europe
    date(2026, 11, 1),  # clocks go back in America; the first of a month, a Sunday
    date(2026, 7, 1),
)


@dataclass(frozen=True)
class Studio:
    """The rows of each stream of one source, and the pulled window."""

    source: str
    rows: dict[str, list[Row]]
    start: date
    end: date

    @property
    def bookings(self) -> str:
        """The stream that holds the bookings."""
        return "assignments" if self.source == "tenthousandft" else "allocations"

    def with_bookings(self, bookings: list[Row]) -> Studio:
        return Studio(self.source, {**self.rows, self.bookings: bookings}, self.start, self.end)


hours = st.one_of(
    st.sampled_from([0, 2, 4, 7.5, 8, 8.0, 12]), st.integers(0, 1600).map(lambda hundredths: hundredths / 100)
)
workday = st.one_of(st.sampled_from([0, 0, 8, 8]), hours)
shares = st.sampled_from([0, 0.1, 0.25, 0.333, 0.5, 0.8, 1, 1.0, 1.5])
amounts = st.one_of(st.sampled_from([0, 1, 10, 20, 36.67, 40]), st.integers(0, 20000).map(lambda n: n / 100))


def near(base: date, before: int = 20, after: int = 20) -> st.SearchStrategy[date]:
    return st.integers(-before, after).map(lambda offset: base + timedelta(days=offset))


@st.composite
def spans(draw: st.DrawFn, base: date) -> tuple[str, str]:
    """First and last day of a booking: often a single day, sometimes across months."""
    first = draw(near(base))
    length = draw(st.one_of(st.just(0), st.integers(0, 10), st.integers(11, 60)))
    return first.isoformat(), (first + timedelta(days=length)).isoformat()


def maybe_day(base: date) -> st.SearchStrategy[str | None]:
    return st.none() | near(base).map(date.isoformat)


@st.composite
def windows(draw: st.DrawFn, base: date) -> tuple[date, date]:
    start = draw(near(base, 5, 5))
    return start, start + timedelta(days=draw(st.integers(0, 20)))


def numbered(rows: list[Row], first: int = 1) -> list[Row]:
    return [{"id": number, **row} for number, row in enumerate(rows, first)]


# --- 10,000ft -------------------------------------------------------------------------------------------

PROJECTS: list[Row] = [
    {"id": 10, "name": "Comet", "parent_id": None, "project_state": "Confirmed", "archived": False},
    {"id": 11, "name": "Comet", "phase_name": "Layout", "parent_id": 10, "project_state": "Confirmed"},
    {"id": 12, "name": "Comet", "phase_name": "Pitch", "parent_id": 10, "project_state": "Tentative"},
    {"id": 20, "name": "Dune", "parent_id": None, "project_state": "Tentative", "archived": True},
    {"id": 21, "name": "Dune", "phase_name": "Roto", "parent_id": 20, "project_state": "Confirmed"},
    {"id": 30, "name": "Internal", "parent_id": None, "project_state": "Internal", "archived": False},
]
LEAVE_TYPES: list[Row] = [{"id": 50, "name": "Vacation"}, {"id": 51, "name": "Sick"}]
PLACEHOLDER_ID = 9


@st.composite
def blocks(draw: st.DrawFn, base: date) -> Row:
    """A part-time block, perhaps open-ended, perhaps overlapping others, perhaps covering no day at all."""
    week = draw(st.lists(workday, min_size=7, max_size=7))
    days = {f"day{index}": value for index, value in enumerate(week)}
    return {"starts_at": draw(maybe_day(base)), "ends_at": draw(maybe_day(base)), **days}


@st.composite
def users(draw: st.DrawFn, base: date, number: int) -> Row:
    ids = draw(st.permutations(range(number * 100, number * 100 + 3)))
    part_time = [{"id": block_id, **draw(blocks(base))} for block_id in ids[: draw(st.integers(0, 3))]]
    return {
        "id": number,
        "first_name": "Ada",
        "last_name": f"Number {number}",
        "display_name": f"Ada Number {number}",
        "email": draw(st.sampled_from([None, f"ada{number}@example.com"])),
        "archived": draw(st.booleans()),
        "hire_date": draw(maybe_day(base)),
        "termination_date": draw(maybe_day(base)),
        "availabilities": {"paging": {"page": 1, "next": None}, "data": part_time},
    }


@st.composite
def efforts(draw: st.DrawFn, is_leave: bool) -> Row:
    """An allocation mode with its amount; the fields of the other modes are absent or null."""
    modes = ["percent", "hours_per_day", "fixed", "fixed_hours"] + ["none"] * is_leave
    mode = draw(st.sampled_from(modes))
    if mode == "none":
        return {}
    field = "fixed_hours" if mode == "fixed" else mode
    amount = draw({"percent": shares, "hours_per_day": hours}.get(mode, amounts))
    others: Row = {"percent": None, "hours_per_day": None, "fixed_hours": None}
    return {"allocation_mode": mode, **(others if draw(st.booleans()) else {}), field: amount}


@st.composite
def assignments(draw: st.DrawFn, base: date, people: list[int]) -> Row:
    assignable = draw(st.sampled_from([10, 10, 11, 12, 20, 21, 30, 50, 50, 51]))
    first, last = draw(spans(base))
    return {
        "user_id": draw(st.sampled_from([*people, *people, PLACEHOLDER_ID, None])),
        "assignable_id": assignable,
        "starts_at": first,
        "ends_at": last,
        **draw(efforts(assignable >= 50)),
    }


@st.composite
def tenthousandft(draw: st.DrawFn) -> Studio:
    base = draw(st.sampled_from(AWKWARD_DAYS))
    people = list(range(1, 1 + draw(st.integers(1, 2))))
    holidays = draw(st.lists(near(base, 10, 10), max_size=4, unique=True))
    rows = {
        "users": [draw(users(base, number)) for number in people],
        "placeholders": [{"id": PLACEHOLDER_ID, "title": "Compositor"}],
        "projects": PROJECTS,
        "leave_types": LEAVE_TYPES,
        "holidays": numbered([{"date": day.isoformat(), "name": "Holiday"} for day in holidays]),
        "assignments": numbered(draw(st.lists(assignments(base, people), max_size=7)), 1000),
    }
    return Studio("tenthousandft", rows, *draw(windows(base)))


# --- Ruddr ----------------------------------------------------------------------------------------------

RUDDR_PROJECTS: list[Row] = [
    {"id": "x", "name": "Comet", "statusId": "in_progress", "recordStatusId": "active"},
    {"id": "y", "name": "Dune", "statusId": "tentative", "recordStatusId": "active"},
    {"id": "z", "name": "Echo", "statusId": "cancelled", "recordStatusId": "archived"},
]
AMOUNT_OF = {
    "day": ("hoursPerDay", hours),
    "week": ("hoursPerWeek", amounts),
    "month": ("hoursPerMonth", amounts),
    "allocation": ("hoursPerAllocation", amounts),
    "ratio_of_capacity": ("hoursRatioOfCapacity", shares),
}


@st.composite
def periods(draw: st.DrawFn, base: date) -> Row:
    week = draw(st.one_of(st.just([8, 8, 8, 8, 8, 0, 0]), st.lists(workday, min_size=7, max_size=7)))
    return {"start": draw(maybe_day(base)), "end": draw(maybe_day(base)), "hoursPerDay": week}


@st.composite
def members(draw: st.DrawFn, base: date, name: str) -> Row:
    open_ended: Row = {"start": None, "end": None, "hoursPerDay": [8, 8, 8, 8, 8, 0, 0]}
    own = draw(st.lists(periods(base), max_size=2)) + [open_ended] * draw(st.sampled_from([0, 1, 1]))
    return {
        "id": name,
        "name": f"Ada {name}",
        "email": draw(st.sampled_from([None, f"{name}@example.com"])),
        "isActive": draw(st.booleans()),
        "activeStartDate": draw(st.none() | near(base, 20, 2).map(date.isoformat)),
        "activeEndDate": draw(st.none() | near(base, 2, 30).map(date.isoformat)),
        "availabilityPeriods": [
            {"id": f"{name}{n}", **row} for n, row in enumerate(draw(st.permutations(own)))
        ],
    }


@st.composite
def allocations(draw: st.DrawFn, base: date, people: list[str], number: int) -> Row:
    """One row of any kind. Every object is filled, as in the seed's sample: only the type ids count."""
    person, kind = draw(st.sampled_from([*people, "q"])), draw(st.sampled_from(["project", "time_off"]))
    entity = draw(st.sampled_from(["allocation", "time_entry"] + ["holiday"] * (2 * (kind == "time_off"))))
    whole_day = kind == "time_off" and draw(st.booleans())
    unit = "day" if whole_day else draw(st.sampled_from(sorted(AMOUNT_OF)))
    field, values = AMOUNT_OF[unit]
    first, last = draw(spans(base))
    return {
        "id": f"a{number}",
        "resourceTypeId": "placeholder" if person == "q" else "member",
        "assignmentTypeId": kind,
        "entity": entity,
        "readOnly": entity != "allocation",
        "start": first,
        "end": first if entity == "holiday" else last,
        "unit": unit,
        **{name: None for name, _ in AMOUNT_OF.values()},
        field: 8 if whole_day else draw(values),
        "isBillable": True,
        "member": {"id": people[0] if person == "q" else person, "name": "Ada"},
        "placeholder": {"id": "q", "name": "Compositor"},
        "project": {"id": draw(st.sampled_from("xyz")), "name": "Comet"},
        "timeOffType": {"id": "t", "name": "Vacation"},
        "createdAt": "2026-01-01T00:00:00.000Z",
        **draw(st.sampled_from([{}, {"bookingTypeId": "soft"}, {"bookingTypeId": "confirmed"}])),
        **draw(st.sampled_from([{}, *({"allocateOnTimeOffDays": flag} for flag in (None, False, True))])),
    }


@st.composite
def ruddr(draw: st.DrawFn) -> Studio:
    base = draw(st.sampled_from(AWKWARD_DAYS))
    people = ["m", "n"][: draw(st.integers(1, 2))]
    rows = {
        "members": [draw(members(base, name)) for name in people],
        "placeholders": [{"id": "q", "name": "Compositor"}],
        "projects": RUDDR_PROJECTS,
        "tasks": [],
        "allocations": [draw(allocations(base, people, n)) for n in range(draw(st.integers(0, 7)))],
    }
    return Studio("ruddr", rows, *draw(windows(base)))


STRATEGIES: dict[str, Callable[[], st.SearchStrategy[Studio]]] = {
    "tenthousandft": tenthousandft,
    "ruddr": ruddr,
}
