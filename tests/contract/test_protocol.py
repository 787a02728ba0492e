"""The operations protocol over plain HTTP, as ftrack's pages give it: envelopes, errors, statuses, paging."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest
import requests

from connectors.sandbox.ftrack.store import Store

HEADERS = {"ftrack-user": "api@studio.example", "ftrack-api-key": "a-key-of-the-sandbox"}
STRICT = {**HEADERS, "ftrack-strict-api": "true"}


@pytest.fixture
def post(url: str) -> Any:
    def post(body: Any, headers: dict[str, str] = HEADERS) -> requests.Response:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(f"{url}/api", text, headers=headers, timeout=20)

    return post


@pytest.fixture
def people(store: Store) -> tuple[str, str, str]:
    """The ids of a task and two users."""
    task = store.add("Task", name="Animation", parent_id=store.add("Project", name="SHOW"))
    return task, store.add("User", username="ada"), store.add("User", username="bo")


def assignment(store: Store, task: str, user: str, key: str | None = None) -> dict[str, Any]:
    name = "Assignment" if store.dialect == "seed" else "Appointment"
    key = key or str(uuid.uuid4())
    data = {"__entity_type__": name, "id": key, "context": {"__entity_type__": "Task", "id": task}}
    data["resource"] = {"__entity_type__": "User", "id": user}
    data["assignment_type" if store.dialect == "seed" else "type"] = "assignment"
    return {"action": "create", "entity_type": name, "entity_key": [key], "entity_data": data}


def test_information_and_schemas_agree(post: Any) -> None:
    information, schemas = post([{"action": "query_server_information"}, {"action": "query_schemas"}]).json()
    assert information["version"] == "24.6.0"
    assert information["is_timezone_support_enabled"] is True
    text = json.dumps(schemas, sort_keys=True).encode()
    assert information["schema_hash"] == hashlib.md5(text, usedforsecurity=False).hexdigest()


def test_every_reference_in_the_schemas_leads_somewhere(post: Any) -> None:
    ((schemas),) = post([{"action": "query_schemas"}]).json()
    names = {schema["id"] for schema in schemas}
    assert {"Context", "Resource", "Location", "Task", "User"} < names
    for schema in schemas:
        assert set(schema["primary_key"]) <= set(schema["properties"])
        assert set(schema["default_projections"]) <= set(schema["properties"])
        for item in schema["properties"].values():
            target = item.get("$ref") or item.get("items", {}).get("$ref")
            assert (target or "Task") in names


def test_created_rows_are_echoed_whole(post: Any, store: Store, people: tuple[str, str, str]) -> None:
    task, user, _other = people
    operation = assignment(store, task, user, "a-key")
    (reply,) = post([operation]).json()
    kind = "assignment_type" if store.dialect == "seed" else "type"
    assert reply == {
        "action": "create",
        "data": {
            "__entity_type__": operation["entity_type"],
            "id": "a-key",
            "context_id": task,
            "resource_id": user,
            kind: "assignment",
        },
    }


def test_ids_do_as_well_as_references(post: Any, store: Store, people: tuple[str, str, str]) -> None:
    task, user, other = people
    operation = assignment(store, task, user)
    data = operation["entity_data"]
    data["context_id"], data["resource_id"] = data.pop("context")["id"], data.pop("resource")["id"]
    key, name = operation["entity_key"], operation["entity_type"]
    moved = {"__entity_type__": name, "resource_id": other}
    replies = post(
        [
            operation,
            {"action": "update", "entity_type": name, "entity_key": key, "entity_data": moved},
            {"action": "query", "expression": f"{name} limit 9"},
            {"action": "delete", "entity_type": name, "entity_key": key},
        ]
    ).json()
    assert [reply["action"] for reply in replies] == ["create", "update", "query", "delete"]
    assert replies[1]["data"]["resource_id"] == other
    assert [(row["id"], row["resource_id"]) for row in replies[2]["data"]] == [(key[0], other)]
    assert replies[3]["data"] is True
    assert store.entities[name] == {}


def create(entity_type: str, **data: Any) -> dict[str, Any]:
    return {"action": "create", "entity_type": entity_type, "entity_data": data}


@pytest.mark.parametrize(
    ("operation", "name", "status"),
    [
        ({"action": "dance"}, "ValidationError", 400),
        ("not an operation", "ValidationError", 400),
        ({"action": "query", "expression": "select from where"}, "ParseError", 400),
        ({"action": "query"}, "ValidationError", 400),
        (create("Nonsense"), "ValidationError", 400),
        (create("Context", name="x"), "ValidationError", 400),
        (create("User", nose=1), "ValidationError", 400),
        (create("User", username=7), "ValidationError", 400),
        (create("User", id="without a name"), "ValidationError", 400),
        (create("User", username="ada"), "DuplicateEntryError", 409),
        ({**create("User", username="x"), "entity_key": ["a", "b"]}, "ValidationError", 400),
        ({**create("User", username="x", id="a"), "entity_key": ["b"]}, "ValidationError", 400),
        (create("Task", parent_id="nowhere"), "IntegrityError", 409),
        (create("Task", parent={"__entity_type__": "User", "id": "nowhere"}), "IntegrityError", 409),
        (create("Task", parent="nowhere"), "ValidationError", 400),
        (create("Task", children=[]), "ValidationError", 400),
        (create("Task", time_logged=1), "ValidationError", 400),
        (create("Type", name="x"), "PermissionError", 403),
        ({"action": "update", "entity_type": "User", "entity_key": ["x"]}, "ValidationError", 400),
        ({"action": "delete", "entity_type": "User", "entity_key": ["x"]}, "ValidationError", 400),
        ({"action": "delete", "entity_type": "User"}, "ValidationError", 400),
    ],
)
def test_one_bad_operation_undoes_the_list(
    post: Any, store: Store, people: tuple[str, str, str], operation: Any, name: str, status: int
) -> None:
    before = {kind: dict(rows) for kind, rows in store.entities.items()}
    operations = [assignment(store, *people[:2]), operation, assignment(store, *people[:2])]
    lenient, strict = post(operations), post(operations, STRICT)
    assert (lenient.status_code, strict.status_code) == (200, status)
    assert lenient.json() == strict.json()
    assert set(lenient.json()) == {"exception", "content", "error_code"}
    assert lenient.json()["exception"] == name
    assert lenient.json()["content"]
    assert store.entities == before


@pytest.mark.parametrize("body", [b"", b"{", b'{"action": "query_schemas"}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_list_is_refused(post: Any, body: bytes) -> None:
    reply = post(body, STRICT)
    assert (reply.status_code, reply.json()["exception"]) == (400, "ValidationError")


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, "FTAuthenticationError"),
        ({"ftrack-user": "api@studio.example"}, "FTAuthenticationError"),
        ({**HEADERS, "ftrack-api-key": "wrong"}, "InvalidCredentialsError"),
        ({**HEADERS, "ftrack-user": "wrong"}, "InvalidCredentialsError"),
    ],
)
def test_who_may_not_come_in(post: Any, headers: dict[str, str], name: str) -> None:
    strict = {**headers, "ftrack-strict-api": "true"}
    lenient, refused = post([], headers), post([], strict)
    assert (lenient.status_code, refused.status_code) == (200, 401)
    assert lenient.json()["exception"] == refused.json()["exception"] == name


def test_pages_name_their_successor_until_the_end(post: Any, store: Store) -> None:
    for number in range(7):
        store.add("User", username=f"user {number}")
    offset: int | None = 0
    pages = []
    while offset is not None:
        expression = f"User order by username offset {offset} limit 3"
        (reply,) = post([{"action": "query", "expression": expression}]).json()
        pages.append([row["username"] for row in reply["data"]])
        offset = reply["metadata"]["next"]["offset"]
    assert pages == [[f"user {number}" for number in page] for page in ((0, 1, 2), (3, 4, 5), (6,))]


def test_dates_come_and_go_as_ftrack_writes_them(
    post: Any, store: Store, people: tuple[str, str, str]
) -> None:
    start = {"__type__": "datetime", "value": "2026-03-02T01:30:00.123456+02:00"}
    data = {"user_id": people[1], "context_id": people[0], "start": start, "duration": 3600}
    create = {"action": "create", "entity_type": "Timelog", "entity_data": data}
    (reply,) = post([create]).json()
    # Naive, in the server's zone (UTC), without microseconds.
    assert reply["data"]["start"] == {"__type__": "datetime", "value": "2026-03-01T23:30:00"}
    for value in ("2026-03-02", {"__type__": "datetime", "value": "soon"}, {"__type__": "money"}, 20260302):
        data["start"] = value  # type: ignore[assignment]
        assert post([create]).json()["exception"] == "ValidationError"
    assert len(store.entities["Timelog"]) == 1


@pytest.mark.parametrize("store", ["seed"], indirect=True)
def test_an_allocation_has_one_person_under_two_names(
    post: Any, store: Store, people: tuple[str, str, str]
) -> None:
    _task, user, other = people
    span = {side: {"__type__": "datetime", "value": "2026-03-02T00:00:00"} for side in ("start", "end")}

    def allocate(**who: Any) -> Any:
        return post([create("Allocation", **{**span, **who})]).json()

    for who in (
        {"user_id": user},
        {"resource_id": user},
        {"resource": {"__entity_type__": "User", "id": user}},
    ):
        (reply,) = allocate(**who)
        assert reply["data"]["user_id"] == reply["data"]["resource_id"] == user
    assert allocate(user_id=user, resource_id=other)["exception"] == "ValidationError"
    assert (
        allocate(user_id=other, resource={"__entity_type__": "User", "id": user})["exception"]
        == "ValidationError"
    )
    group = store.add("Group", name="Animation")
    assert allocate(resource={"__entity_type__": "Group", "id": group})["exception"] == "IntegrityError"
    assert (
        allocate(user_id=user, end={"__type__": "datetime", "value": "2026-03-01"})["exception"]
        == "ValidationError"
    )


def test_nothing_else_is_served(url: str) -> None:
    assert requests.get(f"{url}/api", timeout=20).status_code == 405
    assert requests.get(f"{url}/elsewhere", timeout=20).status_code == 404
