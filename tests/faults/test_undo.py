"""Undo: the inverse plan, which leaves alone what somebody has changed since."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.undo import make_undo
from transforms.reconcile.plan import Plan, PlanError


def undo(rig: Any, plan: Plan) -> Plan:
    return make_undo(rig.settings, rig.world.con, plan.sha256[:12])


def push(rig: Any) -> Plan:
    plan: Plan = rig.plan()
    rig.apply(plan, allow=plan.sha256)
    return plan


def owned(rig: Any) -> list[Any]:
    """The live records of the ledger, and what it thinks they say."""
    query = "SELECT record_id, image, ms FROM push_record WHERE state = 'live' ORDER BY record_id"
    return [(key, json.loads(image), ms) for key, image, ms in rig.world.con.execute(query).fetchall()]


def test_a_push_is_taken_back_and_pushed_again(rig: Any) -> None:
    rig.world.book("ruddr", "b1", work_item="w1")
    first = push(rig)
    made = rig.rows()
    back = undo(rig, first)
    assert {change["action"] for change in back.changes} == {"delete"}
    assert Plan.load(back.dump()) == back
    rig.apply(back, allow=back.sha256)
    assert rig.rows() == {name: {} for name in made}
    again = push(rig)
    assert again.changes == first.changes
    assert rig.rows() == made


def test_updates_and_deletes_are_put_back(rig: Any) -> None:
    rig.world.book("ruddr", "b1", work_item="w1")
    rig.world.book("ruddr", "b2", "p2", hours=4)
    push(rig)
    before, before_owned = rig.rows(), owned(rig)
    rig.world.book("ruddr", "b1", "p2", days=3, hours=2)
    rig.world.drop("ruddr", "b2")
    second = push(rig)
    back = undo(rig, second)
    result = rig.apply(back, allow=back.sha256)
    assert (result.failed, result.mismatches, back.blocked) == (0, (), [])
    assert rig.rows() == before
    assert owned(rig) == before_owned


def test_what_was_touched_since_is_left_alone(rig: Any) -> None:
    rig.world.book("ruddr", "b1")
    rig.world.book("ruddr", "b2", "p2")
    plan = push(rig)
    name, field = ("Allocation", "value") if rig.store.dialect == "seed" else ("CalendarEvent", "effort")
    first, second = (c["id"] for c in plan.changes if c["kind"] == "allocation")
    rig.store.change(name, first, **{field: 0.2})
    rig.store.remove(name, second)
    back = undo(rig, plan)
    assert first not in {change["id"] for change in back.changes}
    assert {item["reason"] for item in back.blocked} == {
        "changed in ftrack by somebody",
        "deleted in ftrack by somebody",
    }


def test_a_plan_that_a_later_one_changed_is_not_taken_back(rig: Any) -> None:
    rig.world.book("ruddr", "b1")
    first = push(rig)
    rig.world.book("ruddr", "b1", days=3)
    push(rig)
    back = undo(rig, first)
    assert "allocation" not in {change["kind"] for change in back.changes}
    assert {item["reason"] for item in back.blocked} == {"a later plan changed it"}


def test_only_a_plan_that_was_pushed_can_be_undone(rig: Any) -> None:
    plan = rig.plan()
    for sha256 in (plan.sha256, ""):
        with pytest.raises(PlanError, match="No plan"):
            make_undo(rig.settings, rig.world.con, sha256)
