"""The warehouse file is lost: what is provably ours comes back into the ledger, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sandbox import Sandbox
from pipelines.apply import apply_plan
from pipelines.plan import make_plan
from pipelines.pull import pull
from pipelines.rebuild import rebuild_ledger
from pipelines.settings import Settings
from transforms.warehouse import open_warehouse


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


@dataclass
class Studio:
    """A studio that was pulled and pushed; `new` is a booking of a person on a project, both new."""

    sandbox: Sandbox
    settings: Settings
    con: duckdb.DuckDBPyConnection
    new: int

    def pull_and_lose_the_ledger(self) -> None:
        pull(self.settings, self.con)
        self.con.execute("DELETE FROM push_record; DELETE FROM push_change; DELETE FROM push_plan")

    def records(self) -> set[str]:
        """Ids of what the new booking made."""
        query = "SELECT record_id FROM push_record WHERE state = 'live' AND source_key = ?"
        return {str(key) for (key,) in self.con.execute(query, [str(self.new)]).fetchall()}

    def ftrack(self) -> set[str]:
        """Ids of all that a push can have made in ftrack."""
        names = {"seed": ("Assignment", "Allocation"), "studio": ("Appointment", "CalendarEvent")}
        entities = self.sandbox.ftrack.entities
        return {str(key) for name in names[self.sandbox.ftrack.dialect] for key in entities[name]}


@pytest.fixture(params=["seed", "studio"])
def studio(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Studio]:
    with (
        Sandbox(people=3, dialect=request.param) as sandbox,
        open_warehouse(tmp_path / "warehouse.duckdb") as con,
    ):
        settings = Settings.model_validate({**sandbox.ready, "landing": {"path": tmp_path}})
        new = _book(sandbox)
        pull(settings, con)
        apply_plan(settings, con, make_plan(settings, con))
        yield Studio(sandbox, settings, con, new)


def _book(sandbox: Sandbox) -> int:
    """Nina, 5 hours a day on a task of a project of her own: of 8 on Monday and Tuesday, of 6 later."""
    name = {"first_name": "Nina", "last_name": "New"}
    sandbox.ftrack.add("User", username="nina", email="nina@new.test", is_active=True, **name)
    project = sandbox.ftrack.add("Project", name="NEW", full_name="New")
    sandbox.ftrack.add("Task", name="Layout", parent_id=project)
    planner = sandbox.tenthousandft
    nina = planner.add("users", display_name="Nina New", email="nina@new.test", archived=False, **name)
    fields = {"project_state": "Confirmed", "archived": False}
    new = planner.add("projects", name="New", project_code="NEW", parent_id=None, **fields)
    layout = planner.add("projects", name="New", phase_name="Layout", parent_id=new, **fields)
    monday = date.today() + timedelta(days=14 - date.today().weekday())  # noqa: DTZ011
    week = {f"day{number}": 6 if number < 5 else 0 for number in range(7)}
    planner.add(
        "availabilities", user_id=nina, starts_at=str(monday + timedelta(days=2)), ends_at=None, **week
    )
    hours = {"allocation_mode": "hours_per_day", "hours_per_day": 5, "percent": None}
    dates = {"starts_at": str(monday), "ends_at": str(monday + timedelta(days=4))}
    key: int = planner.add("assignments", user_id=nina, assignable_id=layout, **dates, **hours)
    return key


def test_what_a_booking_made_that_is_gone_is_taken_back_and_deleted(studio: Studio) -> None:
    made, there = studio.records(), studio.ftrack()
    assert len(made) == (3 if studio.sandbox.ftrack.dialect == "seed" else 4)
    studio.sandbox.tenthousandft.delete("assignments", studio.new)
    studio.pull_and_lose_the_ledger()
    rebuild_ledger(studio.settings, studio.con)
    assert studio.records() == made
    plan = make_plan(studio.settings, studio.con)
    assert {(change["action"], change["rule"]) for change in plan.changes} == {("delete", "booking gone")}
    assert {change["id"] for change in plan.changes} == made
    assert apply_plan(studio.settings, studio.con, plan, allow=plan.sha256).mismatches == ()
    assert studio.ftrack() == there - made
    assert make_plan(studio.settings, studio.con).changes == []


def test_what_a_person_changed_of_it_is_taken_back_and_left_alone(studio: Studio) -> None:
    name, field = (
        ("Allocation", "value") if studio.sandbox.ftrack.dialect == "seed" else ("CalendarEvent", "effort")
    )
    allocation = min(studio.records() & set(studio.sandbox.ftrack.entities[name]))
    studio.sandbox.ftrack.change(name, allocation, **{field: 0.125})
    studio.sandbox.tenthousandft.delete("assignments", studio.new)
    studio.pull_and_lose_the_ledger()
    rebuild_ledger(studio.settings, studio.con)
    plan = make_plan(studio.settings, studio.con)
    assert allocation not in {change["id"] for change in plan.changes}
    [edited] = [blocked for blocked in plan.blocked if blocked.get("id") == allocation]
    assert edited["reason"] == "changed in ftrack by somebody"


def test_what_a_booking_made_before_it_got_shorter_goes_as_well(studio: Studio) -> None:
    """Its second run, after it was cut down to the first."""
    planner, made = studio.sandbox.tenthousandft, studio.records()
    monday = date.fromisoformat(planner.get("assignments", studio.new)["starts_at"])
    planner.update("assignments", studio.new, ends_at=str(monday + timedelta(days=1)))
    studio.pull_and_lose_the_ledger()
    rebuild_ledger(studio.settings, studio.con)
    assert studio.records() == made
    [change] = make_plan(studio.settings, studio.con).changes
    assert (change["action"], change["rule"], change["origin"]["run"]) == ("delete", "booking changed", 2)


def _edit(rig: Any, key: str) -> None:
    """A person changes the allocation of a booking in ftrack."""
    query = "SELECT record_id FROM push_record WHERE kind = 'allocation' AND source_key = ?"
    [(record,)] = rig.world.con.execute(query, [key]).fetchall()
    name, field = ("Allocation", "value") if rig.store.dialect == "seed" else ("CalendarEvent", "effort")
    rig.store.change(name, record, **{field: 0.2})


def _plain(rows: list[Any]) -> list[Any]:
    return [(key, state, json.loads(image), *rest) for key, state, image, *rest in rows]
