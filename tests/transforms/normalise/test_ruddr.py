"""Ruddr rows become the common model."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.ruddr.wire import parse
from transforms.model import Availability, Booking, LeaveType, Person, Project, Record, WorkItem
from transforms.normalise import ruddr
from transforms.normalise.shared import Unresolved


def row(stream: str, **fields: Any) -> Any:
    parsed = parse(stream, json.dumps({"results": [fields], "hasMore": False}).encode())
    assert not parsed.rejects, parsed.rejects
    return parsed.rows[0][1]


def book(lists: ruddr.Lists | None = None, **changes: Any) -> list[Record]:
    """Seed 002's shape: every object is filled, only the discriminators say which count."""
    fields = {
        "id": "a1",
        "entity": "allocation",
        "resourceTypeId": "member",
        "assignmentTypeId": "project",
        "start": "2026-03-02",
        "end": "2026-03-06",
        "unit": "day",
        "hoursPerDay": 7.5,
        "totalHours": 37.5,
        "isBillable": True,
        "member": {"id": "m1", "name": "Ada"},
        "placeholder": {"id": "p1", "name": "PM"},
        "project": {"id": "j1", "name": "Film", "client": {"id": "c", "name": "Joe's"}},
        "task": {"id": "t1", "name": "Lighting"},
        "timeOffType": {"id": "o1", "name": "Vacation"},
    }
    made = row("allocations", **{**fields, **changes})
    return list(ruddr.allocation(made, lists or ruddr.Lists(), "sha", 0))


def booking(**changes: Any) -> Booking:
    made = book(**changes)[-1]
    assert isinstance(made, Booking)
    return made


@pytest.mark.parametrize(
    ("unit", "field", "model_unit"),
    [
        ("day", "hoursPerDay", "hours_per_day"),
        ("week", "hoursPerWeek", "hours_per_week"),
        ("month", "hoursPerMonth", "hours_per_month"),
        ("allocation", "hoursPerAllocation", "hours_total"),
        ("ratio_of_capacity", "hoursRatioOfCapacity", "ratio_of_capacity"),
    ],
)
def test_every_unit_keeps_its_amount(unit: str, field: str, model_unit: str) -> None:
    made = booking(**{"unit": unit, "hoursPerDay": None, field: 0.75})
    assert (made.effort_unit, made.effort_amount) == (model_unit, Decimal("0.75"))
    assert made.vendor_hours == Decimal("37.5")


def test_only_the_discriminators_say_which_objects_count() -> None:
    work = booking()
    assert (work.kind, work.person_key, work.project_key, work.leave_type_key) == ("work", "m1", "j1", None)
    leave = booking(resourceTypeId="placeholder", assignmentTypeId="time_off")
    assert (leave.kind, leave.person_key, leave.project_key, leave.leave_type_key) == (
        "leave",
        "p1",
        None,
        "o1",
    )
    assert leave.is_billable is False


def test_read_only_rows_are_keyed_by_place_and_keep_their_kind() -> None:
    holiday = booking(entity="holiday", assignmentTypeId="time_off", readOnly=True)
    assert (holiday.kind, holiday.read_only_kind) == ("holiday", "holiday")
    assert holiday.source_key == "holiday:a1:m1:2026-03-02:2026-03-06"
    entry = booking(entity="time_entry", assignmentTypeId="time_off")
    assert (entry.kind, entry.read_only_kind) == ("leave", "time_entry")


def test_what_no_list_shows_is_made_from_the_allocation_once() -> None:
    lists = ruddr.Lists()
    person, project, task, _ = book(lists)
    assert person == Person("ruddr", "m1", "member", "Ada", is_active=False)
    assert project == Project("ruddr", "j1", "Film", client="Joe's")
    assert task == WorkItem("ruddr", "t1", "j1", "task", "Lighting")
    assert len(book(lists)) == 1


def test_a_soft_booking_is_tentative() -> None:
    assert booking(bookingTypeId="soft").is_tentative
    assert not booking(bookingTypeId="confirmed").is_tentative
    assert not booking().is_tentative


def test_a_member_brings_periods_monday_first_and_leave_types() -> None:
    period = {"start": "2026-01-01", "end": None, "hoursPerDay": [8, 8, 8, 8, 4.5, 0, 0]}
    person, availability, leave = ruddr.member(
        row(
            "members",
            id="m1",
            name="Ada",
            email="ada@x.test",
            availabilityPeriods=[period],
            timeOffTypes=[{"id": "o1", "name": "Vacation"}],
        )
    )
    assert isinstance(person, Person)
    assert isinstance(availability, Availability)
    assert availability.hours_per_day[4] == Decimal("4.5")
    assert leave == LeaveType("ruddr", "o1", "Vacation")


def test_a_task_of_no_project_is_unresolved() -> None:
    with pytest.raises(Unresolved, match="names no project"):
        list(ruddr.task(row("tasks", id="t1", name="Lighting")))
