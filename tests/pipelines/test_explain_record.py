"""`explain record`: from a record in ftrack to plan, change, bookings and raw page, and back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox import Sandbox
from pipelines.apply import apply_plan
from pipelines.plan import make_plan
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.reconcile.plan import Plan
from transforms.reconcile.undo import Holding, inverse
from transforms.warehouse import open_warehouse
from transforms.warehouse.ledger import Ledger, Outcome

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture(scope="module", params=["seed", "studio"])
def pushed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Sandbox, Path, Plan]]:
    """A studio whose first plan was pushed."""
    folder = tmp_path_factory.mktemp("pushed")
    with Sandbox(people=4, seed=6, today=NOW.date(), dialect=request.param) as sandbox:
        files = {"warehouse": {"path": folder / "warehouse.duckdb"}, "landing": {"path": folder / "landing"}}
        settings = Settings.model_validate({**sandbox.ready, **files})
        with open_warehouse(settings.warehouse.path) as con:
            pull(settings, con, now=NOW)
            plan = make_plan(settings, con, now=NOW)
            assert apply_plan(settings, con, plan).failed == 0
        yield sandbox, folder, plan


@pytest.fixture
def studio(pushed: tuple[Sandbox, Path, Plan], workspace: Callable[[Any], Any]) -> Any:
    """A workspace of its own with all that."""
    sandbox, folder, _plan = pushed
    made = workspace(sandbox.ready)
    shutil.copytree(folder, made.folder, dirs_exist_ok=True)
    return made


def first(plan: Plan, kind: str) -> Any:
    return next(change for change in plan.changes if change["kind"] == kind)


def test_every_record_leads_to_the_page_its_booking_came_on(studio: Any, pushed: Any) -> None:
    sandbox, _folder, plan = pushed
    kinds = {"seed": ("assignment", "allocation"), "studio": ("assignment", "team", "allocation")}
    for kind in kinds[sandbox.ftrack.dialect]:
        change = first(plan, kind)
        told = studio.run("explain", "record", change["id"], "--json")
        assert told.code == 0, told.err
        [traced] = told.json
        assert (traced["kind"], traced["record_id"]) == (kind, change["id"])
        assert traced["held"]["written"] == change["after"]
        [step] = traced["changes"]
        assert (step["plan_sha256"], step["action"], step["status"]) == (plan.sha256, "create", "done")
        assert (step["rule"], step["person"], step["project"]) == (
            change["rule"], change["person"], change["project"],
        )  # fmt: skip
        assert (step["before"], step["after"]) == (None, change["after"])
        origin = traced["bookings"][0]
        assert (origin["source"], origin["booking"]) == (
            change["origin"]["source"], change["origin"]["source_key"],
        )  # fmt: skip
        for booking in traced["bookings"]:
            [part] = booking["explanation"]["parts"]
            assert part["versions"][-1]["raw"] is not None


def test_and_the_booking_leads_back(studio: Any, pushed: Any) -> None:
    _sandbox, _folder, plan = pushed
    asked = [change for change in plan.changes if change["origin"].get("work_item_key")]
    change = next(change for change in asked if change["kind"] == "assignment")
    source, key = change["origin"]["source"], change["origin"]["source_key"]
    [explained] = studio.run("explain", "booking", source, key, "--json").json
    [part] = explained["parts"]
    found = {record["record_id"] for record in part["records"]}
    origins = {c["id"]: (c["origin"]["source"], c["origin"]["source_key"]) for c in plan.changes}
    own = {record_id for record_id, origin in origins.items() if origin == (source, key)}
    assert change["id"] in own
    assert own <= found
    for record in part["records"]:
        [traced] = studio.run("explain", "record", record["record_id"], "--json").json
        assert [source, key] in [[b["source"], b["booking"]] for b in traced["bookings"]]


def test_a_week_names_the_records_of_its_bookings(studio: Any, pushed: Any) -> None:
    _sandbox, _folder, plan = pushed
    change = first(plan, "allocation")
    person, day = change["origin"]["person_key"], change["after"]["start"]
    source = change["origin"]["source"]
    told = studio.run("explain", "person-week", person, day, "--source", source, "--json")
    parts = {part["source_key"]: part for part in told.json[0]["parts"]}
    records = parts[change["origin"]["source_key"]]["records"]
    assert change["id"] in [record["record_id"] for record in records]
    shown = studio.run("explain", "person-week", person, day, "--source", source).out
    assert f"In ftrack for {source} booking {change['origin']['source_key']}:" in shown
    assert f"allocation {change['id']}: as we last wrote it: " in shown


def test_on_the_terminal_by_the_beginning_of_the_id(studio: Any, pushed: Any) -> None:
    _sandbox, _folder, plan = pushed
    change = first(plan, "allocation")
    told = studio.run("explain", "record", change["id"][:13])
    assert told.code == 0, told.err
    assert f"allocation {change['id']} in http://127.0.0.1:" in told.out
    assert f"plan {plan.sha256[:8]}: create, done " in told.out
    assert "Behind it: 1 booking." in told.out
    assert "row " in told.out


def test_a_record_that_was_taken_back_keeps_its_story(studio: Any, pushed: Any) -> None:
    _sandbox, _folder, plan = pushed
    change = first(plan, "allocation")
    with open_warehouse(studio.warehouse) as con:
        held = {c["id"]: Holding("live", plan.sha256, c["after"] or {}, c["after"]) for c in plan.changes}
        back = inverse(plan, [change], held, today=NOW.date(), owned=1)
        ledger = Ledger(con)
        ledger.begin(back, [])
        ledger.settle([Outcome(ledger.entries(back.sha256, "intended"), "done")])
    [traced] = studio.run("explain", "record", change["id"], "--json").json
    assert [step["action"] for step in traced["changes"]] == ["create", "delete"]
    assert traced["held"]["state"] == "deleted"
    assert "deleted by us; it said " in studio.run("explain", "record", change["id"]).out


@pytest.mark.parametrize(("asked", "says"), [("h1", "crewtally made no record h1"), ("", "made no record")])
def test_what_is_not_ours_is_said_so(studio: Any, asked: str, says: str) -> None:
    told = studio.run("explain", "record", asked)
    assert (told.code, told.out) == (1, "")
    assert says in told.err


def test_a_beginning_that_several_share_names_them(studio: Any, pushed: Any) -> None:
    _sandbox, _folder, plan = pushed
    beginnings = [change["id"][0] for change in plan.changes]
    shared = max(set(beginnings), key=beginnings.count)
    told = studio.run("explain", "record", shared)
    assert told.code == 1
    assert f"several records begin with {shared}: " in told.err
