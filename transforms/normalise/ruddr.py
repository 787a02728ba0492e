"""Ruddr rows -> the common model.

An allocation names its resource, project, task and time-off type; where a list does not show one of them
(archived, deleted), its name in the allocation makes the record, so that no booking hangs in the air.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from connectors.ruddr import wire
from transforms.model import (
    Availability,
    Booking,
    BookingKind,
    EffortUnit,
    LeaveType,
    Person,
    Project,
    Record,
    WorkItem,
)
from transforms.normalise.shared import Unresolved, content_key

SOURCE: Final = "ruddr"

_UNIT: dict[wire.Unit, EffortUnit] = {
    "day": "hours_per_day",
    "week": "hours_per_week",
    "month": "hours_per_month",
    "allocation": "hours_total",
    "ratio_of_capacity": "ratio_of_capacity",
}


@dataclass(frozen=True, slots=True)
class Lists:
    """Keys the lists have shown; what is missing is made from the allocation, once."""

    people: set[str] = field(default_factory=set)
    projects: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    leave_types: set[str] = field(default_factory=set)


def member(row: wire.Member) -> Iterator[Record]:
    """A member, the periods of capacity, and the time-off types that member may take."""
    yield Person(
        source=SOURCE,
        person_key=row.id,
        kind="member",
        name=row.name or f"member {row.id}",
        email=(row.email or "").strip() or None,
        is_active=row.is_active is not False,
        active_from=row.active_start_date,
        active_to=row.active_end_date,
    )
    for place, period in enumerate(row.availability_periods or ()):
        yield Availability(
            source=SOURCE,
            availability_key=f"{row.id}:{place}",
            person_key=row.id,
            start_date=period.start,
            end_date=period.end,
            hours_per_day=tuple(period.hours_per_day),  # Monday first already
            precedence=place,
        )
    for leave in row.time_off_types or ():
        if leave.id is not None:
            yield _leave_type(leave)


def placeholder(row: wire.Placeholder) -> Iterator[Record]:
    yield Person(SOURCE, row.id, "placeholder", row.name or f"placeholder {row.id}")


def project(row: wire.Project) -> Iterator[Record]:
    yield Project(
        source=SOURCE,
        project_key=row.id,
        name=row.name or row.key or f"project {row.id}",
        code=(row.code or "").strip() or None,
        client=row.client.name if row.client else None,
        state=row.status_id,
        is_tentative=row.status_id == "tentative",
        is_archived=row.record_status_id == "archived",
    )


def task(row: wire.Task) -> Iterator[Record]:
    """A task of a project. Raises Unresolved for one that names no project."""
    if row.project is None or row.project.id is None:
        raise Unresolved("the task names no project")
    yield WorkItem(SOURCE, row.id, row.project.id, "task", row.name or f"task {row.id}")


def allocation(row: wire.Allocation, lists: Lists, page_sha256: str, page_position: int) -> Iterator[Record]:
    """A booking, preceded by whatever it names that no list has shown."""
    yield from _unlisted(row, lists)
    kind: BookingKind = (
        "work" if row.assignment_type_id == "project" else "holiday" if row.entity == "holiday" else "leave"
    )
    what = (kind, row.project_id, row.task_id, row.time_off_type_id)
    effort = (_UNIT[row.unit], row.amount)
    yield Booking(
        source=SOURCE,
        source_key=row.source_key,
        content_key=content_key(SOURCE, what, row.start, row.end, effort),
        kind=kind,
        resource_kind=row.resource_type_id,
        person_key=row.resource_id,
        project_key=row.project_id,
        work_item_key=row.task_id,
        leave_type_key=row.time_off_type_id,
        start_date=row.start,
        end_date=row.end,
        effort_unit=effort[0],
        effort_amount=effort[1],
        is_billable=kind == "work" and bool(row.is_billable),
        is_tentative=row.booking_type_id == "soft",
        allocate_on_time_off=row.allocate_on_time_off_days,
        read_only_kind=None if row.entity == "allocation" else row.entity,
        repetition_key=None,
        vendor_hours=row.total_hours,
        note=row.notes or None,
        page_sha256=page_sha256,
        page_position=page_position,
    )


def _unlisted(row: wire.Allocation, lists: Lists) -> Iterator[Record]:
    person_key = row.resource_id
    if person_key not in lists.people:
        lists.people.add(person_key)
        name = row.resource.name or f"unlisted {row.resource_type_id} {person_key}"
        yield Person(SOURCE, person_key, row.resource_type_id, name, is_active=False)
    if row.assignment_type_id == "time_off":
        leave = row.time_off_type
        if leave is not None and leave.id is not None and leave.id not in lists.leave_types:
            lists.leave_types.add(leave.id)
            yield _leave_type(leave)
        return
    if row.project and row.project.id and row.project.id not in lists.projects:
        lists.projects.add(row.project.id)
        client = row.project.client.name if row.project.client else None
        name = row.project.name or f"unlisted project {row.project.id}"
        yield Project(SOURCE, row.project.id, name, client=client)
    if row.task and row.task.id and row.project_id and row.task.id not in lists.tasks:
        lists.tasks.add(row.task.id)
        yield WorkItem(SOURCE, row.task.id, row.project_id, "task", row.task.name or f"task {row.task.id}")


def _leave_type(ref: wire.Ref) -> LeaveType:
    return LeaveType(SOURCE, ref.id or "", ref.name or f"time off {ref.id}")
