"""What 10,000ft itself makes of an assignment day by day: the hours it suggests for time sheets.

Account calendar: eight hours, Monday to Friday. A part-time block overrides it, official holidays included;
of overlapping blocks the one that starts last counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from connectors.sandbox.table import Row

HOURS_PER_DAY = 8.0
WORK_DAYS = range(5)

Work = Callable[[date], float]


def work_of(blocks: Iterable[Row], holidays: frozenset[str]) -> Work:
    """The hours a person works on a day."""
    by_start = sorted(blocks, key=lambda block: block["starts_at"] or "")

    def work(day: date) -> float:
        iso = day.isoformat()
        for block in reversed(by_start):
            if (block["starts_at"] or "") <= iso <= (block["ends_at"] or "9999"):
                return float(block[f"day{day.isoweekday() % 7}"])
        free = iso in holidays or day.weekday() not in WORK_DAYS
        return 0.0 if free else HOURS_PER_DAY

    return work


def expand(assignment: Row, work: Work) -> Iterator[tuple[date, float]]:
    """Hours on each day of the assignment that has any.

    `hours_per_day` counts in full on every day with work, however short. `fixed` follows the work of the
    span, and where there is none it finds no place.
    """
    days = list(_days(date.fromisoformat(assignment["starts_at"]), date.fromisoformat(assignment["ends_at"])))
    loads = [work(day) for day in days]
    match assignment.get("allocation_mode"):
        case "hours_per_day":
            hours = [assignment["hours_per_day"] if load else 0.0 for load in loads]
        case "fixed" | "fixed_hours":
            whole = sum(loads)
            hours = [assignment["fixed_hours"] * load / whole if whole else 0.0 for load in loads]
        case _:
            hours = [assignment["percent"] * load for load in loads]
    yield from ((day, spent) for day, spent in zip(days, hours, strict=True) if spent)


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
