"""A server that does not undo a list it did not finish, and a process that dies then: the next run heals it.

Only the studio dialect has records of several parts: an event, its person, and what it says of its booking.
"""

from __future__ import annotations

from datetime import date
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
