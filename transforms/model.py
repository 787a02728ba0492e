"""The common model: what both planners' rows become.

One frozen dataclass per `core_*` table; the fields are the table's columns without the history ones
(transforms/warehouse/dictionary.toml says what each means). Keys are the source's own ids as text; `source`
is `tenthousandft` or `ruddr`. Dates are inclusive. Efforts keep the source's unit: hours are counted by
transforms/totals and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Source = Literal["tenthousandft", "ruddr"]
ResourceKind = Literal["member", "placeholder", "unassigned"]
BookingKind = Literal["work", "leave", "holiday"]
EffortUnit = Literal[
    "percent", "hours_per_day", "hours_total", "hours_per_week", "hours_per_month", "ratio_of_capacity"
]


@dataclass(frozen=True, slots=True)
class Person:
    source: Source
    person_key: str
    kind: Literal["member", "placeholder"]
    name: str
    email: str | None = None
    is_active: bool = True
    active_from: date | None = None
    active_to: date | None = None
    role: str | None = None
    discipline: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    source: Source
    project_key: str
    name: str
    code: str | None = None
    client: str | None = None
    state: str | None = None
    is_tentative: bool = False
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class WorkItem:
    source: Source
    work_item_key: str
    project_key: str
    kind: Literal["phase", "task"]
    name: str
    is_tentative: bool = False


@dataclass(frozen=True, slots=True)
class LeaveType:
    source: Source
    leave_type_key: str
    name: str


@dataclass(frozen=True, slots=True)
class Availability:
    """A block of a person's own working week; `hours_per_day` has seven numbers, Monday first."""

    source: Source
    availability_key: str
    person_key: str
    start_date: date | None
    end_date: date | None
    hours_per_day: tuple[Decimal, ...]
    precedence: int


@dataclass(frozen=True, slots=True)
class Holiday:
    source: Source
    holiday_key: str
    holiday_date: date
    name: str


@dataclass(frozen=True, slots=True)
class Booking:
    source: Source
    source_key: str
    content_key: str
    kind: BookingKind
    resource_kind: ResourceKind
    person_key: str | None
    project_key: str | None
    work_item_key: str | None
    leave_type_key: str | None
    start_date: date
    end_date: date
    effort_unit: EffortUnit
    effort_amount: Decimal
    is_billable: bool
    is_tentative: bool
    allocate_on_time_off: bool | None
    read_only_kind: str | None
    repetition_key: str | None
    vendor_hours: Decimal | None
    note: str | None
    page_sha256: str
    page_position: int


@dataclass(frozen=True, slots=True)
class Timelog:
    """Time worked, as ftrack has it; `source` is `ftrack`. `work_date` is the studio's day."""

    source: Literal["ftrack"]
    timelog_key: str
    person: str | None
    email: str | None
    task_key: str | None
    project_key: str | None
    project: str | None
    project_code: str | None
    work_date: date
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task of ftrack with its estimate (bid)."""

    source: Literal["ftrack"]
    task_key: str
    task: str
    project_key: str | None
    project: str | None
    project_code: str | None
    bid_ms: int


Record = Person | Project | WorkItem | LeaveType | Availability | Holiday | Booking | Timelog | Task
