"""What our writer wrote, the official client reads, and the other way round: both dialects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from connectors import errors
from connectors.ftrack.client import Ftrack
from connectors.ftrack.writes import Writer
from connectors.sandbox.ftrack.store import Store

MONDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 6)


@pytest.fixture
def writer(url: str, store: Store) -> Iterator[Writer]:
    with Ftrack(url, store.user, store.key) as client:
        yield Writer(client)


class Show:
    """A project with a task, two users and a group."""

    def __init__(self, store: Store) -> None:
        self.seed = store.dialect == "seed"
        self.project = store.add("Project", name="SHOW101", full_name="The Show")
        self.task = store.add("Task", name="Animation", parent_id=self.project)
        self.ada = store.add("User", username="ada", first_name="Ada")
        self.bo = store.add("User", username="bo")
        self.group = store.add("Group", name="Animators")

    @property
    def assignment(self) -> str:
        return "Assignment" if self.seed else "Appointment"

    @property
    def allocation(self) -> str:
        return "Allocation" if self.seed else "CalendarEvent"

    @property
    def labels(self) -> dict[str, Any]:
        """What only this dialect keeps of an allocation."""
        if self.seed:
            return {"allocation_type": 'the "Project" Work'}
        return {"name": 'the "Show"', "project_id": self.project, "leave": False, "forecast": True}


@pytest.fixture
def show(store: Store) -> Show:
    return Show(store)


def people(entity: Any, seed: bool) -> list[str]:
    """Usernames of an allocation."""
    if seed:
        return [entity["user"]["username"]]
    return [link["resource"]["username"] for link in entity["calendar_event_resources"]]


def test_assignments_are_read_as_written(session: Any, show: Show, writer: Writer) -> None:
    with writer.batch() as batch:
        to_ada = batch.assignments.create(task_id=show.task, user_id=show.ada)
        to_all = batch.assignments.create(task_id=show.task, group_id=show.group)
    task = session.get("Task", show.task)
    assert {made["id"] for made in task["assignments"]} == {to_ada, to_all}
    assert session.get(show.assignment, to_ada)["resource"]["first_name"] == "Ada"
    assert session.get(show.assignment, to_all)["resource"].entity_type == "Group"

    writer.assignments.update(to_ada, user_id=show.bo)
    writer.assignments.delete(to_all)
    session.reset()
    [made] = session.query(f'{show.assignment} where context.name is "Animation"').all()
    assert (made["id"], made["resource"]["username"]) == (to_ada, "bo")


def test_allocations_are_read_as_written(session: Any, show: Show, writer: Writer) -> None:
    made = writer.allocations.create(user_id=show.ada, start=MONDAY, end=FRIDAY, value=0.5, **show.labels)
    entity = session.get(show.allocation, made)
    assert [entity[name].date() for name in ("start", "end")] == [MONDAY, FRIDAY]
    assert entity["value" if show.seed else "effort"] == 0.5
    assert {name: entity[name] for name in show.labels} == show.labels
    assert dict(entity["metadata"]) == {}
    assert people(entity, show.seed) == ["ada"]

    writer.allocations.update(made, user_id=show.bo, end=MONDAY)
    session.reset()
    entity = session.get(show.allocation, made)
    assert (people(entity, show.seed), entity["end"].date()) == (["bo"], MONDAY)

    writer.allocations.delete(made)
    session.reset()
    assert session.query(show.allocation).all() == []


@pytest.mark.parametrize("store", ["studio"], indirect=True)
def test_a_team_is_read_as_written(session: Any, show: Show, writer: Writer) -> None:
    writer.team.create(project_id=show.project, user_id=show.ada)
    [member] = session.query('User where allocations any (context.name is "SHOW101")').all()
    assert member["username"] == "ada"


def test_what_the_official_client_made_can_be_changed_and_removed(
    session: Any, show: Show, writer: Writer
) -> None:
    span = {"start": datetime.fromisoformat("2026-03-02"), "end": datetime.fromisoformat("2026-03-06")}
    ada = session.get("User", show.ada)
    if show.seed:
        entity = session.create("Allocation", {"resource": ada, "value": 1.0, **span})
    else:
        entity = session.create("CalendarEvent", {"name": "by hand", "effort": 1.0, **span})
        session.create("CalendarEventResource", {"calendar_event": entity, "resource": ada})
    session.commit()

    [found] = writer.allocations.find(user_id=show.ada)
    assert (found["record_id"], found["value_millionths"]) == (entity["id"], 1_000_000)
    writer.allocations.update(entity["id"], value=0.25, user_id=show.bo)
    assert writer.allocations.find(user_id=show.bo)[0]["value_millionths"] == 250_000
    writer.allocations.delete(entity["id"])
    session.reset()
    assert session.query(show.allocation).all() == []


def test_a_batch_with_a_wrong_target_is_not_there(session: Any, show: Show, writer: Writer) -> None:
    def script() -> None:
        with writer.batch() as batch:
            batch.allocations.create(user_id=show.ada, start=MONDAY, end=FRIDAY)
            batch.assignments.create(task_id=show.task, user_id="nobody")

    with pytest.raises(errors.WrongTargets, match="user 'nobody': does not exist"):
        script()
    assert session.query(show.allocation).all() == []
    assert session.query(show.assignment).all() == []
