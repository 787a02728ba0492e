"""Fills the planners: for every person a year and a half of work and leave, told by one or both of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any

from connectors.sandbox.studio.model import FULL_WEEK, Booking, Person, Planner, Project, Unit
from connectors.sandbox.studio.people import ZERO_CAPACITY
from connectors.sandbox.studio.projects import ARCHIVED, INTERNAL
from connectors.sandbox.studio.words import LEAVE_TYPES

VACATION, SICK, PARENTAL = LEAVE_TYPES

# Units of the two planners that mean the same: percent and ratio, hours a day, hours in all.
TWINS: tuple[tuple[Unit, Unit], ...] = (
    ("percent", "ratio_of_capacity"),
    ("hours_per_day", "day"),
    ("fixed", "allocation"),
)
RATIOS = (1, 1, 0.5, 0.75, 0.25, 0.2)
DAILY_HOURS = (8, 4, 6, 7.5, 2)
WEEKLY_HOURS = (40, 20, 30, 37.5, 10)
MONTHLY_HOURS = (160, 80, 40, 62.5)


@dataclass(slots=True)
class Book:
    """Where bookings are written down; their keys count from 1, in the order they are made."""

    rng: random.Random
    first: date
    last: date
    bookings: list[Booking] = field(default_factory=list)
    _keys: Iterator[int] = field(default_factory=lambda: count(1))
    _agreements: Iterator[int] = field(default_factory=lambda: count(1))

    def skip(self) -> int:
        """A key that no booking has: that of one deleted long ago."""
        return next(self._keys)

    def agree(self) -> int:
        return next(self._agreements)

    def add(
        self,
        planner: Planner,
        person: Person | None,
        start: date,
        end: date,
        unit: Unit,
        amount: float,
        **more: Any,
    ) -> Booking:
        """Write one booking down, cut to the studio's horizon."""
        start, end = max(start, self.first), min(end, self.last)
        plain = {"project_key": None, "work": None, "leave": None}
        booking = Booking(
            key=next(self._keys),
            planner=planner,
            person_key=person.key if person else None,
            start=start,
            end=end,
            unit=unit,
            amount=amount,
            **{**plain, **more},
        )
        self.bookings.append(booking)
        return booking


def fill(
    people: Sequence[Person], projects: Sequence[Project], first: date, last: date, rng: random.Random
) -> tuple[Booking, ...]:
    """Every booking of both planners, all inside [first, last]."""
    book = Book(rng, first, last)
    for place, person in enumerate(people):
        _work(book, person, projects)
        if person.kind == "member":
            _leave(book, person)
        if place % 12 == 2 and person.in_tenthousandft:
            _series(book, person, projects[INTERNAL], parent_is_gone=place % 24 == 14)
    for project in projects:
        _unassigned(book, project)
    _showcase(book, people, projects)
    return tuple(book.bookings)


def _work(book: Book, person: Person, projects: Sequence[Project]) -> None:
    """Ten to fourteen jobs on three or four projects (half as many for a placeholder), some side by side."""
    shared = [project for project in projects if _planners(person, project)]
    if not shared:
        return
    rng = book.rng
    own = [rng.choice(shared) for _ in range(rng.randint(3, 4))]
    jobs = rng.randint(10, 14) if person.kind == "member" else rng.randint(5, 7)
    slot = ((book.last - book.first).days + 1) // jobs
    for number in range(jobs):
        start = book.first + timedelta(days=number * slot + rng.randrange(8))
        end = min(start + timedelta(days=rng.randint(1, slot + 3)), book.last)
        _job(book, person, rng.choice(own), start, end)


def _planners(person: Person, project: Project) -> tuple[Planner, ...]:
    found: list[Planner] = []
    if person.in_tenthousandft and project.in_tenthousandft:
        found.append("tenthousandft")
    if person.in_ruddr and project.in_ruddr:
        found.append("ruddr")
    return tuple(found)


