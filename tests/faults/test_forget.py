"""The ledger forgets what plans of long ago did: never what is ours, nor that they were pushed."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.pushed import read
from pipelines.traced import lines
from pipelines.undo import make_undo
from transforms.reconcile.plan import Plan, PlanError
from transforms.reconcile.trace import record
from transforms.warehouse import Landing

pytestmark = pytest.mark.parametrize("rig", ["seed"], indirect=True)


@pytest.fixture
def old(rig: Any) -> tuple[Plan, Plan]:
    """Two plans of two years ago: one made two allocations, the other changed one and deleted the other."""
    rig.world.book("ruddr", "stays")
    rig.world.book("ruddr", "goes", "p2")
    plans = [_push(rig)]
    rig.world.book("ruddr", "stays", hours=4)
    rig.world.drop("ruddr", "goes")
    plans.append(_push(rig))
    rig.world.con.execute("UPDATE push_plan SET started_at = started_at - INTERVAL 2 YEAR")
    return plans[0], plans[1]


def _push(rig: Any) -> Plan:
    plan: Plan = rig.plan()
    assert rig.apply(plan, allow=plan.sha256).failed == 0
    return plan


def _record(plan: Plan, booking: str) -> str:
    [found] = [
        change["id"]
        for change in plan.changes
        if change["kind"] == "allocation" and change["origin"]["source_key"] == booking
    ]
    return found


def test_plans_of_long_ago_are_forgotten_and_what_is_ours_is_not(rig: Any, old: tuple[Plan, Plan]) -> None:
    con = rig.world.con
    rig.world.book("ruddr", "new", "p2", days=2)
    newest = _push(rig)
    assert con.execute("SELECT DISTINCT plan_sha256 FROM push_change").fetchall() == [(newest.sha256,)]
    kept = con.execute("SELECT DISTINCT state, source_key FROM push_record ORDER BY 2").fetchall()
    assert kept == [("live", "new"), ("live", "stays")]
    assert [plan["status"] for plan in read(con).plans] == ["applied", "forgotten", "forgotten"]

    for plan in old:  # pushed is pushed
        assert rig.apply(plan).already_applied
    assert rig.plan().changes == []
    rig.world.book("ruddr", "stays", hours=2)
    assert {change["action"] for change in _push(rig).changes} == {"update"}
    rig.world.drop("ruddr", "stays")
    assert {change["action"] for change in _push(rig).changes} == {"delete"}


def test_the_last_plan_is_never_forgotten(rig: Any, old: tuple[Plan, Plan]) -> None:
    rig.world.book("ruddr", "new", "p2", days=2)
    last = _push(rig)
    rig.world.con.execute("UPDATE push_plan SET started_at = started_at - INTERVAL 2 YEAR")
    rig.world.drop("ruddr", "new")
    assert make_undo(rig.settings, rig.world.con, last.sha256).changes
    assert rig.plan().content["previous"] == last.sha256 != old[1].sha256


def test_what_is_forgotten_is_said(rig: Any, old: tuple[Plan, Plan]) -> None:
    con = rig.world.con
    rig.world.book("ruddr", "stays", hours=2)
    _push(rig)
    with pytest.raises(PlanError, match=r"longer ago than \[push\] keep_plans_days.*cannot be undone"):
        make_undo(rig.settings, con, old[0].sha256[:12])
    [trace] = record(con, _record(old[0], "stays"))
    assert [change.action for change in trace.changes] == ["update"]
    shown = "\n".join(lines(trace, [], Landing(rig.settings.landing.path)))
    assert "What plans did to it until" in shown
    assert "is no longer kept ([push] keep_plans_days)" in shown
    with pytest.raises(LookupError, match=r"or it was deleted before .* \(\[push\] keep_plans_days\)"):
        record(con, _record(old[0], "goes"))


def test_while_a_plan_is_kept_nothing_is_missing_of_its_records(rig: Any) -> None:
    rig.world.book("ruddr", "b1")
    plan = _push(rig)
    [trace] = record(rig.world.con, _record(plan, "b1"))
    assert trace.forgotten_until is None
