"""Seeds 000 and 001 for scripts, on the sandbox in both dialects: checked, sent whole, changed, removed."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors import errors
from connectors.ftrack import dialects
from connectors.ftrack.client import Ftrack
from connectors.ftrack.usage import LoggedTime, bids, task_usage, time_logs
from connectors.ftrack.writes import Batch, Writer
from connectors.http import Limits
from connectors.sandbox import Sandbox

MONDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 6)
WEEK: dict[str, Any] = {"start": MONDAY, "end": FRIDAY}
NOBODY = "00000000-0000-4000-8000-000000000000"
HARD = [
    'said "so"', "it's", "back\\slash", "ends in \\", '\\" both', "a\nnew line", "{0} {} %s",
    '") or (id is_not "', "Ünïcödé 🎬", "none",
]  # fmt: skip


@pytest.fixture(scope="module", params=["seed", "studio"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Any]:
    with Sandbox(people=10, seed=1, dialect=request.param) as sandbox:
        yield sandbox


@pytest.fixture
def dialect(sandbox: Any) -> str:
    return str(sandbox.ftrack.dialect)


@pytest.fixture
def client(sandbox: Any) -> Iterator[Ftrack]:
    with Ftrack(**sandbox.ready["ftrack"]) as client:
        yield client


@pytest.fixture
def writer(client: Ftrack) -> Writer:
    return Writer(client)


class Show:
    """A project of the test's own, with two tasks, two users, a third who left, and a group."""

    def __init__(self, store: Any) -> None:
        tag = uuid.uuid4().hex[:8]
        self.store = store
        self.seed = store.dialect == "seed"
        self.project = store.add("Project", name=tag, full_name=f"Show {tag}")
        self.layout = store.add("Task", name="Layout", parent_id=self.project, bid=72_000.0)
        self.light = store.add("Task", name="Light", parent_id=self.project)
        self.ada = store.add("User", username=f"ada.{tag}")
        self.bo = store.add("User", username=f"bo.{tag}")
        self.gone = store.add("User", username=f"gone.{tag}", is_active=False)
        self.group = store.add("Group", name=f"Lighting {tag}")

    @property
    def assignments(self) -> dict[str, Any]:
        rows: dict[str, Any] = self.store.entities["Assignment" if self.seed else "Appointment"]
        return rows

    @property
    def allocations(self) -> dict[str, Any]:
        rows: dict[str, Any] = self.store.entities["Allocation" if self.seed else "CalendarEvent"]
        return rows

    @property
    def labels(self) -> dict[str, Any]:
        """What only this dialect keeps of an allocation."""
        if self.seed:
            return {"allocation_type": "Project Work"}
        return {"project_id": self.project, "name": "Layout week", "leave": False, "forecast": True}


@pytest.fixture
def show(sandbox: Any) -> Show:
    return Show(sandbox.ftrack)


class Untouched:
    """Inside, the store stays as it is."""

    def __init__(self, show: Show) -> None:
        self.store = show.store

    def __enter__(self) -> None:
        self.version = self.store.version

    def __exit__(self, *_: object) -> None:
        assert self.store.version == self.version


# Assignments.


@pytest.mark.parametrize("assignee", ["user", "group"])
def test_a_task_is_assigned_found_and_taken_away(writer, show, assignee):
    who = {"user_id": show.ada} if assignee == "user" else {"group_id": show.group}
    [resource] = who.values()
    made = writer.assignments.create(task_id=show.layout, **who)

    row = show.assignments[made]
    assert (row["context_id"], row["resource_id"]) == (show.layout, resource)
    assert str(uuid.UUID(made)) == made
    assert uuid.UUID(made).version == 4
    for found in (writer.assignments.find(**who), writer.assignments.find(task_id=show.layout, **who)):
        [record] = found
        assert (record["record_id"], record["task_id"], record["user_id"]) == (made, show.layout, resource)
    assert writer.assignments.find(task_id=show.light) == []
    assert made in {record["record_id"] for record in writer.assignments.find()}

    writer.assignments.delete(made)
    assert made not in show.assignments


def test_an_assignment_is_given_to_another_and_to_a_group(writer, show):
    made = writer.assignments.create(task_id=show.layout, user_id=show.ada)
    before = dict(show.assignments[made])

    writer.assignments.update(made, user_id=show.bo)
    assert show.assignments[made] == before | {"resource_id": show.bo}
    writer.assignments.update(made, group_id=show.group, task_id=show.light)
    assert show.assignments[made] == before | {"resource_id": show.group, "context_id": show.light}


