"""The vendor's own computation: capacity, full days off, and `totalHours` of an allocation.

Weeks run from Monday. Capacity is what a member's availability periods say, nothing outside the active
dates; a placeholder has eight hours from Monday to Friday. Time off and holidays count on contracted days.
Project hours skip days that are off in full, unless `allocateOnTimeOffDays`.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from math import fsum

from connectors.sandbox.table import Row

DEFAULT_WEEK = (8, 8, 8, 8, 8, 0, 0)
HOURS_FIELDS = {
    "day": "hoursPerDay",
    "week": "hoursPerWeek",
    "month": "hoursPerMonth",
    "allocation": "hoursPerAllocation",
    "ratio_of_capacity": "hoursRatioOfCapacity",
}

Capacity = Callable[[date, date], list[float]]
"""Hours of each day from the first to the last, both counted."""


def capacity_of(member: Row | None) -> Capacity:
    """Contracted capacity of a member; None is a placeholder."""
    if member is None:
        return lambda first, last: _tile(DEFAULT_WEEK, first, last)
    periods = sorted(member.get("availabilityPeriods") or (), key=lambda period: period["start"] or "")
    active = _clip(member.get("activeStartDate"), member.get("activeEndDate"))

    def capacity(first: date, last: date) -> list[float]:
        hours = [0.0] * ((last - first).days + 1)
        for period in periods:
            start, end = active(*_clip(period["start"], period["end"])(first, last))
            if start <= end:
                hours[(start - first).days : (end - first).days + 1] = _tile(
                    period["hoursPerDay"], start, end
                )
        return hours

    return capacity


def _clip(start: str | None, end: str | None) -> Callable[[date, date], tuple[date, date]]:
    """Narrows a span to [start, end], of which either may be open."""
    lower = date.fromisoformat(start) if start else date.min
    upper = date.fromisoformat(end) if end else date.max
    return lambda first, last: (max(first, lower), min(last, upper))


def _tile(week: Iterable[float], first: date, last: date) -> list[float]:
    """The week repeated from `first` to `last`."""
    hours, days = [float(spent) for spent in week], (last - first).days + 1
    turned = hours[first.weekday() :] + hours[: first.weekday()]
    return (turned * (days // 7 + 1))[:days]


def without(capacity: Capacity, days_off: set[date]) -> Capacity:
    """Capacity once the days off are gone."""
    if not days_off:
        return capacity

    def left(first: date, last: date) -> list[float]:
        hours = capacity(first, last)
        for day in days_off:
            if first <= day <= last:
                hours[(day - first).days] = 0.0
        return hours

    return left


def days_off(time_off: Iterable[Row], capacity: Capacity) -> set[date]:
    """Days on which time off takes all of the contracted capacity."""
    spent: dict[date, float] = {}
    for row in time_off:
        first = date.fromisoformat(row["start"])
        for offset, hours in enumerate(daily(row, capacity)):
            day = first + timedelta(days=offset)
            spent[day] = spent.get(day, 0.0) + hours
    return {day for day, hours in spent.items() if 0 < capacity(day, day)[0] <= hours + 1e-9}


def total_hours(row: Row, capacity: Capacity) -> float:
    """`totalHours` of an allocation, to the sixth decimal."""
    return plain(round(fsum(daily(row, capacity)), 6))


def plain(hours: float) -> float:
    """A whole number without its decimals, as Ruddr writes it."""
    return int(hours) if hours == int(hours) else hours


def daily(row: Row, capacity: Capacity) -> list[float]:
    """Hours on each day of the allocation."""
    first, last = date.fromisoformat(row["start"]), date.fromisoformat(row["end"])
    amount = float(row[HOURS_FIELDS[row["unit"]]])
    loads = capacity(first, last)
    match row["unit"]:
        case "day":
            return [amount if load else 0.0 for load in loads]
        case "ratio_of_capacity":
            return [amount * load for load in loads]
        case "allocation":
            return _share(amount, loads, loads)
        case unit:
            return _by_period(amount, first, last, capacity, _week if unit == "week" else _month)


def _by_period(
    amount: float, first: date, last: date, capacity: Capacity, period_of: Callable[[date], tuple[date, date]]
) -> list[float]:
    """The amount for each week or month, of which the first and last count for the part inside the span."""
    found: list[float] = []
    day = first
    while day <= last:
        start, end = period_of(day)
        until = min(end, last)
        found += _share(amount, capacity(day, until), capacity(start, end))
        day = until + timedelta(days=1)
    return found


def _share(amount: float, loads: list[float], whole: list[float]) -> list[float]:
    """The amount in proportion to capacity; nothing where there is none."""
    total = fsum(whole)
    return [amount * load / total for load in loads] if total else [0.0] * len(loads)


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _month(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])
