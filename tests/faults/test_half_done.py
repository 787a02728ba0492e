"""A server that does not undo a list it did not finish, and a process that dies then: the next run heals it.

Only the studio dialect has records of several parts: an event, its person, and what it says of its booking.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.ftrack.client import Ftrack

pytestmark = pytest.mark.parametrize("rig", ["studio"], indirect=True)


@pytest.fixture
def dies_after(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`dies_after(rig, plan, n)`: the plan is applied by a process that dies when n operations are done."""

    def apply(rig: Any, plan: Any, operations: int) -> None:
        send = Ftrack.send

        def die(client: Ftrack, wanted: list[Any]) -> None:
            send(client, wanted[:operations])
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Ftrack, "send", die)
            with pytest.raises(KeyboardInterrupt):
                rig.apply(plan, allow=plan.sha256)

    return apply


def half_made(rig: Any, dies_after: Any) -> str:
    """A booking whose event is there without its person; the id of the event."""
    rig.world.book("ruddr", "b1")
    plan = rig.plan()
    plan_of_it = [change for change in plan.changes if change["kind"] == "allocation"]
    dies_after(rig, plan, 1)
    [event] = rig.allocations()
    assert event == plan_of_it[0]["id"]
    assert rig.store.entities["CalendarEventResource"] == {}
    return str(event)


def allocation(plan: Any) -> Any:
    [change] = [change for change in plan.changes if change["kind"] == "allocation"]
    return change


@pytest.mark.parametrize("hours", [8, 4])
def test_a_half_made_event_is_completed(rig: Any, dies_after: Any, hours: float) -> None:
    """Also when the booking says something else by now."""
    event = half_made(rig, dies_after)
    rig.world.book("ruddr", "b1", hours=hours)
    plan = rig.plan()
    assert (allocation(plan)["action"], allocation(plan)["rule"]) == (
        "create",
        "half made by an earlier push",
    )
    result = rig.apply(plan)
    assert (result.failed, result.mismatches) == (0, ())
    assert rig.allocations()[event]["effort"] == hours / 8
    [link] = rig.store.entities["CalendarEventResource"].values()
    assert (link["calendar_event_id"], link["resource_id"]) == (event, "u1")
    assert rig.plan().changes == []


def test_a_half_made_event_that_nobody_wants_any_more_goes(rig: Any, dies_after: Any) -> None:
    half_made(rig, dies_after)
    rig.world.drop("ruddr", "b1")
    plan = rig.plan()
    assert (allocation(plan)["action"], allocation(plan)["rule"]) == (
        "delete",
        "half made by an earlier push",
    )
    assert rig.apply(plan, allow=plan.sha256).failed == 0
    assert rig.allocations() == {}
    assert rig.plan().changes == []


def test_a_half_made_event_that_a_person_completed_is_theirs(rig: Any, dies_after: Any) -> None:
    event = half_made(rig, dies_after)
    rig.store.add("CalendarEventResource", calendar_event_id=event, resource_id="u2")
    plan = rig.plan()
    assert [change["kind"] for change in plan.changes if change["id"] == event] == []
    reasons = [blocked["reason"] for blocked in plan.blocked if blocked["what"] == "allocation"]
    assert reasons == ["changed in ftrack by somebody"]


def test_an_event_without_a_person_of_somebody_else_is_left_alone(rig: Any) -> None:
    days = {"start": date(2026, 3, 2), "end": date(2026, 3, 3)}
    rig.store.add("CalendarEvent", id="hand", name="a meeting", effort=1.0, **days)
    theirs = rig.allocations()
    rig.world.book("ruddr", "b1")
    rig.sync()
    rig.world.drop("ruddr", "b1")
    plan = rig.plan()
    rig.apply(plan, allow=plan.sha256)
    assert rig.allocations() == theirs


def test_a_half_deleted_event_goes_whole(rig: Any, dies_after: Any) -> None:
    rig.world.book("ruddr", "b1")
    rig.sync()
    rig.world.drop("ruddr", "b1")
    plan = rig.plan()
    first = next(change for change in plan.changes if change["action"] == "delete")
    assert first["kind"] == "allocation"
    dies_after(rig, plan, 1)
    assert (len(rig.allocations()), rig.store.entities["CalendarEventResource"]) == (1, {})
    again = rig.plan()
    assert allocation(again)["action"] == "delete"
    assert rig.apply(again, allow=again.sha256).failed == 0
    assert rig.allocations() == {}
    assert rig.plan().changes == []


