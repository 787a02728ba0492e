"""The official client, unmodified, on both dialects: log in, query, write, commit, roll back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connectors.sandbox.ftrack.store import Store

day = datetime.fromisoformat
ONLY_STUDIO = pytest.mark.parametrize("store", ["studio"], indirect=True)

HARD_NAMES = [
    'double "quotes"',
    "single 'quotes'",
    "back\\slash",
    "ends in a backslash\\",
    'both \\" at once',
    "a new\nline and a tab\t",
    "Ünïcödé 北京 🎬",
    "100% sure_",
    "none",
    "(select id from User)",
    "  spaces around  ",
]


class Studio:
    """A project, a task and two users, and the words for a booking in the store's dialect."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seed = store.dialect == "seed"
        self.project = store.add("Project", name="SHOW101", full_name="The Show")
        self.task = store.add("Task", name="Animation", parent_id=self.project, bid=36000.0)
        self.user = store.add(
            "User", username="ada", first_name="Ada", last_name="Dahl", email="ada@s.example"
        )
        self.other = store.add("User", username="bo", is_active=False)
        self.group = store.add("Group", name="Animation")
        store.add("Membership", user_id=self.user, group_id=self.group)

    @property
    def assignment(self) -> str:
        return "Assignment" if self.seed else "Appointment"

    @property
    def booking(self) -> str:
        return "Allocation" if self.seed else "CalendarEvent"

    def assign(self, session: Any, resource: str = "") -> Any:
        kind = {"assignment_type": "Creative Work"} if self.seed else {"type": "assignment"}
        task, user = session.get("Task", self.task), session.get("User", resource or self.user)
        return session.create(self.assignment, {"context": task, "resource": user, **kind})

    def book(self, session: Any, **more: Any) -> Any:
        """An allocation; or an event with its resource, made in one list."""
        span = {"start": day("2026-03-02"), "end": day("2026-03-06")}
        user = session.get("User", self.user)
        if self.seed:
            return session.create("Allocation", {"resource": user, "value": 0.5, **span, **more})
        project = session.get("Project", self.project)
        event = session.create("CalendarEvent", {"name": "Booked", "project": project, **span, **more})
        session.create("CalendarEventResource", {"calendar_event": event, "resource": user})
        return event

    def rows(self, name: str) -> list[dict[str, Any]]:
        return list(self.store.entities[name].values())


@pytest.fixture
def studio(store: Store) -> Studio:
    return Studio(store)


def test_log_in_learns_the_dialect(session: Any, studio: Studio) -> None:
    assert session.server_information["version"] == "24.6.0"
    assert {studio.assignment, studio.booking} < set(session.types)
    assert ("Appointment" in session.types) is (studio.store.dialect == "studio")


def test_wrong_credentials_are_a_server_error(
    ftrack_api: ModuleType, log_in: Callable[..., Any], url: str
) -> None:
    for wrong in ({"key": "not-the-key"}, {"user": "nobody"}, {"key": "x", "strict_api": True}):
        with pytest.raises(ftrack_api.exception.ServerError, match="InvalidCredentialsError"):
            log_in(url, **wrong)


def test_schemas_are_cached_by_their_hash(
    log_in: Callable[..., Any], url: str, store: Store, tmp_path: Path
) -> None:
    log_in(url, schema_cache_path=str(tmp_path))
    cached = json.loads((tmp_path / "ftrack_api_schema_cache.json").read_text())
    assert cached == store.schema.schemas
    again = log_in(url, schema_cache_path=str(tmp_path))
    assert again.schemas == store.schema.schemas


def test_query_walks_relations_and_collections(session: Any, studio: Studio) -> None:
    task = session.query('Task where project.name is "SHOW101"').one()
    assert (task["parent"]["full_name"], task["bid"], task["status"]["state"]["short"]) == (
        "The Show",
        36000.0,
        "NOT_STARTED",
    )
    assert [child["name"] for child in task["project"]["children"]] == ["Animation"]
    user = session.query('User where memberships any (group.name is "Animation")').one()
    assert user["username"] == "ada"
    assert session.query(f"Resource where id is {studio.group}").one().entity_type == "Group"
    assert session.query("Context").all()[0].entity_type == "Project"


