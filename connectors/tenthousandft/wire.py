"""What 10,000ft (Resource Management by Smartsheet) answers: one model a record, named as on the wire.

Source: seed 003 and docs/sources. Collections are `{"paging": {...}, "data": [...]}`, nested ones too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import model_validator

from connectors.columns import ColumnReader, Columns
from connectors.parsing import Hours, IntId, Number, PageReader, Row, breach, check_span
from connectors.wire import Parsed

SERVICE = "tenthousandft"

Mode = Literal["percent", "hours_per_day", "fixed"]
ProjectState = Literal["Confirmed", "Tentative", "Internal"]


class Paging(Row):
    """Paging of an envelope. `next` is relative to the host."""

    page: int | None = None
    per_page: int | None = None
    self: str | None = None
    next: str | None = None
    previous: str | None = None


Child = TypeVar("Child", bound=Row)


class Nested(Row, Generic[Child]):
    """A collection inside a record. It may hold only the first page of it."""

    paging: Paging | None = None
    data: list[Child]

    @property
    def complete(self) -> bool:
        """False when the server holds further rows than stand here."""
        return self.paging is None or self.paging.next is None


class Availability(Row):
    """A part-time block: hours for each weekday, day0 = Sunday. A null end is open.

    A block that ends before it starts covers no day; that is harmless and no reason to reject a person.
    """

    id: IntId
    user_id: IntId | None = None
    starts_at: date | None = None
    ends_at: date | None = None
    day0: Hours
    day1: Hours
    day2: Hours
    day3: Hours
    day4: Hours
    day5: Hours
    day6: Hours
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def hours_sunday_first(self) -> tuple[Decimal, ...]:
        """Hours of the seven weekdays, Sunday first, as on the wire."""
        return (self.day0, self.day1, self.day2, self.day3, self.day4, self.day5, self.day6)


class User(Row):
    """A person. `availabilities` is there when asked for, and may be cut (see `availabilities_complete`)."""

    documented: ClassVar[frozenset[str]] = frozenset({
        "account_owner", "approvee_user_ids", "approver_user_ids", "archived_at", "billable",
        "billrate", "deleted", "deleted_at", "employee_number", "guid", "has_login",
        "invitation_pending", "last_login_time", "license_type", "login_type", "mobile_phone",
        "office_phone", "organization_id", "thumbnail", "user_settings", "user_type_id",
    })  # fmt: skip

    id: IntId
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    email: str | None = None
    archived: bool | None = None
    hire_date: date | None = None
    termination_date: date | None = None
    role: str | None = None
    discipline: str | None = None
    location: str | None = None
    type: str | None = None
    billability_target: Number | None = None
    availabilities: Nested[Availability] | None = None
    tags: Nested[Row] | None = None
    custom_field_values: Nested[Row] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def name(self) -> str:
        """The display name, else first and last name; may be empty."""
        return self.display_name or " ".join(filter(None, (self.first_name, self.last_name)))

    @property
    def availabilities_complete(self) -> bool:
        """False when further blocks of this person stand in the stream "availabilities" only."""
        return self.availabilities is None or self.availabilities.complete

    def drift(self) -> Iterator[str]:
        """Undocumented fields, those of the availability blocks as `availabilities.<field>`."""
        yield from super().drift()
        for block in self.availabilities.data if self.availabilities else ():
            yield from (f"availabilities.{name}" for name in block.drift())


class Placeholder(Row):
    """A role to be filled. Shares its id space with users and goes by its title."""

    documented: ClassVar[frozenset[str]] = User.documented | {"abbreviation", "color", "user_id"}

    id: IntId
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    role: str | None = None
    discipline: str | None = None
    location: str | None = None
    archived: bool | None = None
    type: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def name(self) -> str:
        """The title, else whatever name or discipline and role it goes by; may be empty."""
        named = self.title or self.display_name or " ".join(filter(None, (self.first_name, self.last_name)))
        return named or ", ".join(filter(None, (self.discipline, self.role)))


class Project(Row):
    """A project, or a phase of one: then `parent_id` is set and `phase_name` is its own name."""

    documented: ClassVar[frozenset[str]] = frozenset({
        "archived_at", "bounding_enddate", "bounding_startdate", "children", "description",
        "guid", "has_pending_updates", "organization_id", "secureurl", "secureurl_expiration",
        "settings", "tags", "thumbnail", "timeentry_lockout", "use_parent_bill_rates",
    })  # fmt: skip

    id: IntId
    name: str | None = None
    phase_name: str | None = None
    parent_id: IntId | None = None
    project_code: str | None = None
    client: str | None = None
    project_state: ProjectState | None = None
    archived: bool | None = None
    starts_at: date | None = None
    ends_at: date | None = None
    deleted_at: datetime | None = None
    type: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class LeaveType(Row):
    """A kind of leave: an assignable like a project."""

    documented: ClassVar[frozenset[str]] = frozenset({"description", "guid", "organization_id", "type"})

    id: IntId
    name: str
    archived: bool | None = None
    deleted_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Holiday(Row):
    """A day on which the whole account is off."""

    id: IntId
    date: date
    name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Label(Row):
    """A role or a discipline: a text people and placeholders carry."""

    id: IntId
    value: str | None = None


class StatusOption(Row):
    """A status that assignments can be given by `status_option_id`."""

    documented: ClassVar[frozenset[str]] = frozenset({"created_at", "deleted_at", "updated_at"})

    id: IntId
    label: str | None = None
    color: str | None = None
    stage: str | None = None
    order: Number | None = None


class BillRate(Row):
    """An hourly rate: of the account, or of a project, a role, a discipline, a person."""

    documented: ClassVar[frozenset[str]] = frozenset({"startdate", "enddate"})

    id: IntId
    rate: Number
    discipline_id: int | None = None
    role_id: int | None = None
    user_id: int | None = None
    assignable_id: int | None = None
    starts_at: date | datetime | None = None
    ends_at: date | datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class TimeEntry(Row):
    """Hours of a day: confirmed ones in `hours`, or the service's own expansion of a booking.

    A suggestion (`is_suggestion`) has its hours in `scheduled_hours` and may have no id.
    """

    id: int | None = None
    user_id: IntId
    assignable_id: IntId
    assignable_type: str | None = None
    date: date
    hours: Hours | None = None
    scheduled_hours: Hours | None = None
    is_suggestion: bool | None = None
    task: str | None = None
    notes: str | None = None
    bill_rate: Number | None = None
    bill_rate_id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Subtask(Row):
    """A line on the to-do list of an assignment."""

    id: IntId
    assignment_id: IntId | None = None
    assignable_id: IntId | None = None
    description: str | None = None
    completed: bool | None = None
    updated_by: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class SubtaskCounts(Row):
    """How many subtasks an assignment has, and how many are done."""

    completed: int
    total: int


class Assignment(Row):
    """A booking. Effort stands in the field of its mode; those of the other modes are ignored.

    `assignable_id` is a project, a phase or a leave type; the wire does not say which. `user_id` is a
    person, a placeholder, or null for unassigned work. `starts_at` and `ends_at` are both counted.
    """

    documented: ClassVar[frozenset[str]] = frozenset(
        {"assignable_type", "custom_field_values", "organization_id"}
    )

    id: IntId
    user_id: IntId | None
    assignable_id: IntId
    starts_at: date
    ends_at: date
    allocation_mode: Literal["percent", "hours_per_day", "fixed", "fixed_hours"] | None = None
    percent: Hours | None = None
    hours_per_day: Hours | None = None
    fixed_hours: Hours | None = None
    bill_rate: Number | None = None
    bill_rate_id: int | None = None
    repetition_id: int | None = None
    all_day_assignment: bool | None = None
    resource_request_id: int | None = None
    status: str | None = None
    status_option_id: int | None = None
    description: str | None = None
    note: str | None = None
    subtask_counts: SubtaskCounts | None = None
    subtasks: Nested[Subtask] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def mode(self) -> Mode:
        """The allocation mode under one name each; a row without one is in percent (seed 003, leave)."""
        match self.allocation_mode:
            case "hours_per_day":
                return "hours_per_day"
            case "fixed" | "fixed_hours":
                return "fixed"
            case _:
                return "percent"

    @property
    def amount(self) -> Decimal:
        """Effort in the unit of `mode`: a share of full time (1 = 100%), hours a day, or hours in all."""
        match self.mode:
            case "hours_per_day":
                value = self.hours_per_day
            case "fixed":
                value = self.fixed_hours
            case _:
                # Leave may be booked without any effort; the service then takes whole days (seed 003).
                value = Decimal(1) if self._says_nothing_of_effort else self.percent
        if value is None:
            raise self._missing_effort()
        return value

    @property
    def _says_nothing_of_effort(self) -> bool:
        given = (self.allocation_mode, self.percent, self.hours_per_day, self.fixed_hours)
        return all(value is None for value in given)

    def _missing_effort(self) -> ValueError:
        if self.allocation_mode is None:
            return breach("allocation_mode is missing, while hours are given: which of them count is unclear")
        field = "fixed_hours" if self.mode == "fixed" else self.mode
        return breach(f"{field} is missing, though allocation_mode is {self.allocation_mode}")

    @model_validator(mode="after")
    def _keeps_the_contract(self) -> Assignment:
        check_span(self.starts_at, self.ends_at, "starts_at", "ends_at")
        _ = self.amount
        return self


_READERS: dict[str, PageReader[Any]] = {
    stream: PageReader(SERVICE, "data", model)
    for stream, model in {
        "users": User,
        "availabilities": Availability,
        "placeholders": Placeholder,
        "projects": Project,
        "leave_types": LeaveType,
        "holidays": Holiday,
        "assignments": Assignment,
        "subtasks": Subtask,
        "time_entries": TimeEntry,
        "roles": Label,
        "disciplines": Label,
        "status_options": StatusOption,
        "bill_rates": BillRate,
    }.items()
}


_COLUMNS = {"assignments": ColumnReader("data", Assignment)}


def parse(stream: str, body: bytes) -> Parsed[Any]:
    """The rows of one page of `stream`, or of the bare object a `show` answered. Raises ContractError."""
    return _READERS[stream].read(body)


def columns(stream: str, body: bytes) -> Columns | None:
    """The columns of a page of a large stream; None for a small stream, or a broken row: then `parse` it."""
    reader = _COLUMNS.get(stream)
    return reader.read(body) if reader else None


def series_of(assignments: Iterable[Assignment]) -> dict[int, list[Assignment]]:
    """The repeating series among assignments, by series id, each in order of its days.

    A series is named after its first assignment, which belongs to it whether or not it says so, and may be
    gone (seed 003, `repetition_id`).
    """
    found = sorted(assignments, key=lambda row: (row.starts_at, row.id))
    names = {row.repetition_id for row in found if row.repetition_id is not None}
    series: dict[int, list[Assignment]] = {}
    for row in found:
        name = row.repetition_id if row.repetition_id is not None else row.id
        if name in names:
            series.setdefault(name, []).append(row)
    return series
