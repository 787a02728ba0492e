"""The store: references hold, deletes take along what cannot be without, and a failure leaves no trace."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.ftrack.errors import (
    DuplicateEntryError,
    IntegrityError,
    ServiceError,
    ValidationError,
)
from connectors.sandbox.ftrack.operations import Operations
from connectors.sandbox.ftrack.store import Change, Store


@pytest.fixture
def store() -> Store:
    found = Store("studio", "api", "key")
    found.add("Project", id="P", name="SHOW")
    found.add("Task", id="T", name="Animation", parent_id="P")
    found.add("User", id="U", username="ada")
    return found


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match="seed, studio"):
        Store("klingon", "api", "key")


def test_a_task_takes_its_project_from_its_parent(store: Store) -> None:
    child = store.add("Task", parent_id="T", name="Walk")
    placed = store.add("Task", project_id="P", name="Lighting")
    assert store.entities["Task"][child]["project_id"] == "P"
    assert store.entities["Task"][placed]["parent_id"] == "P"
    with pytest.raises(ValidationError, match="needs a value for"):
        store.add("Task", name="Nowhere")


def test_python_values_do_as_well_as_wire_values(store: Store) -> None:
    moment = datetime.fromisoformat("2026-03-02T09:30:00+01:00")
    event = store.add("CalendarEvent", name="x", start=date(2026, 3, 2), end=moment)
    row = store.entities["CalendarEvent"][event]
    assert (row["start"], row["end"]) == (
        datetime.fromisoformat("2026-03-02"),
        datetime.fromisoformat("2026-03-02T08:30"),
    )


def test_a_period_does_not_end_before_it_starts(store: Store) -> None:
    with pytest.raises(ValidationError, match="ends before it starts"):
        store.add("CalendarEvent", name="x", start=date(2026, 3, 2), end=date(2026, 3, 1))
    event = store.add("CalendarEvent", name="x", start=date(2026, 3, 2), end=date(2026, 3, 2))
    with pytest.raises(ValidationError, match="ends before it starts"):
        store.change("CalendarEvent", event, start=date(2026, 3, 3))
    assert store.entities["CalendarEvent"][event]["start"].day == 2


def test_references_must_lead_to_a_row_of_the_right_type(store: Store) -> None:
    for wrong in ("nobody", "P"):
        with pytest.raises(IntegrityError):
            store.add("Timelog", user_id=wrong, start=date(2026, 1, 1))
    store.add("Timelog", user_id="U", context_id="P", start=date(2026, 1, 1))


def test_metadata_belongs_to_a_row_that_carries_some(store: Store) -> None:
    store.add("Metadata", parent_id="T", parent_type="Task", key="k", value="v")
    assert store.entities["Metadata"]["T", "k"]["value"] == "v"
    with pytest.raises(DuplicateEntryError):
        store.add("Metadata", parent_id="T", parent_type="Task", key="k", value="w")
    with pytest.raises(IntegrityError, match="is a Task, not a User"):
        store.add("Metadata", parent_id="T", parent_type="User", key="l", value="w")
    appointment = store.add("Appointment", context_id="T", resource_id="U", type="assignment")
    with pytest.raises(IntegrityError):
        store.add("Metadata", parent_id=appointment, parent_type="Appointment", key="k", value="v")


def test_equal_appointments_are_not_refused(store: Store) -> None:
    """ftrack promises no uniqueness of (context, resource, type): who creates must read first."""
    for _ in range(2):
        store.add("Appointment", context_id="T", resource_id="U", type="assignment")
    assert len(store.referring("Appointment", "context_id", "T")) == 2


def test_a_deleted_row_takes_along_what_requires_it(store: Store) -> None:
    store.add("Task", parent_id="T", name="Walk")
    store.add("Appointment", context_id="T", resource_id="U", type="assignment")
    store.add("Metadata", parent_id="T", parent_type="Task", key="k", value="v")
    log = store.add("Timelog", user_id="U", context_id="T", start=date(2026, 1, 1))
    store.remove("Project", "P")
    assert [len(store.entities[name]) for name in ("Project", "Task", "Appointment", "Metadata")] == [
        0,
        0,
        0,
        0,
    ]
    # A timelog can be without its task: it stays, and says so.
    assert store.entities["Timelog"][log]["context_id"] is None


def test_tasks_that_are_each_others_parents_can_be_deleted(store: Store) -> None:
    child = store.add("Task", parent_id="T", name="Walk")
    store.change("Task", "T", parent_id=child)
    store.remove("Task", child)
    assert store.entities["Task"] == {}


def test_keys_and_what_the_server_computes_cannot_be_changed(store: Store) -> None:
    store.change("User", "U", id="U", email="ada@s.example")
    for data in ({"id": "V"}, {"resource_type": "group"}, {"nose": 1}, {"timelogs": []}):
        with pytest.raises(ValidationError):
            store.change("User", "U", **data)
    with pytest.raises(ValidationError, match="computed"):
        store.change("Task", "T", time_logged=1.0)


def test_usernames_are_unique(store: Store) -> None:
    other = store.add("User", username="bo")
    with pytest.raises(DuplicateEntryError, match="'ada' is taken"):
        store.change("User", other, username="ada")
    store.remove("User", "U")
    store.change("User", other, username="ada")


def test_listeners_hear_only_of_what_was_committed(store: Store) -> None:
    heard: list[list[Change]] = []
    store.listeners.append(heard.append)
    with suppress(ValidationError), store.transaction():
        store.add("User", username="bo")
        store.add("User")
    assert heard == []
    assert list(store.entities["User"]) == ["U"]
    with store.transaction():
        user = store.add("User", username="bo")
        store.change("User", user, email="bo@s.example")
    assert [(change.before is None, change.key) for change in heard[0]] == [(True, user), (False, user)]


def test_threads_do_not_trip_over_each_other(store: Store) -> None:
    operations = Operations(store)
    failed: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(30):
                data = {"username": f"{number}/{turn}"}
                create = {"action": "create", "entity_type": "User", "entity_data": data}
                query = {"action": "query", "expression": "User where username like '%/%' limit 5"}
                operations.run([create, query])
        except ServiceError as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(store.entities["User"]) == 1 + 8 * 30


KEYS = st.sampled_from(["1", "2", "3"])
KINDS = st.sampled_from(["User", "Task", "Appointment"])
MAYBE = st.sampled_from(["1", "2", "3", "P", None])


def _operation(action: str, entity_type: str, key: str, **data: Any) -> dict[str, Any]:
    return {"action": action, "entity_type": entity_type, "entity_key": [key], "entity_data": data}


OPERATIONS = st.one_of(
    st.builds(lambda key: _operation("create", "User", key, username=key), KEYS),
    st.builds(lambda key, name: _operation("update", "User", key, username=name), KEYS, MAYBE),
    st.builds(lambda key, parent: _operation("create", "Task", key, parent_id=parent), KEYS, MAYBE),
    st.builds(lambda key, parent: _operation("update", "Task", key, parent_id=parent), KEYS, MAYBE),
    st.builds(
        lambda key, task, user: _operation(
            "create", "Appointment", key, context_id=task, resource_id=user, type="assignment"
        ),
        KEYS,
        KEYS,
        KEYS,
    ),
    st.builds(lambda kind, key: _operation("delete", kind, key), KINDS, KEYS),
)


def _indexed(store: Store) -> dict[tuple[str, str, Any], set[Any]]:
    """What the indexes should say, counted anew."""
    found: dict[tuple[str, str, Any], set[Any]] = {}
    for name, rows in store.entities.items():
        for column in store.schema.types[name].indexed:
            for key, row in rows.items():
                if row[column] is not None:
                    found.setdefault((name, column, row[column]), set()).add(key)
    return found


@given(st.lists(st.lists(OPERATIONS, max_size=6), max_size=8))
def test_a_failed_list_leaves_no_trace_and_indexes_never_lie(lists: list[list[dict[str, Any]]]) -> None:
    store = Store("studio", "api", "key")
    store.add("Project", id="P", name="SHOW")
    operations = Operations(store)
    for batch in lists:
        before = {name: dict(rows) for name, rows in store.entities.items()}
        done = False
        with suppress(ServiceError):
            operations.run(batch)
            done = True
        assert done or store.entities == before
        expected = _indexed(store)
        for (name, column, value), keys in expected.items():
            assert set(store.referring(name, column, value)) == keys
        for kind, column in (("Task", "parent_id"), ("Appointment", "context_id"), ("User", "username")):
            for value in ("1", "2", "3", "P"):
                assert set(store.referring(kind, column, value)) == expected.get((kind, column, value), set())
