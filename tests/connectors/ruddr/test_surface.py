"""Everything seed 002 describes, on the sandbox: every list, and allocations made, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors import errors
from connectors.ruddr.client import MORE_STREAMS, STREAMS, Ruddr
from connectors.ruddr.wire import parse
from connectors.ruddr.writes import AllocationWriter
from connectors.sandbox import Sandbox

MONDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 6)
DAYS: dict[str, Any] = {"start": MONDAY, "end": FRIDAY, "unit": "day", "hours": 8}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Any]:
    with Sandbox(people=12, seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Any) -> Iterator[Ruddr]:
    with Ruddr(**sandbox.ready["ruddr"], requests_per_second=None) as client:
        yield client


@pytest.fixture
def writer(client: Ruddr) -> AllocationWriter:
    return AllocationWriter(client)


def rows(stream: str, listing: Any) -> list[Any]:
    """The rows of a listing that has to be whole and sound."""
    parsed = [parse(stream, page.body) for page in listing]
    assert listing.complete, listing.incomplete_reason
    assert not any(page.rejects for page in parsed)
    assert not any(page.unknown_fields for page in parsed)
    return [row for page in parsed for _, row in page.rows]


@pytest.fixture
def member(client: Ruddr) -> Any:
    return next(row for row in rows("members", client.list("members")) if row.time_off_types)


@pytest.fixture
def project(client: Ruddr) -> str:
    return str(rows("projects", client.list("projects"))[0].id)


@pytest.mark.parametrize("stream", MORE_STREAMS)
def test_the_lists_the_pull_has_no_need_of(client, stream):
    assert rows(stream, client.list(stream))


@pytest.mark.parametrize("stream", sorted(set(STREAMS) - {"allocations"}))
def test_the_lists_the_pull_reads_hold_every_row(client, sandbox, stream):
    kept = sandbox.ruddr.rows(stream)

    assert kept
    assert sorted(row.id for row in rows(stream, client.list(stream))) == sorted(row["id"] for row in kept)


@pytest.mark.parametrize("stream", ["availability_periods", "time_entries"])
def test_lists_of_one_member(client, stream):
    members = rows("members", client.list("members"))
    found = [row.id for one in members for row in rows(stream, client.list(stream, member_id=one.id))]

    assert sorted(found) == sorted(row.id for row in rows(stream, client.list(stream)))


def test_allocations_of_a_type_a_member_and_a_window(client, member):
    everything = rows("allocations", client.list("allocations"))
    leave = rows("allocations", client.list("allocations", assignment_type="time_off"))
    own = rows("allocations", client.list("allocations", member_id=member.id))
    week = rows("allocations", client.list("allocations", start=MONDAY, end=FRIDAY))

    assert {row.source_key for row in leave} == {
        row.source_key for row in everything if row.assignment_type_id == "time_off"
    }
    assert {row.resource_id for row in own} == {member.id}
    touching = {row.source_key for row in everything if row.start <= FRIDAY and row.end >= MONDAY}
    assert touching <= {row.source_key for row in week}
    assert len(week) < len(everything)


@pytest.mark.parametrize(
    ("unit", "hours"),
    [("day", 7.5), ("week", 20), ("month", 80), ("allocation", 12), ("ratio_of_capacity", 0.5)],
)
def test_an_allocation_in_each_unit(client, writer, member, project, unit, hours):
    made = writer.create(
        start=MONDAY,
        end=FRIDAY,
        unit=unit,
        hours=hours,
        memberId=member.id,
        projectId=project,
        notes="by script",
    )
    page = client.show_allocation(made.id)
    assert page is not None
    [(_, shown)] = parse("allocations", page.body).rows

    assert (shown.unit, shown.amount) == (unit, Decimal(str(hours)))
    assert (shown.resource_id, shown.project_id, shown.notes) == (member.id, project, "by script")
    assert (shown.start, shown.end, shown.entity) == (MONDAY, FRIDAY, "allocation")

    writer.delete(made.id)
    assert client.show_allocation(made.id) is None


def test_time_off_and_a_placeholder(client, writer, member, project):
    leave = writer.create(**DAYS, memberId=member.id, timeOffTypeId=member.time_off_types[0].id)
    placeholder = rows("placeholders", client.list("placeholders"))[0].id
    role = writer.create(**DAYS, resourcePlaceholderId=placeholder, projectId=project)

    assert (leave.assignment_type_id, leave.time_off_type_id) == ("time_off", member.time_off_types[0].id)
    assert (role.resource_type_id, role.resource_id) == ("placeholder", placeholder)
    for made in (leave, role):
        writer.delete(made.id)


def test_a_role_and_a_task_of_a_project(client, writer, member):
    roles = {row.project.id: row.id for row in rows("roles", client.list("roles"))}
    task = next(row for row in rows("tasks", client.list("tasks")) if row.project.id in roles)
    made = writer.create(
        **DAYS, memberId=member.id, projectId=task.project.id, projectRoleId=roles[task.project.id],
        projectTaskId=task.id, bookingTypeId="soft", allocateOnTimeOffDays=True,
    )  # fmt: skip
    writer.delete(made.id)

    assert (made.project_id, made.task_id, made.role.id) == (
        task.project.id, task.id, roles[task.project.id],
    )  # fmt: skip
    assert (made.booking_type_id, made.allocate_on_time_off_days) == ("soft", True)


def test_a_change_touches_what_it_names(writer, member, project):
    made = writer.create(**DAYS, memberId=member.id, projectId=project, notes="before")
    moved = writer.update(made.id, end=date(2026, 3, 13))
    halved = writer.update(made.id, unit="week", hours=20, notes="after")
    writer.delete(made.id)

    assert (moved.start, moved.end, moved.amount, moved.notes) == (MONDAY, date(2026, 3, 13), 8, "before")
    assert (halved.unit, halved.amount, halved.notes, halved.hours_per_day) == ("week", 20, "after", None)


@pytest.mark.parametrize("entity", ["time_entry", "holiday"])
def test_read_only_rows_are_refused(client, writer, entity):
    row = next(row for row in rows("allocations", client.list("allocations")) if row.entity == entity)

    assert row.read_only
    with pytest.raises(errors.RequestRejected, match="read-only"):
        writer.delete(row.id)
    with pytest.raises(errors.RequestRejected, match="read-only"):
        writer.update(row.id, notes="mine")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({**DAYS}, "exactly one of memberId and resourcePlaceholderId"),
        ({**DAYS, "memberId": "m"}, "exactly one of projectId and timeOffTypeId"),
        ({**DAYS, "memberId": "m", "resourcePlaceholderId": "h", "projectId": "p"}, "exactly one"),
        ({**DAYS, "memberId": "m", "projectId": "p", "end": date(2026, 3, 1)}, "is before start"),
        ({**DAYS, "memberId": "m", "projectId": "p", "unit": "year"}, "unit is one of day, week"),
        ({**DAYS, "memberId": "m", "projectId": "p", "hours": -1}, "at least 0"),
        ({**DAYS, "memberId": "m", "projectId": "p", "hours": float("nan")}, "at least 0"),
        ({**DAYS, "memberId": "m", "projectId": "p", "member": {}}, "no member: the write names differ"),
    ],
)
def test_nonsense_is_refused_before_it_is_sent(writer, fields, says):
    with pytest.raises(ValueError, match=says):
        writer.create(**fields)


def test_unit_and_hours_go_together(writer):
    with pytest.raises(ValueError, match="changed together"):
        writer.update("a1", hours=4)


def test_what_the_service_finds_wrong_is_told(writer, member):
    with pytest.raises(errors.RequestRejected, match="'projectId' was not found"):
        writer.create(**DAYS, memberId=member.id, projectId="00000000-0000-0000-0000-000000000000")
    with pytest.raises(errors.NotFound):
        writer.delete("00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize("answer", [{"results": []}, {"id": "a1"}, [], "made"])
def test_an_unreadable_answer_to_a_write_says_that_it_was_made(service, reply, answer):
    service.replies(reply(answer))
    writer = AllocationWriter(Ruddr(service.origin, "tok3n"))

    with pytest.raises(errors.ContractError, match="the change was made"):
        writer.create(**DAYS, memberId="m", projectId="p")
