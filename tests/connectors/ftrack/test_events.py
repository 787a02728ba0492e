"""What ftrack tells, read as notices; a burst of notices as one request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ContractError
from connectors.ftrack.events import (
    WATCHED,
    ChangeNotice,
    Debouncer,
    matters,
    read_message,
    read_webhook,
)

TASK, ADA = "ecc077e8-8475-11ec-9a8b-8e5ff4a86448", "bcdf57b0-acc6-11e1-a554-f23c91df1211"

# The shape of an event recorded from a live server, shortened.
RECORDED: dict[str, Any] = {
    "id": "d57afc635193420b9c4a357df3894c04",
    "topic": "ftrack.update",
    "sent": None,
    "data": {
        "entities": [
            {
                "entity_type": "Task",
                "entityType": "task",
                "entityId": TASK,
                "action": "update",
                "keys": ["name"],
                "changes": {"name": {"old": "Anim", "new": "Animation"}},
                "parents": [{"entityId": TASK, "entityType": "task", "parentId": None}],
            }
        ],
        "pushToken": "82114452360b11ed8045c2d54ad10e71",
        "user": {"userid": ADA, "name": "Ada Lovelace"},
    },
    "source": {
        "applicationId": "ftrack.client.web",
        "user": {"username": "ada@studio.example", "id": ADA},
        "id": "8149e600-360b-11ed-8045-c2d54ad10e71-1663365856721",
    },
    "target": "",
    "in_reply_to_event": None,
}

HOOK: dict[str, Any] = {
    "id": "259e0537-aa8e-4b54-9ba1-5ead3cb4b115",
    "metadata": {
        "date": "2026-06-04T10:31:39.554607+00:00",
        "resource_id": ADA,
        "server_url": "https://studio.ftrackapp.example/",
        "configuration_hash": "4b6c1c0d",
    },
    "fez_id": "ftrack_entity_event_v1",
    "entity": {
        "id": [TASK],
        "entity_type": "Task",
        "operation": "update",
        "new": {"id": TASK, "bid": 7200},
        "old": {"id": TASK, "bid": 0},
    },
}


def message(*entities: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"topic": "ftrack.update", "data": {"entities": list(entities)}, **fields}


def entity(entity_type: str = "Task", action: str = "update", entity_id: str = TASK) -> dict[str, Any]:
    return {"entity_type": entity_type, "entityId": entity_id, "action": action}


def test_a_recorded_message() -> None:
    (notice,) = read_message(RECORDED)
    assert notice == ChangeNotice("Task", (TASK,), "update", frozenset({"ada@studio.example", ADA}))
    assert matters(notice, own={"pipeline"})


def test_a_webhook_payload_as_the_vendor_shows_it() -> None:
    notice = read_webhook(json.dumps(HOOK))
    assert notice == ChangeNotice("Task", (TASK,), "update", frozenset({ADA}))
    assert matters(notice, own={"pipeline"})
    assert not matters(notice, own={"pipeline", ADA})


@pytest.mark.parametrize(
    ("action", "operation"),
    [("add", "create"), ("update", "update"), ("remove", "delete"), ("move", "update"), ("ADD", "create")],
)
def test_actions_are_operations_and_an_unknown_one_is_an_update(action: str, operation: str) -> None:
    (notice,) = read_message(message(entity(action=action)))
    assert notice.operation == operation


def test_a_message_is_one_notice_for_each_record() -> None:
    notices = read_message(message(entity("Appointment", "add", "a"), entity("Note", "remove", "n")))
    assert [(n.entity_type, n.key, n.operation) for n in notices] == [
        ("Appointment", ("a",), "create"),
        ("Note", ("n",), "delete"),
    ]
    assert read_message(message()) == ()


def test_a_server_that_sends_only_the_old_names_is_understood() -> None:
    told = {"entityType": "show", "entityId": "p", "action": "update"}
    (notice,) = read_message(message(told))
    assert notice.entity_type == "Project"
    assert matters(notice, own=())


def test_the_official_clients_event_is_a_mapping_and_no_dict() -> None:
    class Event(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return RECORDED[key]

        def __iter__(self) -> Any:
            return iter(RECORDED)

        def __len__(self) -> int:
            return len(RECORDED)

    assert read_message(Event()) == read_message(RECORDED)


@pytest.mark.parametrize("user", [None, {}, "ada", {"username": 7, "id": None}, {"username": ""}, [1]])
def test_a_change_by_nobody_we_can_name_matters(user: Any) -> None:
    (notice,) = read_message(message(entity(), source={"user": user}))
    assert notice.authors == frozenset()
    assert matters(notice, own={"pipeline"})


def test_our_own_change_does_not_matter() -> None:
    (by_name,) = read_message(message(entity(), source={"user": {"username": "pipeline"}}))
    (by_id,) = read_message({**message(), "data": {"entities": [entity()], "user": {"userid": "u-1"}}})
    for notice in (by_name, by_id):
        assert not matters(notice, own={"pipeline", "u-1"})
        assert matters(notice, own={"somebody else"})


def test_what_no_sync_reads_does_not_matter() -> None:
    for name in ("Note", "AssetVersion", "Timelog", "FileComponent"):
        (notice,) = read_message(message(entity(name)))
        assert not matters(notice, own=())
        assert matters(notice, own=(), watched={name})
    for name in WATCHED:
        (notice,) = read_message(message(entity(name.lower())))
        assert notice.entity_type == name
        assert matters(notice, own=())


@pytest.mark.parametrize(
    ("nonsense", "where"),
    [
        (None, "all of it"),
        ("ftrack.update", "all of it"),
        ({}, "topic"),
        (message(topic="ftrack.action.launch"), "topic"),
        ({"topic": "ftrack.update"}, "data"),
        ({"topic": "ftrack.update", "data": {"entities": None}}, "data.entities"),
        (message({"entity_type": "Task", "action": "update"}), "data.entities.0.entityId"),
        (message(entity(), entity(entity_id="")), "data.entities.1.entityId"),
        (message({"entityId": TASK, "action": "add"}), "data.entities.0.entity_type"),
        (message({"entity_type": "Task", "entityId": TASK, "action": ["add"]}), "data.entities.0.action"),
    ],
)
def test_nonsense_is_refused_and_named(nonsense: Any, where: str) -> None:
    with pytest.raises(ContractError, match=rf"^ftrack: sent what is not an ftrack.update message: {where}"):
        read_message(nonsense)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "all of it"),
        (b"<html>", "all of it"),
        (b"[]", "all of it"),
        (b"{}", "entity"),
        (json.dumps({"entity": {**HOOK["entity"], "id": []}}), "entity.id"),
        (json.dumps({"entity": {**HOOK["entity"], "operation": None}}), "entity.operation"),
        (b'{"entity": {"id": ["\xff"]}}', "all of it"),
    ],
)
def test_nonsense_in_a_webhook_is_refused_and_named(body: bytes | str, where: str) -> None:
    with pytest.raises(ContractError, match=rf"^ftrack: sent what is not a webhook payload: {where}"):
        read_webhook(body)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
scrambled = st.builds(
    lambda base, path, value: _with(base, path, value),
    st.sampled_from([RECORDED, HOOK]),
    st.lists(st.sampled_from(["data", "entities", "entity", "source", "user", "id", "action", "metadata"])),
    junk,
)


@given(junk | scrambled)
def test_whatever_comes_is_notices_or_a_clear_refusal(document: Any) -> None:
    for told in (_told(read_message, document), _told(read_webhook, json.dumps(document))):
        if isinstance(told, str):
            assert told.startswith("ftrack: sent what is not")
            continue
        for notice in told:
            assert notice.entity_type
            assert all(notice.key)
            assert notice.operation in ("create", "update", "delete")
            assert all(notice.authors)


def _told(read: Callable[[Any], Any], given: Any) -> str | tuple[ChangeNotice, ...]:
    try:
        found = read(given)
    except ContractError as error:
        return str(error)
    return found if isinstance(found, tuple) else (found,)


def _with(base: dict[str, Any], path: list[str], value: Any) -> Any:
    """The document with one thing in it replaced, as deep as the path leads."""
    if not path or not isinstance(base, dict):
        return value
    return {**base, path[0]: _with(base.get(path[0], {}), path[1:], value)}


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A debouncer, its clock, and when it asked for a run."""

    def __init__(
        self, quiet: float = 10, patience: float = 60, rest: float = 300, lasting: float = 0
    ) -> None:
        self.clock = Clock()
        self.asked: list[float] = []
        self.failing = False
        self.lasting = lasting
        self.debouncer = Debouncer(
            self.ask, quiet_seconds=quiet, patience_seconds=patience, rest_seconds=rest, clock=self.clock
        )

    def ask(self) -> None:
        self.asked.append(self.clock.now)
        self.clock.now += self.lasting
        if self.failing:
            raise OSError("not now")

    def until(self, moment: float) -> None:
        """Poll every second until then."""
        while self.clock.now < moment:
            self.clock.now += 1
            self.debouncer.poll()