def _job(book: Book, person: Person, project: Project, start: date, end: date) -> None:
    """One piece of work: in both planners alike, in both but different, or in one only."""
    planners, rng = _planners(person, project), book.rng
    if len(planners) == 2:
        luck = rng.random()
        if luck < 0.7:
            _twins(book, person, project, start, end, alike=luck < 0.55)
            return
    planner = rng.choice(planners)
    unit, amount = _effort(planner, start, end, rng)
    _on_project(book, planner, person, project, _a_part(project, rng), start, end, unit, amount)


def _twins(book: Book, person: Person, project: Project, start: date, end: date, *, alike: bool) -> None:
    rng, agreement, part = book.rng, book.agree(), _a_part(project, book.rng)
    place = rng.choices((0, 1, 2), (40, 40, 20))[0]
    amount = _amount(TWINS[place][0], start, end, rng)
    _on_project(
        book, "tenthousandft", person, project, part, start, end, TWINS[place][0], amount, agreement=agreement
    )
    unit = TWINS[place][1]
    if not alike and rng.random() < 0.5:
        end = max(start, end - timedelta(days=rng.randint(2, 9)))
    elif not alike:
        amount = amount / 2
    _on_project(book, "ruddr", person, project, part, start, end, unit, amount, agreement=agreement)


def _effort(planner: Planner, start: date, end: date, rng: random.Random) -> tuple[Unit, float]:
    units: tuple[Unit, ...] = ("percent", "hours_per_day", "fixed")
    if planner == "ruddr":
        units = ("day", "week", "month", "allocation", "ratio_of_capacity")
    unit = rng.choice(units)
    return unit, _amount(unit, start, end, rng)


def _amount(unit: Unit, start: date, end: date, rng: random.Random) -> float:
    match unit:
        case "percent" | "ratio_of_capacity":
            return rng.choice(RATIOS)
        case "hours_per_day" | "day":
            return rng.choice(DAILY_HOURS)
        case "week":
            return rng.choice(WEEKLY_HOURS)
        case "month":
            return rng.choice(MONTHLY_HOURS)
        case "fixed" | "fixed_hours" | "allocation":
            return max(4, ((end - start).days + 1) * rng.randint(1, 5) + rng.choice((0, 0, 0.5)))


def _a_part(project: Project, rng: random.Random) -> str | None:
    """A phase or task of the project, or now and then (None) the project as a whole."""
    parts = [part.name for part in project.phases] or [part.name for part in project.tasks]
    return rng.choice(parts) if parts and rng.random() < 0.85 else None


def _on_project(
    book: Book,
    planner: Planner,
    person: Person | None,
    project: Project,
    part: str | None,
    start: date,
    end: date,
    unit: Unit,
    amount: float,
    **more: Any,
) -> Booking:
    """Book on the part if this planner has it, else on the project."""
    parts = project.phases if planner == "tenthousandft" else project.tasks
    work = part if any(known.name == part for known in parts) else None
    more.setdefault("note", f"{part or project.name}, second pass" if book.rng.random() < 0.1 else "")
    if planner == "ruddr":
        more.setdefault("soft", book.rng.choices((None, False, True), (30, 60, 10))[0])
        more.setdefault("on_time_off", book.rng.choices((None, "missing", False, True), (4, 3, 2, 1))[0])
    return book.add(planner, person, start, end, unit, amount, project_key=project.key, work=work, **more)


def _leave(book: Book, person: Person) -> None:
    """Two holidays, a few half days and a day or two in bed; never two of them on the same day."""
    rng = book.rng
    hours = max(person.hours_mon_first or FULL_WEEK) or 8
    for offset, longest in ((20, 12), (265, 20)):
        _time_off(book, person, VACATION, offset + rng.randrange(30), rng.randint(4, longest), hours)
    if rng.random() < 0.3:
        _time_off(book, person, PARENTAL, 110 + rng.randrange(20), rng.randint(2, 9), 4)
    for offset in (160, 400):
        if rng.random() < 0.5:
            spent = hours if rng.random() < 0.7 else 4
            _time_off(book, person, SICK, offset + rng.randrange(20), rng.randint(0, 1), spent)


