"""What the Ruddr workspace API answers: camelCase on the wire, snake_case here, one model a record.

Source: seed 002 and docs/sources. Collections are `{"results": [...], "hasMore": bool}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from connectors.columns import ColumnReader, Columns
from connectors.parsing import Hours, PageReader, Row, TextId, breach, check_span, is_text, plain_id
from connectors.wire import Parsed

SERVICE = "ruddr"

Unit = Literal["day", "week", "month", "allocation", "ratio_of_capacity"]
ProjectStatus = Literal["tentative", "not_started", "in_progress", "paused", "completed", "cancelled"]


class CamelRow(Row):
    """A record whose wire names are the camelCase of its attributes."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, alias_generator=to_camel)


class Ref(CamelRow):
    """A record named inside another. `id` may be missing only where nobody reads it."""

    id: TextId | None = None
    name: str | None = None


class ProjectRef(Ref):
    """A project named inside another record."""

    client: Ref | None = None


class AvailabilityPeriod(CamelRow):
    """Hours for each weekday, **Monday first**, from `start` to `end`; null is open."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt", "isDefault"})

    id: TextId | None = None
    start: date | None = None
    end: date | None = None
    hours_per_day: Annotated[list[Hours], Field(min_length=7, max_length=7)]


class Member(CamelRow):
    """A person of the workspace."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt", "costPeriods", "practice", "tags"})

    id: TextId
    name: str | None = None
    email: str | None = None
    is_active: bool | None = None
    active_start_date: date | None = None
    active_end_date: date | None = None
    employment_type_id: str | None = None
    holiday_schedule: Ref | None = None
    availability_periods: list[AvailabilityPeriod] | None = None
    time_off_types: list[Ref] | None = None


class Placeholder(CamelRow):
    """A role to be filled."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt", "practice", "tags"})

    id: TextId
    name: str | None = None


class Project(CamelRow):
    """A project."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt", "practice", "tags"})

    id: TextId
    name: str | None = None
    key: str | None = None
    code: str | None = None
    status_id: ProjectStatus | None = None
    is_billable: bool | None = None
    client: Ref | None = None
    record_status_id: Literal["active", "archived"] | None = None
    start: date | None = None
    end: date | None = None


class Task(CamelRow):
    """A task of a project."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt"})

    id: TextId
    name: str | None = None
    code: str | None = None
    project: ProjectRef | None = None
    status_id: str | None = None
    is_billable: bool | None = None
    start: date | None = None
    end: date | None = None


class Role(CamelRow):
    """A role of a project."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt"})

    id: TextId
    name: str | None = None
    project: ProjectRef | None = None
    is_billable: bool | None = None


class Client(CamelRow):
    """Whom a project is for."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt"})

    id: TextId
    name: str | None = None
    record_status_id: Literal["active", "archived"] | None = None


class Holiday(CamelRow):
    """A holiday and its days. Nothing says for whom: that stands in the allocations."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt", "description", "isActive", "readOnly"})

    id: TextId
    name: str | None = None
    occurrences: list[date] | None = None


class TimeEntry(CamelRow):
    """Time spent or taken off on a day, in **minutes**."""

    documented: ClassVar[frozenset[str]] = frozenset({"createdAt"})

    id: TextId
    date: date
    minutes: int
    type_id: str | None = None
    status_id: str | None = None
    notes: str | None = None
    is_billable: bool | None = None
    member: Ref | None = None
    project: ProjectRef | None = None
    role: Ref | None = None
    task: Ref | None = None
    time_off_type: Ref | None = None


HOURS_OF_UNIT: dict[Unit, str] = {
    "day": "hours_per_day",
    "week": "hours_per_week",
    "month": "hours_per_month",
    "allocation": "hours_per_allocation",
    "ratio_of_capacity": "hours_ratio_of_capacity",
}