def test_without_a_change_nothing_is_asked_for() -> None:
    desk = Desk()
    assert desk.debouncer.due_in is None
    assert not desk.debouncer.poll()
    desk.until(1000)
    assert desk.asked == []


def test_a_burst_is_one_request_when_it_has_ended() -> None:
    desk = Desk()
    for _ in range(5):
        desk.debouncer.tell()
        desk.until(desk.clock.now + 3)
    desk.until(500)
    assert desk.asked == [12 + 10]  # the last change came at second 12


def test_a_burst_that_does_not_end_is_cut() -> None:
    desk = Desk(rest=0)
    while desk.clock.now < 130:
        desk.debouncer.tell()
        desk.until(desk.clock.now + 5)
    assert desk.asked == [60, 120]


def test_at_once_waits_for_no_burst_and_a_later_change_does_not_put_it_off() -> None:
    desk = Desk()
    desk.debouncer.tell(at_once=True)
    desk.debouncer.tell()
    assert desk.debouncer.due_in == 0
    assert desk.debouncer.poll()
    assert desk.asked == [0]
    assert not desk.debouncer.poll()


def test_a_change_during_a_run_asks_for_another_after_the_rest() -> None:
    desk = Desk(lasting=40)
    desk.debouncer.tell()
    desk.until(10)
    assert desk.asked == [10]
    assert desk.clock.now == 50
    desk.debouncer.tell()
    desk.until(1000)
    assert desk.asked == [10, 350]