def test_the_type_of_an_assignment_is_the_seed_dialects(writer, show):
    if not show.seed:
        with Untouched(show), pytest.raises(ValueError, match='"studio" dialect keeps no assignment_type'):
            writer.assignments.create(task_id=show.layout, user_id=show.ada, assignment_type="Management")
        return
    made = writer.assignments.create(task_id=show.layout, user_id=show.ada, assignment_type="Creative Work")
    writer.assignments.update(made, assignment_type="Management")

    assert show.assignments[made]["assignment_type"] == "Management"
    # Of another type it is another assignment.
    writer.assignments.create(task_id=show.layout, user_id=show.ada, assignment_type="Creative Work")


def test_the_same_assignment_is_made_once(writer, show):
    made = writer.assignments.create(task_id=show.layout, user_id=show.ada)

    with Untouched(show), pytest.raises(errors.WrongTargets, match=f"is there already, as {made}"):
        writer.assignments.create(task_id=show.layout, user_id=show.ada)
    batch = Batch(writer._client, writer.dialect)
    batch.assignments.create(task_id=show.light, user_id=show.ada)
    with pytest.raises(ValueError, match="same assignment is in this batch"):
        batch.assignments.create(task_id=show.light, user_id=show.ada)


@pytest.mark.parametrize("assignee", ["user", "group"])
def test_a_team(writer, show, assignee):
    who = {"user_id": show.ada} if assignee == "user" else {"group_id": show.group}
    if show.seed:
        with pytest.raises(ValueError, match='"seed" dialect keeps no team'):
            writer.team.create(project_id=show.project, **who)
        with pytest.raises(ValueError, match='"seed" dialect keeps no team'):
            writer.team.find(project_id=show.project)
        return
    made = writer.team.create(project_id=show.project, **who)
    assert (show.assignments[made]["context_id"], show.assignments[made]["type"]) == (
        show.project, "allocation",
    )  # fmt: skip
    [found] = writer.team.find(project_id=show.project)
    assert (found["record_id"], found["user_id"]) == (made, *who.values())
    assert writer.assignments.find(**who) == []
    with pytest.raises(errors.WrongTargets, match="is there already"):
        writer.team.create(project_id=show.project, **who)
    with Untouched(show), pytest.raises(errors.WrongTargets, match=f"assignment {made}: does not exist"):
        writer.assignments.delete(made)

    writer.team.delete(made)
    assert writer.team.find(project_id=show.project) == []


# Allocations.


def test_an_allocation_is_made_found_and_removed(writer, show):
    made = writer.allocations.create(user_id=show.ada, **WEEK, value=Decimal("0.25"), **show.labels)

    row = show.allocations[made]
    assert (row["start"], row["end"]) == (datetime(2026, 3, 2), datetime(2026, 3, 6))  # noqa: DTZ001 - as kept
    [record] = writer.allocations.find(user_id=show.ada)
    assert record == {
        "kind": "allocation", "record_id": made, "user_id": show.ada, "start": "2026-03-02",
        "end": "2026-03-06", "value_millionths": 250_000, **show.labels,
    }  # fmt: skip
    assert "Metadata" not in {
        kind for kind, rows in show.store.entities.items() if (made, "crewtally") in rows
    }

    writer.allocations.delete(made)
    assert made not in show.allocations
    assert writer.allocations.find(user_id=show.ada) == []


def test_without_a_value_it_is_full_time(writer, show):
    writer.allocations.create(user_id=show.ada, **WEEK)
    assert writer.allocations.find(user_id=show.ada)[0]["value_millionths"] == 1_000_000


@pytest.mark.parametrize(
    ("start", "end", "there"),
    [
        (MONDAY, FRIDAY, True), (FRIDAY, date(2026, 4, 1), True), (None, MONDAY, True), (FRIDAY, None, True),
        (None, date(2026, 3, 1), False), (date(2026, 3, 7), None, False),
    ],
)  # fmt: skip
def test_allocations_that_touch_some_days(writer, show, start, end, there):
    writer.allocations.create(user_id=show.ada, **WEEK)
    assert bool(writer.allocations.find(user_id=show.ada, start=start, end=end)) is there