def _time_off(book: Book, person: Person, kind: str, offset: int, length: int, hours: float) -> None:
    """One absence, in days from the start of the horizon; sick days reach Ruddr as time entries."""
    start = book.first + timedelta(days=offset)
    end = start + timedelta(days=length)
    both = person.in_tenthousandft and person.in_ruddr
    told = book.rng.choices(("both", "tenthousandft", "ruddr"), (70, 15, 15))[0] if both else "both"
    agreement = book.agree() if both and told == "both" else None
    if person.in_tenthousandft and told != "ruddr":
        unit, amount = _leave_effort(hours)
        book.add("tenthousandft", person, start, end, unit, amount, leave=kind, agreement=agreement)
    if person.in_ruddr and told != "tenthousandft":
        entity = "time_entry" if kind == SICK else "allocation"
        book.add("ruddr", person, start, end, "day", hours, leave=kind, agreement=agreement, entity=entity)


def _leave_effort(hours: float) -> tuple[Unit, float]:
    return ("hours_per_day", hours) if hours == 4 else ("percent", 1)


def _series(book: Book, person: Person, project: Project, *, parent_is_gone: bool) -> None:
    """A weekly two-hour meeting, six times; of some series the first meeting has been deleted since."""
    start = book.first + timedelta(days=120 + book.rng.randrange(60))
    series: int | None = book.skip() if parent_is_gone else None
    for week in range(1 if parent_is_gone else 0, 6):
        day = start + timedelta(weeks=week)
        made = _on_project(
            book, "tenthousandft", person, project, None, day, day, "hours_per_day", 2, note="Dailies"
        )
        series = series or made.key
        book.bookings[-1] = replace(made, series=series)


def _unassigned(book: Book, project: Project) -> None:
    """Work that 10,000ft holds for nobody yet."""
    if not project.in_tenthousandft or book.rng.random() < 0.4:
        return
    start = book.first + timedelta(days=book.rng.randrange(100, 450))
    end = min(start + timedelta(days=book.rng.randint(4, 40)), book.last)
    unit, amount = _effort("tenthousandft", start, end, book.rng)
    _on_project(book, "tenthousandft", None, project, _a_part(project, book.rng), start, end, unit, amount)


SHOWN: dict[Planner, tuple[tuple[Unit, float], ...]] = {
    "tenthousandft": (("percent", 0.5), ("hours_per_day", 3), ("fixed", 20), ("fixed_hours", 12.5)),
    "ruddr": (("day", 7.5), ("week", 20), ("month", 42), ("allocation", 16), ("ratio_of_capacity", 0.4)),
}


def _showcase(book: Book, people: Sequence[Person], projects: Sequence[Project]) -> None:
    """One of everything for the first person, so that the smallest studio shows it too."""
    person, project, new_year = people[0], projects[0], date(book.first.year + 1, 1, 1)
    week = timedelta(weeks=1)
    start = new_year + 8 * week
    start -= timedelta(days=start.weekday() - 5)  # a Saturday
    for planner, efforts in SHOWN.items():
        for number, (unit, amount) in enumerate(efforts):
            begin = start + 4 * number * week
            _on_project(book, planner, person, project, None, begin, begin + timedelta(days=15), unit, amount)
        _over_new_year(book, planner, person, project, new_year)
        _on_project(book, planner, person, projects[ARCHIVED], None, start, start + week, *efforts[0])
    if len(people) > ZERO_CAPACITY and people[ZERO_CAPACITY].kind == "member":
        nobody_home = people[ZERO_CAPACITY]
        _on_project(book, "tenthousandft", nobody_home, project, None, start, start + 2 * week, "fixed", 24)


def _over_new_year(book: Book, planner: Planner, person: Person, project: Project, new_year: date) -> None:
    start, end = new_year - timedelta(days=10), new_year + timedelta(days=9)
    unit: Unit = "percent" if planner == "tenthousandft" else "ratio_of_capacity"
    _on_project(book, planner, person, project, None, start, end, unit, 0.25)
