"""The studio in neutral words: who works there, on what, and what each planner says about it.

Nothing here knows a wire format. The services of the sandbox turn these records into their own rows.
Dates are `date`, hours are hours, weeks start on Monday.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Week = tuple[float, float, float, float, float, float, float]
FULL_WEEK: Week = (8, 8, 8, 8, 8, 0, 0)

Planner = Literal["tenthousandft", "ruddr"]
Unit = Literal[
    # 10,000ft's allocation modes
    "percent",
    "hours_per_day",
    "fixed",
    "fixed_hours",
    # Ruddr's units
    "day",
    "week",
    "month",
    "allocation",
    "ratio_of_capacity",
]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a person's own working week. An open end is None; `hours` starts on Monday."""

    start: date | None
    end: date | None
    hours: Week


@dataclass(frozen=True, slots=True)
class Person:
    """A member, or a placeholder for somebody not hired yet (whose `last_name` is empty).

    `hours_mon_first` is the standing week of a part-timer, None for full time (and for placeholders).
    `blocks` says the same with dates, and may overlap: of the blocks over a day the last to start counts.
    """

    key: int
    kind: Literal["member", "placeholder"]
    first_name: str
    last_name: str
    email: str | None
    ruddr_email: str | None
    discipline: str
    role: str
    archived: bool
    hire_date: date | None
    termination_date: date | None
    in_tenthousandft: bool
    in_ruddr: bool
    in_ftrack: bool
    hours_mon_first: Week | None
    blocks: tuple[Block, ...]
    holiday_schedule: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a project in 10,000ft."""

    key: int
    name: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a project in Ruddr."""

    key: int
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    """A show, a commercial, or the studio's own work.

    `ftrack_tasks` are the names of its Tasks in ftrack: those of phases and tasks, but for a few that
    nobody has made there yet.
    """

    key: int
    code: str | None
    name: str
    client: str
    state: Literal["confirmed", "tentative", "internal"]
    ruddr_status: str
    archived: bool
    billable: bool
    start: date
    end: date
    phases: tuple[Phase, ...]
    tasks: tuple[Task, ...]
    roles: tuple[str, ...]
    ftrack_tasks: tuple[str, ...]
    in_tenthousandft: bool
    in_ruddr: bool
    in_ftrack: bool


@dataclass(frozen=True, slots=True)
class Holiday:
    """An official holiday. `schedules` are the holiday schedules that keep it."""

    key: int
    day: date
    name: str
    schedules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking as one planner has it: of a person (None: unassigned), on a project or on leave.

    `work` names a phase or task of the project. `amount` is a ratio (1 = all of the time) for `percent`
    and `ratio_of_capacity`, else hours. `soft` None means that the planner does not say. `series` is the
    key of the first booking of a repeated series, which may have been deleted since. `agreement` is the
    same number on the two planners' bookings of the same work (whose hours may still differ), None where
    only one of them knows of it.
    """

    key: int
    planner: Planner
    person_key: int | None
    project_key: int | None
    work: str | None
    leave: str | None
    start: date
    end: date
    unit: Unit
    amount: float
    soft: bool | None = None
    on_time_off: bool | Literal["missing"] | None = None
    entity: Literal["allocation", "time_entry"] = "allocation"
    series: int | None = None
    agreement: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Studio:
    """All of it, generated from (people, seed, year). `first` and `last` bound every booking."""

    year: int
    seed: int
    first: date
    last: date
    people: tuple[Person, ...]
    projects: tuple[Project, ...]
    holidays: tuple[Holiday, ...]
    leave_types: tuple[str, ...]
    bookings: tuple[Booking, ...]
