"""Between plan and apply somebody makes by hand what the plan is about to make: no second is made."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from pipelines.apply import PlanStale

MONDAY = date(2026, 3, 2)
FRIDAY = MONDAY + timedelta(days=4)


def by_hand(rig: Any, key: str, value: float = 1.0, **more: Any) -> None:
    """Ada's week on ALPHA, as a person enters it."""
    span = {"start": MONDAY, "end": FRIDAY}
    if rig.store.dialect == "seed":
        work = {"allocation_type": "Project Work", **more}
        rig.store.add("Allocation", id=key, resource_id="u1", value=value, **work, **span)
    else:
        rig.store.add("CalendarEvent", id=key, name="by hand", project_id="f1", effort=value, **span, **more)
        rig.store.add("CalendarEventResource", calendar_event_id=key, resource_id="u1")


def test_the_plan_is_stale_and_the_next_one_leaves_it_alone(rig: Any) -> None:
    rig.world.book("ruddr", "b1")
    rig.world.book("ruddr", "b2", "p2")
    plan = rig.plan()
    by_hand(rig, "hand")
    sent = len(rig.gate.writes)
    with pytest.raises(PlanStale, match="is in ftrack already: somebody made hand"):
        rig.apply(plan)
    assert len(rig.gate.writes) == sent
    again = rig.plan()
    [blocked] = [b for b in again.blocked if b["what"] == "allocation"]
    assert blocked["reason"] == "somebody made the same record"
    assert rig.apply(again).created == len(plan.changes) - 1
    assert len(rig.allocations()) == 2


def test_an_assignment_too(rig: Any) -> None:
    rig.world.book("ruddr", "b1", work_item="w1")
    plan = rig.plan()
    if rig.store.dialect == "seed":
        rig.store.add("Assignment", id="hand", context_id="t1", resource_id="u1", assignment_type="Work")
    else:
        rig.store.add("Appointment", id="hand", context_id="t1", resource_id="u1", type="assignment")
    with pytest.raises(PlanStale, match=r"assignment .* is in ftrack already: somebody made hand"):
        rig.apply(plan)


def test_what_says_something_else_does_not_matter(rig: Any) -> None:
    rig.world.book("ruddr", "b1")
    plan = rig.plan()
    by_hand(rig, "half", 0.5)
    assert rig.apply(plan).created == len(plan.changes)


def test_one_the_plan_saw_stands_for_one_of_two(rig: Any) -> None:
    """Two bookings say the same, a person made one of them: the plan makes the other, and may."""
    for key in ("b1", "b2"):
        rig.world.book("ruddr", key)
    by_hand(rig, "hand")
    plan = rig.plan()
    assert [change["kind"] for change in plan.changes].count("allocation") == 1
    assert rig.apply(plan).failed == 0
    assert len(rig.allocations()) == 2


def test_our_own_do_not_count(rig: Any) -> None:
    """A booking deleted and made again under another key: its old record goes, the new one says the same."""
    rig.world.book("ruddr", "b1")
    rig.sync()
    rig.world.drop("ruddr", "b1")
    rig.world.book("ruddr", "b9")
    plan = rig.plan()
    assert {change["action"] for change in plan.changes} == {"create", "delete"}
    assert rig.apply(plan, allow=plan.sha256).failed == 0
