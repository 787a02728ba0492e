"""10,000ft rows become the common model."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.tenthousandft.wire import parse
from transforms.model import Availability, Booking, Person, Project, Record, WorkItem
from transforms.normalise import tenthousandft
from transforms.normalise.shared import Unresolved


def row(stream: str, **fields: Any) -> Any:
    parsed = parse(stream, json.dumps({"data": [fields], "paging": {}}).encode())
    assert not parsed.rejects, parsed.rejects
    return parsed.rows[0][1]


def book(**changes: Any) -> list[Record]:
    fields = {
        "id": 5,
        "user_id": 7,
        "assignable_id": 1,
        "starts_at": "2026-03-02",
        "ends_at": "2026-03-06",
        "allocation_mode": "percent",
        "percent": 0.5,
    }
    lists = tenthousandft.Lists({"7": "member", "9": "placeholder"}, {"1"}, {"2": "1"}, {"3"})
    return list(tenthousandft.assignment(row("assignments", **{**fields, **changes}), lists, "sha", 4))


def booking(**changes: Any) -> Booking:
    made = book(**changes)[-1]
    assert isinstance(made, Booking)
    return made


def test_a_week_starts_on_monday_in_the_model_and_on_sunday_on_the_wire() -> None:
    block = {"id": 1, "starts_at": None, "ends_at": "2026-12-31", **{f"day{n}": n for n in range(7)}}
    person, availability = tenthousandft.user(
        row("users", id=7, display_name="Ada", email=" Ada@x.test ", availabilities={"data": [block]})
    )
    assert isinstance(person, Person)
    assert (person.name, person.email, person.is_active) == ("Ada", "Ada@x.test", True)
    assert isinstance(availability, Availability)
    assert availability.hours_per_day == tuple(Decimal(n) for n in (1, 2, 3, 4, 5, 6, 0))
    assert availability.start_date is None


@pytest.mark.parametrize(
    ("mode", "field", "unit"),
    [
        ("percent", "percent", "percent"),
        ("hours_per_day", "hours_per_day", "hours_per_day"),
        ("fixed", "fixed_hours", "hours_total"),
        ("fixed_hours", "fixed_hours", "hours_total"),
    ],
)
def test_every_allocation_mode_keeps_its_unit(mode: str, field: str, unit: str) -> None:
    made = booking(**{"allocation_mode": mode, "percent": None, field: 7.5})
    assert (made.effort_unit, made.effort_amount) == (unit, Decimal("7.5"))


def test_an_assignable_is_a_project_a_phase_or_leave() -> None:
    def what(assignable_id: int) -> tuple[str | None, ...]:
        made = booking(assignable_id=assignable_id)
        return (made.kind, made.project_key, made.work_item_key, made.leave_type_key)

    assert what(1) == ("work", "1", None, None)
    assert what(2) == ("work", "1", "2", None)
    assert what(3) == ("leave", None, None, "3")
    with pytest.raises(Unresolved, match="assignable_id 99 is no project, phase or leave type"):
        what(99)


def test_unassigned_work_and_placeholders_keep_their_kind() -> None:
    assert (booking(user_id=None).resource_kind, booking(user_id=None).person_key) == ("unassigned", None)
    assert booking(user_id=9).resource_kind == "placeholder"


def test_a_person_no_list_shows_is_kept_as_a_stub() -> None:
    stub, made = book(user_id=1234)
    assert isinstance(stub, Person)
    assert (stub.name, stub.email, stub.is_active) == ("unlisted user 1234", None, False)
    assert isinstance(made, Booking)
    assert made.person_key == "1234"


def test_the_content_key_survives_delete_and_recreate_for_another_person() -> None:
    assert booking(id=5, user_id=7).content_key == booking(id=6, user_id=9).content_key
    assert booking().content_key != booking(ends_at="2026-03-07").content_key
    assert booking().content_key != booking(percent=0.6).content_key


def test_a_phase_belongs_to_its_parent() -> None:
    [phase] = tenthousandft.project(
        row("projects", id=2, parent_id=1, name="Film", phase_name="Lighting", project_state="Tentative")
    )
    assert phase == WorkItem("tenthousandft", "2", "1", "phase", "Lighting", is_tentative=True)
    [film] = tenthousandft.project(row("projects", id=1, name="Film", project_code=" F1 ", archived=True))
    assert film == Project("tenthousandft", "1", "Film", "F1", is_archived=True)


def test_the_raw_pointer_names_page_and_place() -> None:
    made = booking()
    assert (made.page_sha256, made.page_position, made.start_date) == ("sha", 4, date(2026, 3, 2))