def test_a_change_touches_what_it_names(writer, show):
    made = writer.allocations.create(user_id=show.ada, **WEEK, value=0.5, **show.labels)
    [before] = writer.allocations.find(user_id=show.ada)

    writer.allocations.update(made, value=0.75, end=date(2026, 3, 13))
    [moved] = writer.allocations.find(user_id=show.ada)
    assert moved == before | {"value_millionths": 750_000, "end": "2026-03-13"}
    writer.allocations.update(made, user_id=show.bo)
    assert writer.allocations.find(user_id=show.ada) == []
    assert writer.allocations.find(user_id=show.bo) == [moved | {"user_id": show.bo}]
    label = {"allocation_type": "Vacation"} if show.seed else {"leave": True, "name": "Away"}
    writer.allocations.update(made, **label)
    assert writer.allocations.find(user_id=show.bo) == [moved | {"user_id": show.bo} | label]


def test_allocations_of_a_project_are_the_studio_dialects(writer, show):
    if show.seed:
        with pytest.raises(ValueError, match='"seed" dialect keeps no project_id'):
            writer.allocations.find(project_id=show.project)
        with Untouched(show), pytest.raises(ValueError, match="keeps no leave, project_id of an allocation"):
            writer.allocations.create(user_id=show.ada, **WEEK, project_id=show.project, leave=False)
        return
    made = writer.allocations.create(user_id=show.ada, **WEEK, project_id=show.project)
    assert [row["record_id"] for row in writer.allocations.find(project_id=show.project)] == [made]


@pytest.mark.parametrize("sandbox", ["studio"], indirect=True)
@pytest.mark.parametrize("people", [0, 1, 2])
def test_events_people_made_have_resources_of_their_own(writer, show, people):
    """What the push derives ids for, a person's calendar event has under any id, any number of times."""
    event = show.store.add("CalendarEvent", name="by hand", start=MONDAY, end=FRIDAY)
    for user in (show.ada, show.bo)[:people]:
        show.store.add("CalendarEventResource", calendar_event_id=event, resource_id=user)
    links = show.store.entities["CalendarEventResource"]

    def held() -> list[str]:
        return [row["resource_id"] for row in links.values() if row["calendar_event_id"] == event]

    writer.allocations.update(event, value=0.5)
    assert show.allocations[event]["effort"] == 0.5
    if people < 2:
        writer.allocations.update(event, user_id=show.bo)
        assert held() == [show.bo]
    else:
        with Untouched(show), pytest.raises(errors.WrongTargets, match="of several people"):
            writer.allocations.update(event, user_id=show.bo)
    writer.allocations.delete(event)
    assert held() == []
    assert event not in show.allocations


@pytest.mark.parametrize("text", HARD)
def test_any_text_comes_back_as_it_was(writer, show, text):
    label = {"allocation_type": text} if show.seed else {"name": text}
    writer.allocations.create(user_id=show.ada, **WEEK, **label)
    [found] = writer.allocations.find(user_id=show.ada)
    assert {name: found[name] for name in label} == label


# Wrong targets: nothing is sent.


@pytest.mark.parametrize("text", [NOBODY, *HARD])
def test_no_id_breaks_out_of_a_query(writer, show, text):
    with Untouched(show), pytest.raises(errors.WrongTargets) as caught:
        writer.assignments.create(task_id=text, user_id=text)
    assert caught.value.wrong == (f"task {text!r}: does not exist", f"user {text!r}: does not exist")
    assert writer.assignments.find(task_id=text, group_id=text) == []
    assert writer.allocations.find(user_id=text) == []


def test_every_wrong_target_is_named_at_once_and_the_good_ones_wait(client, writer, show, monkeypatch):
    sent: list[Any] = []
    monkeypatch.setattr(client, "send", sent.append)
    batch = Batch(client, writer.dialect)
    batch.assignments.create(task_id=show.layout, user_id=show.ada)
    batch.assignments.create(task_id=NOBODY, user_id=show.gone)
    batch.assignments.create(task_id=show.project, group_id=show.ada)
    batch.assignments.create(task_id=show.layout, user_id=show.group)
    batch.assignments.create(task_id=show.light, group_id=NOBODY)
    batch.assignments.delete(show.layout)
    batch.allocations.update(NOBODY, value=1)
    batch.allocations.create(user_id=show.group, **WEEK)

    with Untouched(show), pytest.raises(errors.WrongTargets, match="nothing was sent") as caught:
        writer.send(batch)

    assert not sent
    assert caught.value.wrong == (
        f"task {NOBODY!r}: does not exist",
        f"user {show.gone!r}: is not active",
        f"task {show.project!r}: is a Project",
        f"group {show.ada!r}: is a User",
        f"user {show.group!r}: is a Group",
        f"group {NOBODY!r}: does not exist",
        f"assignment {show.layout}: does not exist",
        f"allocation {NOBODY}: does not exist",
    )
    assert all(line in str(caught.value) for line in caught.value.wrong)
    assert isinstance(caught.value, errors.FatalError)
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(copy), copy.wrong) == (str(caught.value), caught.value.wrong)


