"""10,000ft rows -> the common model.

`assignable_id` says neither project nor phase nor leave type: it is resolved through the lists pulled before
(apis: Assignment). Rules for hours are in transforms/totals, not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from connectors.tenthousandft import wire
from transforms.model import (
    Availability,
    Booking,
    BookingKind,
    EffortUnit,
    Holiday,
    LeaveType,
    Person,
    Project,
    Record,
    ResourceKind,
    WorkItem,
)
from transforms.normalise.shared import Unresolved, content_key

SOURCE: Final = "tenthousandft"

_UNIT: dict[str, EffortUnit] = {
    "percent": "percent",
    "hours_per_day": "hours_per_day",
    "fixed": "hours_total",
}


@dataclass(frozen=True, slots=True)
class Lists:
    """What the ids in an assignment can mean, from the current rows of the model.

    `people`: person key -> 'member' or 'placeholder'; `phases`: phase key -> key of its project.
    """

    people: dict[str, ResourceKind] = field(default_factory=dict)
    projects: set[str] = field(default_factory=set)
    phases: dict[str, str] = field(default_factory=dict)
    leave_types: set[str] = field(default_factory=set)


def user(row: wire.User) -> Iterator[Record]:
    """A member, and the part-time blocks that came with it; a cut list is left to `availability_row`."""
    yield Person(
        source=SOURCE,
        person_key=str(row.id),
        kind="member",
        name=row.name or f"user {row.id}",
        email=(row.email or "").strip() or None,
        is_active=not row.archived,
        active_from=row.hire_date,
        active_to=row.termination_date,
        role=row.role,
        discipline=row.discipline,
    )
    for block in row.availabilities.data if row.availabilities and row.availabilities_complete else ():
        yield availability(block, str(row.id))


def availability(block: wire.Availability, person_key: str) -> Availability:
    """A part-time block; the wire's week starts on Sunday, the model's on Monday."""
    sunday, *monday_to_saturday = block.hours_sunday_first
    return Availability(
        source=SOURCE,
        availability_key=str(block.id),
        person_key=person_key,
        start_date=block.starts_at,
        end_date=block.ends_at,
        hours_per_day=(*monday_to_saturday, sunday),
        precedence=block.id,
    )


def availability_row(block: wire.Availability) -> Iterator[Record]:
    """A block from the list of its own. Raises Unresolved for one that names nobody."""
    if block.user_id is None:
        raise Unresolved("the availability block names no user")
    yield availability(block, str(block.user_id))


def placeholder(row: wire.Placeholder) -> Iterator[Record]:
    """A placeholder stays one: no e-mail, never matched to a person."""
    yield Person(
        source=SOURCE,
        person_key=str(row.id),
        kind="placeholder",
        name=row.name or f"placeholder {row.id}",
        is_active=not row.archived,
        role=row.role,
        discipline=row.discipline,
    )


def project(row: wire.Project) -> Iterator[Record]:
    """A project, or (with `parent_id`) a phase; a phase's `name` is its parent's."""
    is_tentative = row.project_state == "Tentative"
    if row.parent_id is not None:
        yield WorkItem(
            source=SOURCE,
            work_item_key=str(row.id),
            project_key=str(row.parent_id),
            kind="phase",
            name=row.phase_name or row.name or f"phase {row.id}",
            is_tentative=is_tentative,
        )
        return
    yield Project(
        source=SOURCE,
        project_key=str(row.id),
        name=row.name or f"project {row.id}",
        code=(row.project_code or "").strip() or None,
        client=row.client,
        state=row.project_state,
        is_tentative=is_tentative,
        is_archived=bool(row.archived or row.deleted_at),
    )


def leave_type(row: wire.LeaveType) -> Iterator[Record]:
    yield LeaveType(source=SOURCE, leave_type_key=str(row.id), name=row.name)


def holiday(row: wire.Holiday) -> Iterator[Record]:
    yield Holiday(source=SOURCE, holiday_key=str(row.id), holiday_date=row.date, name=row.name or "holiday")


def assignment(row: wire.Assignment, lists: Lists, page_sha256: str, page_position: int) -> Iterator[Record]:
    """A booking; preceded by a stub of its person when no list shows that person (deleted for good).

    Raises Unresolved when the assignable is in no list: nobody can tell work from leave then.
    """
    person_key = None if row.user_id is None else str(row.user_id)
    if person_key is not None and person_key not in lists.people:
        lists.people[person_key] = "member"
        yield Person(SOURCE, person_key, "member", f"unlisted user {person_key}", is_active=False)
    kind, project_key, work_item_key, leave_type_key = _assignable(str(row.assignable_id), lists)
    what = (kind, project_key, work_item_key, leave_type_key)
    effort = (_UNIT[row.mode], row.amount)
    yield Booking(
        source=SOURCE,
        source_key=str(row.id),
        content_key=content_key(SOURCE, what, row.starts_at, row.ends_at, effort),
        kind=kind,
        resource_kind="unassigned" if person_key is None else lists.people[person_key],
        person_key=person_key,
        project_key=project_key,
        work_item_key=work_item_key,
        leave_type_key=leave_type_key,
        start_date=row.starts_at,
        end_date=row.ends_at,
        effort_unit=effort[0],
        effort_amount=effort[1],
        is_billable=kind == "work" and (row.bill_rate or Decimal(0)) > 0,
        is_tentative=False,  # 10,000ft says so on the project only
        allocate_on_time_off=None,
        read_only_kind=None,
        repetition_key=None if row.repetition_id is None else str(row.repetition_id),
        vendor_hours=None,
        note=row.note or row.description or None,
        page_sha256=page_sha256,
        page_position=page_position,
    )


def _assignable(key: str, lists: Lists) -> tuple[BookingKind, str | None, str | None, str | None]:
    """(kind, project, phase, leave type) of an assignable."""
    if key in lists.phases:
        return "work", lists.phases[key], key, None
    if key in lists.projects:
        return "work", key, None, None
    if key in lists.leave_types:
        return "leave", None, None, key
    raise Unresolved(f"assignable_id {key} is no project, phase or leave type of the lists pulled before")