def test_assignment_is_created_updated_deleted(session: Any, studio: Studio) -> None:
    made = studio.assign(session)
    session.commit()
    (row,) = studio.rows(studio.assignment)
    assert (row["id"], row["context_id"], row["resource_id"]) == (made["id"], studio.task, studio.user)
    assert made["resource"]["first_name"] == "Ada"
    assert made["context"]["project"]["name"] == "SHOW101"

    made["resource"] = session.get("User", studio.other)
    session.commit()
    assert studio.rows(studio.assignment)[0]["resource_id"] == studio.other

    session.delete(made)
    session.commit()
    assert studio.rows(studio.assignment) == []


def test_a_group_can_be_assigned(session: Any, studio: Studio) -> None:
    task, group = session.get("Task", studio.task), session.get("Group", studio.group)
    session.create(
        studio.assignment,
        {"context": task, "resource": group, **({} if studio.seed else {"type": "assignment"})},
    )
    session.commit()
    found = session.query(f'{studio.assignment} where resource.name is "Animation"').one()
    assert found["resource"].entity_type == "Group"


@ONLY_STUDIO
def test_team_membership_is_an_appointment_on_the_project(session: Any, studio: Studio) -> None:
    project, user = session.get("Project", studio.project), session.get("User", studio.user)
    session.create("Appointment", {"context": project, "resource": user, "type": "allocation"})
    session.commit()
    team = session.query('User where allocations any (context.name is "SHOW101")').all()
    assert [member["username"] for member in team] == ["ada"]
    assert session.query("User where assignments any ()").all() == []


def test_booking_with_metadata_is_created_updated_deleted(session: Any, studio: Studio) -> None:
    made = studio.book(session, metadata={"origin": "tenthousandft/17", "note": 'so-called "final"\n'})
    session.commit()
    assert dict(made["metadata"]) == {"origin": "tenthousandft/17", "note": 'so-called "final"\n'}
    (row,) = studio.rows(studio.booking)
    assert row["start"] == day("2026-03-02")
    assert len(studio.rows("Metadata")) == 2

    made["end"] = day("2026-03-13")
    made["metadata"] = {"origin": "ruddr/5"}
    session.commit()
    assert studio.rows(studio.booking)[0]["end"] == day("2026-03-13")
    assert [(row["key"], row["value"]) for row in studio.rows("Metadata")] == [("origin", "ruddr/5")]
    assert (
        session.query(
            f'{studio.booking} where metadata.key is "origin" and metadata.value is "ruddr/5"'
        ).one()
        == made
    )

    session.delete(made)
    session.commit()
    assert [studio.rows(name) for name in (studio.booking, "Metadata")] == [[], []]


@ONLY_STUDIO
def test_deleting_an_event_takes_its_resources_along(session: Any, studio: Studio) -> None:
    event = studio.book(session)
    session.commit()
    assert [link["resource"]["username"] for link in event["calendar_event_resources"]] == ["ada"]
    session.delete(event)
    session.commit()
    assert studio.rows("CalendarEventResource") == []


def test_a_failed_commit_leaves_nothing_behind(ftrack_api: ModuleType, session: Any, studio: Studio) -> None:
    before = {name: dict(rows) for name, rows in studio.store.entities.items()}
    user = session.get("User", studio.user)
    user["first_name"] = "Changed"
    studio.book(session, metadata={"origin": "x"})
    studio.assign(session)
    session.create("Timelog", {"user": user, "start": day("2026-01-01"), "context_id": "no such task"})
    with pytest.raises(ftrack_api.exception.ServerError, match="IntegrityError"):
        session.commit()
    assert studio.store.entities == before
    # The client keeps what failed until it is told to forget it.
    session.rollback()
    studio.assign(session)
    session.commit()
    assert len(studio.rows(studio.assignment)) == 1
    assert session.get("User", studio.user)["first_name"] == "Ada"