def test_a_request_that_fails_is_made_again_after_the_rest() -> None:
    desk = Desk()
    desk.failing = True
    desk.debouncer.tell(at_once=True)
    with pytest.raises(OSError, match="not now"):
        desk.debouncer.poll()
    assert desk.debouncer.due_in == 300
    desk.failing = False
    desk.until(1000)
    assert desk.asked == [0, 300]


steps = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(["tell", "tell at once", "wait"])), max_size=40
)
seconds = st.integers(0, 100)


@given(steps, seconds, seconds, seconds, st.integers(0, 30))
def test_laws(steps: list[tuple[int, str]], quiet: int, patience: int, rest: int, lasting: int) -> None:
    desk = Desk(quiet, patience, rest, lasting)
    told: list[float] = []
    for wait, what in steps:
        desk.until(desk.clock.now + wait)
        if what != "wait":
            desk.debouncer.tell(at_once=what == "tell at once")
            told.append(desk.clock.now)
    desk.until(desk.clock.now + quiet + patience + rest + 2)

    assert desk.debouncer.due_in is None
    assert len(desk.asked) <= len(told), "never asks unasked"
    assert all(any(asked >= change for asked in desk.asked) for change in told), "no change is lost"
    gaps = zip(desk.asked, desk.asked[1:], strict=False)
    assert all(later - earlier >= lasting + rest for earlier, later in gaps), "rests between two runs"
    for change in told:
        ended = max((asked + lasting + rest for asked in desk.asked if asked < change), default=0)
        asked = min(asked for asked in desk.asked if asked >= change)
        assert asked <= max(change + patience, ended) + 1, "nobody waits forever"
