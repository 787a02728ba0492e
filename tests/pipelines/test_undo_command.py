"""`undo` and `ledger --rebuild` on the command line, against services of their own: they write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.sandbox import Sandbox
from transforms.reconcile.plan import Plan


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(people=5, seed=4) as running:
        yield running


@pytest.fixture
def synced(sandbox: Sandbox, workspace: Callable[[Any], Any]) -> Any:
    made = workspace(sandbox.ready)
    assert made.run("sync").code == 0
    return made


def test_a_push_is_taken_back_and_reviewed_first(synced: Any, sandbox: Sandbox) -> None:
    before = {**sandbox.ftrack.entities["Allocation"]}
    [pushed] = synced.run("ledger", "--json").json["plans"]
    file = synced.folder / "undo.json"
    told = synced.run("undo", pushed["plan_sha256"][:12], "-o", file)
    assert told.code == 0, told.err
    assert f"This plan undoes plan {pushed['plan_sha256']}" in told.out
    assert sandbox.ftrack.entities["Allocation"] == before  # nothing was sent
    plan = Plan.load(file.read_bytes())
    assert {change["action"] for change in plan.changes} == {"delete"}
    applied = synced.run("apply", file, "--allow", plan.sha256, "--json")
    assert applied.code == 0, applied.err
    assert applied.json["deleted"] == len(plan.changes)
    assert synced.run("ledger", "--json").json["records"] == []
    assert synced.run("conflicts", "--json").json["plan"]["sha256"] == pushed["plan_sha256"]  # not the undo


def test_by_the_plan_s_own_file_and_in_every_form(synced: Any) -> None:
    [kept] = (synced.folder / "plans").iterdir()
    text, page = synced.run("undo", kept), synced.run("undo", kept, "--format", "html")
    assert (text.code, page.code) == (0, 0)
    assert page.out.startswith("<!doctype html>")
    assert synced.run("undo", kept, "--json").json["plan"]["undoes"] == Plan.load(kept.read_bytes()).sha256


@pytest.mark.parametrize("which", ["", "beef", "no-such-file.json"])
def test_what_was_never_pushed_cannot_be_undone(synced: Any, which: str) -> None:
    told = synced.run("undo", which)
    assert (told.code, told.out) == (2, "")
    assert "was pushed" in told.err


def test_a_lost_warehouse_is_taken_back_from_ftrack(synced: Any) -> None:
    owned = synced.run("ledger", "--json").json["records"]
    synced.warehouse.unlink()
    assert synced.run("pull").code == 0
    told = synced.run("ledger", "--rebuild", "--json")
    assert told.code == 0, told.err
    assert "back into the ledger" in told.err
    records = {row["kind"]: row["records"] for row in told.json["records"]}
    assert records.get("allocation") == next(row["records"] for row in owned if row["kind"] == "allocation")
    assert synced.run("plan", "--json").json["plan"]["changes"] == []


def test_rebuilding_needs_a_pull(sandbox: Sandbox, workspace: Callable[[Any], Any]) -> None:
    told = workspace(sandbox.ready).run("ledger", "--rebuild")
    assert (told.code, told.out) == (1, "")
    assert "crewtally pull" in told.err