class Allocation(CamelRow):
    """A booking. `resource_type_id` and `assignment_type_id` alone say which objects count.

    The seed's own sample fills member, placeholder, project and time-off type at once. Likewise only the
    hours field of `unit` counts. `start` and `end` are both counted.
    """

    id: TextId
    resource_type_id: Literal["member", "placeholder"]
    assignment_type_id: Literal["project", "time_off"]
    start: date
    end: date
    unit: Unit
    hours_per_day: Hours | None = None
    hours_per_week: Hours | None = None
    hours_per_month: Hours | None = None
    hours_per_allocation: Hours | None = None
    hours_ratio_of_capacity: Hours | None = None
    total_hours: Hours | None = None
    is_billable: bool | None = None
    notes: str | None = None
    read_only: bool | None = None
    entity: Literal["allocation", "time_entry", "holiday"]
    booking_type_id: Literal["confirmed", "soft"] | None = None
    allocate_on_time_off_days: bool | None = None
    created_at: datetime | None = None
    member: Ref | None = None
    placeholder: Ref | None = None
    project: ProjectRef | None = None
    role: Ref | None = None
    task: Ref | None = None
    time_off_type: Ref | None = None

    @property
    def source_key(self) -> str:
        """What names this booking for good: its id, or, as ids of read-only rows may repeat, id and place."""
        if self.entity == "allocation":
            return self.id
        return ":".join((self.entity, self.id, self.resource_id, str(self.start), str(self.end)))

    @property
    def amount(self) -> Decimal:
        """Hours per `unit`; for ratio_of_capacity a share of capacity."""
        field = HOURS_OF_UNIT[self.unit]
        value: Decimal | None = getattr(self, field)
        if value is None:
            raise breach(f"{to_camel(field)} is missing, though unit is {self.unit}")
        return value

    @property
    def resource(self) -> Ref:
        """The member or placeholder, as `resource_type_id` says."""
        ref = self.member if self.resource_type_id == "member" else self.placeholder
        return _required(ref, self.resource_type_id, "resourceTypeId", self.resource_type_id)

    @property
    def resource_id(self) -> str:
        """Id of the member or placeholder."""
        return self.resource.id or ""

    @property
    def project_id(self) -> str | None:
        """Id of the project, None for time off."""
        return self.project.id if self.assignment_type_id == "project" and self.project else None

    @property
    def task_id(self) -> str | None:
        """Id of the task, None for time off and for work on the project as a whole."""
        return self.task.id if self.assignment_type_id == "project" and self.task else None

    @property
    def time_off_type_id(self) -> str | None:
        """Id of the time-off type, None for project work and where a holiday names none."""
        return self.time_off_type.id if self.assignment_type_id == "time_off" and self.time_off_type else None

    @model_validator(mode="after")
    def _keeps_the_contract(self) -> Allocation:
        check_span(self.start, self.end, "start", "end")
        _ = self.amount, self.resource
        if self.assignment_type_id == "project":
            _required(self.project, "project", "assignmentTypeId", "project")
        elif self.entity != "holiday":  # an official holiday is no time-off type, and may name none
            _required(self.time_off_type, "timeOffType", "assignmentTypeId", "time_off")
        return self


def _required(ref: Ref | None, field: str, discriminator: str, value: str) -> Ref:
    if ref is None or ref.id is None:
        raise breach(f"{field} names no id, though {discriminator} is {value}")
    return ref


def allocation_key(row: Mapping[str, Any]) -> str | None:
    """The source key of a row that broke the contract, as far as it can be read: at least its id.

    A read-only row too broken to name its resource and dates is known by its id alone: compare `id_in`.
    """
    row_id = plain_id(row)
    if row_id is None or row.get("entity") not in ("time_entry", "holiday"):
        return row_id
    resource = row.get(str(row.get("resourceTypeId")))
    resource_id = resource.get("id") if isinstance(resource, dict) else None
    parts = [row["entity"], row_id, resource_id, row.get("start"), row.get("end")]
    return ":".join(parts) if all(map(is_text, parts)) else row_id


def id_in(source_key: str) -> str:
    """The row's id inside a source key, whether it stands there alone or with its place."""
    parts = source_key.split(":")
    return parts[1] if len(parts) > 1 else source_key


_READERS: dict[str, PageReader[Any]] = {
    "members": PageReader(SERVICE, "results", Member),
    "placeholders": PageReader(SERVICE, "results", Placeholder),
    "projects": PageReader(SERVICE, "results", Project),
    "tasks": PageReader(SERVICE, "results", Task),
    "allocations": PageReader(SERVICE, "results", Allocation, key=allocation_key),
    "roles": PageReader(SERVICE, "results", Role),
    "clients": PageReader(SERVICE, "results", Client),
    "holidays": PageReader(SERVICE, "results", Holiday),
    "availability_periods": PageReader(SERVICE, "results", AvailabilityPeriod),
    "time_entries": PageReader(SERVICE, "results", TimeEntry),
}


_COLUMNS = {"allocations": ColumnReader("results", Allocation)}


def parse(stream: str, body: bytes) -> Parsed[Any]:
    """The rows of one page of `stream`, or of the bare object a `show` answered. Raises ContractError."""
    return _READERS[stream].read(body)


def columns(stream: str, body: bytes) -> Columns | None:
    """The columns of a page of a large stream; None for a small stream, or a broken row: then `parse` it."""
    reader = _COLUMNS.get(stream)
    return reader.read(body) if reader else None
