"""The official client hears of changes through the event hub, and only while it listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from connectors.sandbox.ftrack.store import Store


def wait_for(condition: Callable[[], Any], session: Any) -> None:
    """Let the client handle events until the condition holds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the event did not come"
        session.event_hub.wait(0.05)


@pytest.fixture
def listening(session: Any) -> tuple[Any, list[dict[str, Any]]]:
    """A connected session, and the changed entities it has heard of."""
    heard: list[dict[str, Any]] = []
    acknowledged: list[Any] = []
    session.event_hub.connect()
    session.event_hub.subscribe("topic=ftrack.update", lambda event: heard.extend(event["data"]["entities"]))
    # The client does not wait for its subscription to arrive: a later event's acknowledgement says it has.
    hub = session.event_hub
    hub._on_published = lambda _event, response: acknowledged.append(response)
    hub.publish(_event(session))
    wait_for(lambda: acknowledged, session)
    assert acknowledged == [{"success": True}]
    return session, heard


def _event(session: Any, topic: str = "sandbox.ready") -> Any:
    import ftrack_api.event.base

    return ftrack_api.event.base.Event(topic=topic, data={"from": session.api_user})


def test_a_commit_is_heard_of(
    listening: tuple[Any, list[dict[str, Any]]], log_in: Callable[..., Any], url: str
) -> None:
    session, heard = listening
    other = log_in(url)
    user = other.create("User", {"username": "ada", "email": "ada@studio.example"})
    other.commit()
    wait_for(lambda: heard, session)
    (told,) = heard
    assert (told["entity_type"], told["entityType"], told["action"]) == ("User", "user", "add")
    assert told["entityId"] == user["id"]
    assert told["changes"]["email"] == {"old": None, "new": "ada@studio.example"}

    heard.clear()
    user["email"] = "a@studio.example"
    other.commit()
    wait_for(lambda: heard, session)
    assert (heard[0]["action"], heard[0]["keys"]) == ("update", ["email"])
    assert heard[0]["changes"] == {"email": {"old": "ada@studio.example", "new": "a@studio.example"}}

    heard.clear()
    other.delete(user)
    other.commit()
    wait_for(lambda: heard, session)
    assert heard[0]["action"] == "remove"


def test_a_change_made_in_ftrack_itself_is_heard_of(
    listening: tuple[Any, list[dict[str, Any]]], store: Store
) -> None:
    session, heard = listening
    with store.transaction():
        project = store.add("Project", name="SHOW")
        store.add("Task", name="Animation", parent_id=project)
    wait_for(lambda: heard, session)
    assert [told["entityType"] for told in heard] == ["show", "task"]


def test_an_event_says_whose_change_it_is(
    session: Any, store: Store, log_in: Callable[..., Any], url: str
) -> None:
    authors: list[dict[str, Any]] = []
    session.event_hub.connect()
    session.event_hub.subscribe("topic=ftrack.update", lambda event: authors.append(event["source"]["user"]))
    ada = store.add("User", username="ada")
    while not authors:  # until the subscription has arrived
        store.add("User", username=f"visitor {store.version}")
        session.event_hub.wait(0.05)
    assert authors[-1] == {"username": "somebody", "id": None}

    for user, user_id in (("ada", ada), (session.api_user, None)):
        authors.clear()
        colleague = log_in(url, user=user)
        colleague.create("User", {"username": f"made by {user}"})
        colleague.commit()
        wait_for(lambda: authors, session)
        assert authors == [{"username": user, "id": user_id}]


def test_what_failed_is_not_heard_of(
    listening: tuple[Any, list[dict[str, Any]]], store: Store, ftrack_api: ModuleType
) -> None:
    session, heard = listening
    session.create("User", {"username": "ada"})
    session.create("Task", {"name": "without a project"})
    with pytest.raises(ftrack_api.exception.ServerError):
        session.commit()
    session.rollback()
    store.add("User", username="bo")
    wait_for(lambda: heard, session)
    assert [told["changes"]["username"]["new"] for told in heard] == ["bo"]


def test_what_happened_before_is_not_replayed(
    store: Store, listening: tuple[Any, list[dict[str, Any]]]
) -> None:
    session, heard = listening
    store.add("User", username="ada")
    wait_for(lambda: heard, session)
    session.event_hub.disconnect()
    store.add("User", username="missed")
    session.event_hub.connect()
    session.event_hub.subscribe("topic=ftrack.*", lambda event: heard.append(event))
    deadline = time.monotonic() + 10
    # The client may hear its own disconnecting first.
    while not any(item.get("topic") == "ftrack.hello" for item in heard):
        assert time.monotonic() < deadline
        session.event_hub.publish(_event(session, "ftrack.hello"))
        session.event_hub.wait(0.05)
    assert not any("missed" in str(item) for item in heard)


def test_the_hub_wants_credentials(ftrack_api: ModuleType, session: Any, url: str) -> None:
    stranger = ftrack_api.event.hub.EventHub(url, session.api_user, "wrong")
    with pytest.raises(ftrack_api.exception.EventHubConnectionError, match="401"):
        stranger.connect()


def test_a_session_may_connect_by_itself(log_in: Callable[..., Any], url: str) -> None:
    session = log_in(url, auto_connect_event_hub=True)
    session._auto_connect_event_hub_thread.join(10)
    assert session.event_hub.connected
