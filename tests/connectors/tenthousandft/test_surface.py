"""Everything seed 003 describes, on the sandbox: lists, shows, creates, repeats, subtasks, deletes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors import errors
from connectors.sandbox import Sandbox
from connectors.tenthousandft.client import MORE_STREAMS, STREAMS, TenThousandFt
from connectors.tenthousandft.wire import Assignment, parse, series_of
from connectors.tenthousandft.writes import AssignmentWriter

MONDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 6)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Any]:
    with Sandbox(people=12, seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Any) -> Iterator[TenThousandFt]:
    with TenThousandFt(**sandbox.ready["tenthousandft"], per_page=25) as client:
        yield client


@pytest.fixture
def writer(client: TenThousandFt) -> AssignmentWriter:
    return AssignmentWriter(client)


def rows(stream: str, listing: Any) -> list[Any]:
    """The rows of a listing that has to be whole and sound."""
    parsed = [parse(stream, page.body) for page in listing]
    assert listing.complete, listing.incomplete_reason
    assert not any(page.rejects for page in parsed)
    assert not any(page.unknown_fields for page in parsed)
    return [row for page in parsed for _, row in page.rows]


@pytest.fixture
def user(client: TenThousandFt) -> int:
    return int(rows("users", client.list("users"))[0].id)


@pytest.fixture
def project(client: TenThousandFt) -> int:
    return int(next(row.id for row in rows("projects", client.list("projects")) if row.parent_id is None))


# Reading.


@pytest.mark.parametrize("stream", MORE_STREAMS)
def test_the_lists_no_hours_depend_on(client, stream):
    assert rows(stream, client.list(stream))


@pytest.mark.parametrize("stream", sorted(set(STREAMS) - {"availabilities", "assignments"}))
def test_the_lists_hours_depend_on_hold_every_row(client, sandbox, stream):
    kept = sandbox.tenthousandft.rows(stream)

    assert kept
    assert {row.id for row in rows(stream, client.list(stream))} == {row["id"] for row in kept}


def test_archived_people_and_projects_and_phases_are_listed(client):
    projects = rows("projects", client.list("projects"))

    assert any(row.archived for row in rows("users", client.list("users")))
    assert any(row.archived for row in projects)
    assert {row.parent_id for row in projects if row.parent_id} <= {row.id for row in projects}


def test_part_time_weeks_come_with_their_people_and_the_rest_in_a_list_of_their_own(client, sandbox):
    person = rows("users", client.list("users"))[0].id
    for number in range(25):
        day = {"starts_at": f"2031-03-{number + 1:02}", "ends_at": f"2031-03-{number + 1:02}"}
        sandbox.tenthousandft.add(
            "availabilities", user_id=person, **day, **{f"day{weekday}": 4 for weekday in range(7)}
        )
    users = rows("users", client.list("users"))
    blocks = rows("availabilities", client.list("availabilities"))

    assert [row.id for row in users if not row.availabilities_complete] == [person]
    assert any(row.availabilities.data for row in users if row.id != person)
    assert len({block.id for block in blocks if block.starts_at and block.starts_at.year == 2031}) == 25


def test_assignments_of_a_user_and_of_a_project(client):
    everyone = rows("assignments", client.assignments())
    someone = next(row for row in everyone if row.user_id)
    own = rows("assignments", client.assignments(user_id=someone.user_id))
    theirs = rows("assignments", client.assignments(project_id=someone.assignable_id, with_phases=False))

    assert {row.id for row in own} == {row.id for row in everyone if row.user_id == someone.user_id}
    assert someone.id in {row.id for row in theirs}
    assert {row.assignable_id for row in theirs} == {someone.assignable_id}


def test_assignments_without_those_to_phases(client):
    phases = {row.id for row in rows("projects", client.list("projects")) if row.parent_id}
    found = rows("assignments", client.assignments(with_phases=False))

    assert found
    assert not phases & {row.assignable_id for row in found}


def test_assignments_of_a_window(client):
    found = rows("assignments", client.assignments(start=MONDAY, end=FRIDAY))
    everyone = rows("assignments", client.assignments())
    touching = {row.id for row in everyone if row.starts_at <= FRIDAY and row.ends_at >= MONDAY}

    assert touching <= {row.id for row in found} < {row.id for row in everyone}


@pytest.mark.parametrize("owner", ["user", "project"])
def test_assignments_of_an_owner_in_a_window(client, owner):
    someone = next(row for row in rows("assignments", client.assignments()) if row.user_id)
    by = {"user_id": someone.user_id} if owner == "user" else {"project_id": someone.assignable_id}
    found = rows("assignments", client.assignments(**by, start=someone.starts_at, end=someone.starts_at))
    everything = rows("assignments", client.assignments(**by))
    touching = {row.id for row in everything if row.starts_at <= someone.starts_at <= row.ends_at}

    assert someone.id in touching
    assert touching <= {row.id for row in found} <= {row.id for row in everything}


@pytest.mark.parametrize("per_page", [7, 1000])
def test_pages_of_any_size_hold_the_same(sandbox, per_page):
    with TenThousandFt(**sandbox.ready["tenthousandft"], per_page=per_page) as client:
        found = {row.id for row in rows("assignments", client.assignments())}
    assert found == {row["id"] for row in sandbox.tenthousandft.rows("assignments")}


def test_an_owner_is_a_user_or_a_project(client):
    with pytest.raises(ValueError, match="not by both"):
        client.assignments(user_id=1, project_id=2)


def test_the_services_own_daily_expansion(client):
    found = rows("time_entries", client.time_entries(MONDAY, FRIDAY))

    assert {row.date for row in found} <= {date(2026, 3, day) for day in range(2, 7)}
    assert all(row.is_suggestion and row.scheduled_hours is not None for row in found)


def test_hours_confirmed_alone(client):
    with_suggestions = rows("time_entries", client.time_entries(MONDAY, FRIDAY))
    found = rows("time_entries", client.time_entries(MONDAY, FRIDAY, suggestions=False))

    assert not any(row.is_suggestion for row in found)
    assert any(row.is_suggestion for row in with_suggestions)


# Writing.


@pytest.mark.parametrize(
    ("effort", "mode", "amount"),
    [
        ({"percent": 0.25}, "percent", "0.25"),
        ({"hours_per_day": Decimal("7.5")}, "hours_per_day", "7.5"),
        ({"fixed_hours": 40}, "fixed", "40"),
        ({}, "percent", "1"),
    ],
)
def test_a_booking_of_a_user_in_each_mode(client, writer, user, project, effort, mode, amount):
    made = writer.create(
        user_id=user, assignable_id=project, starts_at=MONDAY, ends_at=FRIDAY, note="by script", **effort
    )
    page = client.show_assignment(made.id, user_id=user, assignable_id=project)
    assert page is not None
    [(_, shown)] = parse("assignments", page.body).rows

    assert (shown.mode, shown.amount) == (mode, Decimal(amount))
    assert (shown.user_id, shown.assignable_id, shown.note) == (user, project, "by script")
    assert (shown.starts_at, shown.ends_at) == (MONDAY, FRIDAY)

    writer.delete(made.id, user_id=user)
    assert client.show_assignment(made.id, user_id=user, assignable_id=project) is None


@pytest.mark.parametrize("who", ["somebody", "nobody"])
def test_a_booking_under_a_project(client, writer, user, project, who):
    user_id = user if who == "somebody" else None
    made = writer.create(project_id=project, user_id=user_id, starts_at=MONDAY, ends_at=FRIDAY, percent=1)

    assert (made.user_id, made.assignable_id) == (user_id, project)
    writer.delete(made.id, project_id=project)
    assert client.show_assignment(made.id, user_id=user_id, assignable_id=project) is None


@pytest.mark.parametrize(
    ("effort", "mode", "amount"),
    [({"percent": 0.5}, "percent", "0.5"), ({"hours_per_day": 3}, "hours_per_day", "3"),
     ({"fixed_hours": 12.5}, "fixed", "12.5")],
)  # fmt: skip
@pytest.mark.parametrize("target", ["project", "leave"])
def test_a_project_and_leave_take_each_mode(client, writer, user, project, target, effort, mode, amount):
    leave = rows("leave_types", client.list("leave_types"))[0].id
    on = {"project_id": project} if target == "project" else {"leave_id": leave}
    made = writer.create(user_id=user, **on, starts_at=MONDAY, ends_at=FRIDAY, **effort)

    assert (made.mode, made.amount, made.user_id) == (mode, Decimal(amount), user)
    assert made.assignable_id == (project if target == "project" else leave)
    if target == "project":
        assert client.show_assignment(made.id, user_id=None, assignable_id=project) is not None
    writer.delete(made.id, user_id=user)


def test_leave_without_effort_is_all_day(client, writer, user):
    leave = rows("leave_types", client.list("leave_types"))[0].id
    made = writer.create(user_id=user, leave_id=leave, starts_at=MONDAY, ends_at=MONDAY)

    assert (made.assignable_id, made.mode, made.amount) == (leave, "percent", 1)
    writer.delete(made.id, user_id=user)


def test_a_series_is_read_as_one(client, writer, user, project):
    first = writer.create(user_id=user, assignable_id=project, starts_at=MONDAY, ends_at=FRIDAY, percent=0.5)
    repeats = writer.repeat(project, first.id, frequency_weeks=2, count=6)

    series = series_of(rows("assignments", client.assignments(user_id=user)))[first.id]
    assert [row.id for row in series] == [first.id, *(row.id for row in repeats)]
    assert [row.starts_at for row in series[:2]] == [MONDAY, date(2026, 3, 16)]
    for row in series:
        writer.delete(row.id, user_id=user)


def test_a_repeat_of_fifty_one_weeks_is_taken(writer, user, project):
    first = writer.create(user_id=user, assignable_id=project, starts_at=MONDAY, ends_at=FRIDAY)
    repeats = writer.repeat(project, first.id, frequency_weeks=10, count=51)

    assert {row.repetition_id for row in repeats} == {first.id}
    for row in (first, *repeats):
        writer.delete(row.id, user_id=user)


def test_a_series_outlives_its_first_assignment():
    def booking(row_id: int, repetition_id: int | None, day: int) -> Assignment:
        body = (
            f'{{"id": {row_id}, "user_id": 1, "assignable_id": 2, "starts_at": "2026-03-{day:02}", '
            f'"ends_at": "2026-03-{day:02}", "repetition_id": {repetition_id or "null"}}}'
        )
        row: Assignment = parse("assignments", body.encode()).rows[0][1]
        return row

    found = series_of([booking(13, 11, 16), booking(12, 11, 9), booking(5, None, 2), booking(21, 20, 3)])

    assert {name: [row.id for row in series] for name, series in found.items()} == {11: [12, 13], 20: [21]}


def test_a_booking_with_a_to_do_list(client, writer, project):
    lines = [{"description": "Layout", "completed": True}, {"description": "Light", "completed": False}]
    made = writer.create_with_subtasks(
        assignable_id=project, starts_at=MONDAY, ends_at=FRIDAY, subtasks=lines, description="Build"
    )
    assert made.user_id is None
    assert made.subtasks is not None
    assert [task.description for task in made.subtasks.data] == ["Layout", "Light"]

    found = rows("subtasks", client.subtasks(project, made.id))
    assert [(task.assignment_id, task.completed) for task in found] == [(made.id, True), (made.id, False)]

    [counted] = [
        row for row in rows("assignments", client.assignments(project_id=project, subtask_counts=True))
        if row.id == made.id
    ]  # fmt: skip
    assert (counted.subtask_counts.completed, counted.subtask_counts.total) == (1, 2)
    writer.delete(made.id, project_id=project)


DAYS: dict[str, Any] = {"starts_at": MONDAY, "ends_at": FRIDAY}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"user_id": 1, "assignable_id": 2, "starts_at": FRIDAY, "ends_at": MONDAY}, "is before starts_at"),
        ({**DAYS}, "under a user or under a project"),
        ({**DAYS, "user_id": 1}, "exactly one of assignable_id, leave_id"),
        ({**DAYS, "user_id": 1, "assignable_id": 2, "leave_id": 3}, "exactly one"),
        ({**DAYS, "project_id": 1, "leave_id": 3}, "leave the others out"),
        ({**DAYS, "user_id": 1, "assignable_id": 2, "percent": 1, "fixed_hours": 2}, "effort is one of"),
        ({**DAYS, "user_id": 1, "assignable_id": 2, "percent": -1}, "at least 0"),
        ({**DAYS, "user_id": 1, "assignable_id": 2, "fixed_hours": float("nan")}, "at least 0"),
    ],
)
def test_nonsense_is_refused_before_it_is_sent(writer, fields, says):
    with pytest.raises(ValueError, match=says):
        writer.create(**fields)


@pytest.mark.parametrize(("every", "count"), [(1, 52), (1, 0), (0, 4), (-1, 4)])
def test_a_repeat_has_its_bounds(writer, every, count):
    with pytest.raises(ValueError, match=r"count is a number of weeks|at least 1"):
        writer.repeat(1, 2, frequency_weeks=every, count=count)


@pytest.mark.parametrize("owner", [{}, {"user_id": 1, "project_id": 2}])
def test_a_delete_names_one_owner(writer, owner):
    with pytest.raises(ValueError, match="name one"):
        writer.delete(1, **owner)


def test_what_the_service_finds_wrong_is_told(writer, user):
    with pytest.raises(errors.RequestRejected, match="assignable_id is invalid"):
        writer.create(user_id=user, assignable_id=999_999_999, **DAYS)
    with pytest.raises(errors.NotFound):
        writer.delete(999_999_999, user_id=user)


@pytest.mark.parametrize("answer", [{"assignments": []}, {"data": [{}]}, [], "made"])
def test_an_unreadable_answer_to_a_write_says_that_it_was_made(service, reply, answer):
    service.replies(reply(answer))
    writer = AssignmentWriter(TenThousandFt(service.origin, "tok3n"))

    with pytest.raises(errors.ContractError, match="the change was made"):
        writer.create(user_id=1, assignable_id=2, **DAYS)
