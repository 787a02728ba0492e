"""An imagined studio, generated from a seed: the same (people, seed, year) gives the same studio."""

from __future__ import annotations

import random
from datetime import date

from connectors.sandbox.studio.bookings import fill
from connectors.sandbox.studio.model import (
    FULL_WEEK,
    Block,
    Booking,
    Holiday,
    Person,
    Phase,
    Planner,
    Project,
    Studio,
    Task,
    Unit,
    Week,
)
from connectors.sandbox.studio.people import cast
from connectors.sandbox.studio.projects import slate
from connectors.sandbox.studio.words import HOLIDAYS, LEAVE_TYPES

__all__ = [
    "FULL_WEEK",
    "Block",
    "Booking",
    "Holiday",
    "Person",
    "Phase",
    "Planner",
    "Project",
    "Studio",
    "Task",
    "Unit",
    "Week",
    "generate",
]


def generate(people: int, seed: int, today: date) -> Studio:
    """A studio of `people` members whose bookings lie between 1 October before and 31 March after this year.

    Only the year of `today` counts, so the studio stays the same all year. ValueError for nobody at all.
    """
    if people < 1:
        raise ValueError(f"a studio needs at least one person, not {people}")
    year = today.year
    first, last = date(year - 1, 10, 1), date(year + 1, 3, 31)
    staff = cast(people, year, random.Random(f"{seed}/people"))  # noqa: S311 - a story, not a secret
    projects = slate(people, first, last, random.Random(f"{seed}/projects"))  # noqa: S311
    bookings = fill(staff, projects, first, last, random.Random(f"{seed}/bookings"))  # noqa: S311
    return Studio(
        year=year,
        seed=seed,
        first=first,
        last=last,
        people=staff,
        projects=projects,
        holidays=_holidays(first, last),
        leave_types=LEAVE_TYPES,
        bookings=bookings,
    )


def _holidays(first: date, last: date) -> tuple[Holiday, ...]:
    days = sorted(
        (date(year, month, day), name, schedules)
        for year in range(first.year, last.year + 1)
        for month, day, name, schedules in HOLIDAYS
    )
    kept = [entry for entry in days if first <= entry[0] <= last]
    return tuple(Holiday(key, *entry) for key, entry in enumerate(kept, start=1))