def test_a_half_deleted_event_that_is_wanted_again_is_made_whole(rig: Any, dies_after: Any) -> None:
    booking = rig.world.book("ruddr", "b1")
    rig.sync()
    rig.world.drop("ruddr", "b1")
    dies_after(rig, rig.plan(), 1)
    rig.world.bookings["ruddr", "b1"] = booking
    plan = rig.plan()
    assert allocation(plan)["action"] == "update"
    assert rig.apply(plan).failed == 0
    [link] = rig.store.entities["CalendarEventResource"].values()
    assert link["resource_id"] == "u1"
    assert rig.plan().changes == []


@pytest.fixture
def half_updated(rig: Any, dies_after: Any) -> tuple[Any, str]:
    """A booking went from Ada to Ben, from 8 hours to 4; its event says only the hours. The plan, its id."""
    rig.world.book("ruddr", "b1")
    rig.sync()
    rig.world.book("ruddr", "b1", "p2", hours=4)
    plan = rig.plan()
    assert (allocation(plan)["action"], allocation(plan)["after"]) == (
        "update",
        {"user_id": "u2", "value": 0.5},
    )
    earlier = next(place for place, change in enumerate(plan.changes) if change["kind"] == "allocation")
    dies_after(rig, plan, earlier + 1)
    [(event, row)] = rig.allocations().items()
    [link] = rig.store.entities["CalendarEventResource"].values()
    assert (row["effort"], link["resource_id"]) == (0.5, "u1")
    return plan, str(event)


@pytest.mark.parametrize(
    ("person", "hours", "after"),
    [
        ("p2", 4, {"user_id": "u2"}),
        ("p2", 2, {"user_id": "u2", "value": 0.25}),
        ("p1", 8, {"value": 1.0}),
    ],
    ids=["still wanted", "something else by now", "taken back"],
)
def test_a_half_updated_event_is_completed(
    rig: Any, half_updated: tuple[Any, str], person: str, hours: float, after: Any
) -> None:
    rig.world.book("ruddr", "b1", person, hours=hours)
    plan = rig.plan()
    assert (allocation(plan)["action"], allocation(plan)["after"]) == ("update", after)
    result = rig.apply(plan)
    assert (result.failed, result.mismatches) == (0, ())
    assert rig.allocations()[half_updated[1]]["effort"] == hours / 8
    [link] = rig.store.entities["CalendarEventResource"].values()
    assert link["resource_id"] == ("u2" if person == "p2" else "u1")
    assert (rig.plan().changes, rig.plan().blocked) == ([], [])


@pytest.mark.usefixtures("half_updated")
def test_a_half_updated_event_that_nobody_wants_any_more_goes(rig: Any) -> None:
    rig.world.drop("ruddr", "b1")
    plan = rig.plan()
    assert allocation(plan)["action"] == "delete"
    rig.apply(plan, allow=plan.sha256)
    assert (rig.allocations(), rig.plan().changes) == ({}, [])


def test_the_same_plan_goes_on_where_it_was_half_done(rig: Any, half_updated: tuple[Any, str]) -> None:
    plan, _ = half_updated
    result = rig.apply(plan)
    assert (result.updated > 0, result.failed, result.mismatches) == (True, 0, ())
    assert rig.plan().changes == []


@pytest.mark.parametrize("edit", [{"effort": 0.75}, {"name": "mine"}], ids=["a field of ours", "another"])
def test_a_half_updated_event_that_a_person_edited_is_theirs(
    rig: Any, half_updated: tuple[Any, str], edit: Any
) -> None:
    """A value that is neither as it was nor as it was to become, or a field that was not to change."""
    rig.store.change("CalendarEvent", half_updated[1], **edit)
    plan = rig.plan()
    assert [change for change in plan.changes if change["kind"] == "allocation"] == []
    reasons = [blocked["reason"] for blocked in plan.blocked if blocked["what"] == "allocation"]
    assert reasons == ["changed in ftrack by somebody"]


def test_an_update_that_is_refused_in_part_and_then_again_stays_ours(rig: Any) -> None:
    for key, person in (("b1", "p1"), ("b2", "p1"), ("b3", "p2")):
        rig.world.book("ruddr", key, person)
    rig.sync()
    rig.world.book("ruddr", "b1", "p2", hours=4)
    rig.gate.halved = set(range(1, 99))
    assert rig.apply(rig.plan()).failed == 1
    rig.gate.halved = set()

    again = rig.plan(now=later(days=1))
    assert (allocation(again)["action"], allocation(again)["after"]) == ("update", {"user_id": "u2"})
    ben = rig.store.entities["User"].pop("u2")
    assert rig.apply(again).failed == 1
    rig.store.entities["User"]["u2"] = ben

    plan = rig.plan(now=later(days=9))
    assert (allocation(plan)["action"], allocation(plan)["after"]) == ("update", {"user_id": "u2"})
    assert rig.apply(plan).failed == 0
    assert (rig.plan().changes, rig.plan().blocked) == ([], [])


def later(**span: float) -> datetime:
    return datetime.now(UTC) + timedelta(**span)