def test_a_task_is_no_project(writer, show):
    if show.seed:
        return
    with Untouched(show), pytest.raises(errors.WrongTargets, match=r"project .* is a Task"):
        writer.allocations.create(user_id=show.ada, **WEEK, project_id=show.layout)


def test_days_are_checked_against_those_that_stay(writer, show):
    made = writer.allocations.create(user_id=show.ada, **WEEK)
    for days in ({"start": date(2026, 3, 9)}, {"end": date(2026, 3, 1)}):
        with Untouched(show), pytest.raises(errors.WrongTargets, match="before it starts"):
            writer.allocations.update(made, **days)


def test_who_left_may_keep_what_he_has(writer, show):
    """Only new targets are checked: an old record of a person who left can be ended."""
    made = writer.allocations.create(user_id=show.ada, **WEEK)
    show.store.change("User", show.ada, is_active=False)
    writer.allocations.update(made, end=MONDAY)
    writer.allocations.delete(made)


def test_all_targets_of_a_batch_take_two_queries(client, writer, show, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(
        client, "query", lambda expression: asked.append(expression) or client_query(expression)
    )
    client_query = Ftrack.query.__get__(client)
    tasks = [show.store.add("Task", name=str(n), parent_id=show.project) for n in range(150)]
    with writer.batch() as batch:
        for task in tasks:
            batch.assignments.create(task_id=task, user_id=show.ada)
            batch.allocations.create(user_id=show.bo, **WEEK)

    assert len(writer.assignments.find(user_id=show.ada)) == 150
    targets = [text for text in asked if " from User " in text or " from Context " in text]
    assert len(targets) == 2


# Batches.


def test_a_batch_is_one_transaction(writer, show):
    old = writer.assignments.create(task_id=show.layout, user_id=show.ada)
    moved = writer.allocations.create(user_id=show.ada, **WEEK)
    commits: list[int] = []
    show.store.listeners.append(lambda changes: commits.append(len(changes)))
    with writer.batch() as batch:
        batch.assignments.delete(old)
        new = batch.assignments.create(task_id=show.layout, user_id=show.bo)
        batch.allocations.update(moved, user_id=show.bo)
    show.store.listeners.pop()

    assert len(commits) == 1
    assert [row["record_id"] for row in writer.assignments.find(task_id=show.layout)] == [new]
    assert [row["record_id"] for row in writer.allocations.find(user_id=show.bo)] == [moved]


def test_a_batch_that_is_refused_leaves_nothing(writer, show, monkeypatch):
    """A task goes between the look and the request: the server refuses the whole list."""
    batch = Batch(writer._client, writer.dialect)
    batch.allocations.create(user_id=show.ada, **WEEK)
    batch.assignments.create(task_id=show.light, user_id=show.ada)
    batch.assignments.create(task_id=show.layout, user_id=show.ada)
    send = writer._client.send

    def too_late(operations: list[Any]) -> list[Any]:
        show.store.remove("Task", show.layout)
        return list(send(operations))

    monkeypatch.setattr(writer._client, "send", too_late)
    with pytest.raises(errors.OperationsRejected, match=show.layout):
        writer.send(batch)

    assert writer.assignments.find(user_id=show.ada) == []
    assert writer.allocations.find(user_id=show.ada) == []


def test_a_block_that_raises_sends_nothing(writer, show):
    def half_a_script() -> None:
        with writer.batch() as batch:
            batch.allocations.create(user_id=show.ada, **WEEK)
            raise LookupError

    with Untouched(show), pytest.raises(LookupError):
        half_a_script()
    with Untouched(show), writer.batch():
        pass


def test_a_batch_has_a_bound(writer, show):
    batch = Batch(writer._client, writer.dialect)
    for _ in range(501 if show.seed else 251):  # an event and its resource are two operations
        batch.allocations.create(user_id=show.ada, **WEEK)
    with Untouched(show), pytest.raises(ValueError, match="at most 500 operations"):
        writer.send(batch)


def test_a_record_is_changed_once_in_a_batch(writer, show):
    batch = Batch(writer._client, writer.dialect)
    made = batch.allocations.create(user_id=show.ada, **WEEK)
    with pytest.raises(ValueError, match="one change for each record"):
        batch.allocations.update(made, value=0.5)


def test_the_same_batch_sent_twice_makes_nothing_twice(writer, show):
    batch = Batch(writer._client, writer.dialect)
    batch.allocations.create(user_id=show.ada, **WEEK)
    writer.send(batch)
    with pytest.raises(errors.OperationsRejected):
        writer.send(batch)
    assert len(writer.allocations.find(user_id=show.ada)) == 1


def test_a_lost_answer_names_the_records_to_read_back(service, reply, monkeypatch):
    service.replies(reply(reset=True))
    client = Ftrack(service.origin, "u", "k3y", limits=Limits(tries=1, backoff_seconds=0.01))
    monkeypatch.setattr(client, "query", lambda _: iter([{"id": "ada", "is_active": True}]))
    writer = Writer(client, dialects.Seed())

    with pytest.raises(errors.UnknownOutcome, match=r"read back .* allocation [0-9a-f-]{36}$"):
        writer.allocations.create(user_id="ada", **WEEK)
    assert len(service.requests) == 1


def test_more_targets_than_a_query_takes_are_all_looked_up(writer, show):
    tasks = [show.store.add("Task", name=str(n), parent_id=show.project) for n in range(450)]

    def assign_all() -> None:
        with writer.batch() as batch:
            for task in tasks:
                batch.assignments.create(task_id=task, user_id=show.ada)

    assign_all()
    assert {row["task_id"] for row in writer.assignments.find(user_id=show.ada)} == set(tasks)
    with Untouched(show), pytest.raises(errors.WrongTargets) as caught:
        assign_all()
    assert len(caught.value.wrong) == 450


# Nonsense, before anything is asked.


@pytest.mark.parametrize(
    ("call", "fields", "says"),
    [
        ("assignments.create", {"task_id": "t"}, "name a user_id or a group_id"),
        ("assignments.create", {"task_id": "t", "user_id": "u", "group_id": "g"}, "not both"),
        ("assignments.find", {"user_id": "u", "group_id": "g"}, "not both"),
        ("allocations.create", {"user_id": "u", "start": FRIDAY, "end": MONDAY}, "is before start"),
        ("allocations.create", {"user_id": "u", **WEEK, "value": -0.5}, "at least 0"),
        ("allocations.create", {"user_id": "u", **WEEK, "value": float("nan")}, "at least 0"),
        ("allocations.update", {"allocation_id": "a", "value": float("inf")}, "at least 0"),
        ("allocations.update", {"allocation_id": "a"}, "nothing to change"),
        ("assignments.update", {"assignment_id": "a"}, "nothing to change"),
    ],
)
def test_nonsense_is_refused(call, fields, says):
    face, method = call.split(".")
    writer = Writer(Ftrack("http://127.0.0.1:9", "u", "k3y"), dialects.Studio())
    with pytest.raises(ValueError, match=says):
        getattr(getattr(writer, face), method)(**fields)


# Used and remaining.


def test_usage_and_what_remains_of_tasks(client, show):
    for hours, user in ((2, show.ada), (1.5, show.bo)):
        show.store.add(
            "Timelog", user_id=user, context_id=show.layout,
            start=datetime(2027, 3, 2, 9), duration=hours * 3600,  # noqa: DTZ001 - as kept
        )  # fmt: skip

    layout, light = task_usage(client, [show.layout, show.light])
    assert (layout.planned_seconds, layout.used_seconds, layout.remaining_seconds) == (72_000, 12_600, 59_400)
    assert (light.planned_seconds, light.used_seconds, light.remaining_seconds) == (0, 0, 0)
    assert {row["id"]: row["bid"] for row in bids(client)}[show.layout] == 72_000
    span = [datetime.fromisoformat(f"2027-03-{day}T00:00:00+00:00") for day in ("02", "03")]
    logs = [log for log in time_logs(client, *span) if log.context_id == show.layout]
    assert sorted(log.duration_seconds or 0 for log in logs) == [5_400, 7_200]
    assert all(isinstance(log, LoggedTime) for log in logs)
    with pytest.raises(KeyError, match=NOBODY):
        task_usage(client, [NOBODY])