def test_a_taken_key_is_a_duplicate(
    ftrack_api: ModuleType, session: Any, log_in: Callable[..., Any], url: str, studio: Studio
) -> None:
    studio.assign(session)
    session.commit()
    (row,) = studio.rows(studio.assignment)
    other = log_in(url)
    other.create(studio.assignment, {**row, "resource_id": studio.other})
    with pytest.raises(ftrack_api.exception.ServerError, match="DuplicateEntryError"):
        other.commit()
    other.rollback()
    assert studio.rows(studio.assignment) == [row]


def test_the_servers_own_rows_are_not_for_writing(ftrack_api: ModuleType, session: Any) -> None:
    session.create("Status", {"name": "Mine"})
    with pytest.raises(ftrack_api.exception.ServerError, match="PermissionError"):
        session.commit()
    session.rollback()


@pytest.mark.parametrize("name", HARD_NAMES)
def test_any_name_is_found_again(session: Any, studio: Studio, name: str) -> None:
    studio.store.add("Task", name="a decoy", parent_id=studio.project)
    session.create("Task", {"name": name, "parent": session.get("Project", studio.project)})
    session.commit()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    assert session.query(f'Task where name is "{escaped}"').one()["name"] == name
    assert session.query(f'Task where name in ("{escaped}", "x")').one()["name"] == name


def test_paging_gives_every_row_once(session: Any, studio: Studio) -> None:
    for number in range(1234):
        studio.store.add("Task", name=f"task {number:04}", parent_id=studio.project)
    expression = 'select name from Task where name like "task %" order by name'
    names = [f"task {number:04}" for number in range(1234)]
    for page_size in (100, 500, 617, 1234, 5000):
        assert [task["name"] for task in session.query(expression, page_size=page_size)] == names
    assert [task["name"] for task in session.query(f"{expression} offset 1200 limit 20")] == names[1200:1220]
    assert session.query(expression).first()["name"] == names[0]


def test_populate_reads_many_rows_at_once(session: Any, studio: Studio) -> None:
    studio.store.add("Task", name="Lighting", parent_id=studio.project)
    tasks = session.query("select id from Task").all()
    session.populate(tasks, "name, project.full_name, time_logged")
    with session.auto_populating(False):
        assert [(task["name"], task["project"]["full_name"]) for task in tasks] == [
            ("Animation", "The Show"),
            ("Lighting", "The Show"),
        ]


def test_timelogs_count_as_used(session: Any, studio: Studio) -> None:
    user, task = session.get("User", studio.user), session.get("Task", studio.task)
    for hours in (1, 2.5):
        start = day("2026-03-02T09:00")
        session.create("Timelog", {"user": user, "context": task, "start": start, "duration": hours * 3600})
    session.commit()
    assert task["time_logged"] == 12600
    assert len(session.query('Timelog where start >= "2026-03-02" and start < "2026-03-03"').all()) == 2


def test_ensure_finds_before_it_creates(session: Any, studio: Studio) -> None:
    first = session.ensure("User", {"username": "cy", "is_active": True})
    again = session.ensure("User", {"username": "cy", "is_active": False}, identifying_keys=["username"])
    assert first["id"] == again["id"]
    assert [row["is_active"] for row in studio.rows("User") if row["username"] == "cy"] == [False]


def test_500_creates_in_one_commit(session: Any, studio: Studio) -> None:
    for _ in range(500):
        studio.assign(session)
    session.commit()
    assert len(studio.rows(studio.assignment)) == 500
    assert len(session.query(studio.assignment).all()) == 500


def test_a_broken_query_is_a_server_error(ftrack_api: ModuleType, session: Any) -> None:
    for expression, error in (
        ("select id from Task where name is", "ParseError"),
        ("select nonsense from Task", "ValidationError"),
        ("select id from Nonsense", "ValidationError"),
    ):
        with pytest.raises(ftrack_api.exception.ServerError, match=error):
            session.query(expression).all()
