"""The warehouse file is lost: what is provably ours comes back into the ledger, and nothing else does."""

from __future__ import annotations

import json
from typing import Any

from pipelines.rebuild import rebuild_ledger


def test_the_ledger_is_rebuilt_from_ftrack_and_the_plans(rig: Any) -> None:
    rig.world.book("ruddr", "b1", work_item="w1", hours=[8, 8, 2.5, 2.5, 0])
    rig.world.book("ruddr", "b2", "p2")
    rig.world.book("tenthousandft", "b3", "p2", leave="l1")
    rig.sync()
    ledger = "SELECT record_id, state, image, source_key, run, ms FROM push_record ORDER BY record_id"
    before = rig.world.con.execute(ledger).fetchall()
    _edit(rig, "b2")
    rig.world.con.execute("DELETE FROM push_record; DELETE FROM push_change; DELETE FROM push_plan")

    rebuilt = rebuild_ledger(rig.settings, rig.world.con)
    after = rig.world.con.execute(ledger).fetchall()
    assert rebuilt == len(after) == len(before)
    assert _plain(after) == _plain(before)  # also of the edited one: what we wrote, not what is there
    assert rebuild_ledger(rig.settings, rig.world.con) == 0

    plan = rig.plan()
    assert plan.changes == []
    assert [item["reason"] for item in plan.blocked] == ["changed in ftrack by somebody"]
    rig.world.book("ruddr", "b1", work_item="w1", days=2)
    plan = rig.plan()
    assert {(change["action"], change["rule"]) for change in plan.changes} == {("delete", "booking changed")}
    assert rig.apply(plan).failed == 0


def test_what_others_made_is_not_taken(rig: Any) -> None:
    """Not even where it says what a booking says: its id is not derived."""
    rig.world.book("ruddr", "b1", work_item="w1")
    if rig.store.dialect == "seed":
        rig.store.add("Assignment", id="hand", context_id="t1", resource_id="u1", assignment_type="Work")
    else:
        rig.store.add("Appointment", id="hand", context_id="t1", resource_id="u1", type="assignment")
    rig.plan()
    assert rebuild_ledger(rig.settings, rig.world.con) == 0


def _edit(rig: Any, key: str) -> None:
    """A person changes the allocation of a booking in ftrack."""
    query = "SELECT record_id FROM push_record WHERE kind = 'allocation' AND source_key = ?"
    [(record,)] = rig.world.con.execute(query, [key]).fetchall()
    name, field = ("Allocation", "value") if rig.store.dialect == "seed" else ("CalendarEvent", "effort")
    rig.store.change(name, record, **{field: 0.2})


def _plain(rows: list[Any]) -> list[Any]:
    return [(key, state, json.loads(image), *rest) for key, state, image, *rest in rows]
