"""What a run did, told on the terminal and as JSON. Lines go to stderr, so that stdout stays for results."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipelines.apply import ApplyResult
    from pipelines.sync import SyncResult
    from transforms.reconcile.plan import Plan
    from transforms.warehouse.snapshot import Snapshot

ACTIONS = ("create", "update", "delete")
TROUBLE_SHOWN = 20


class TerminalReport:
    """The `Report` of a run without Prefect."""

    def pulled(self, snapshots: tuple[Snapshot, ...]) -> None:
        for snapshot in snapshots:
            click.echo(snapshot_line(snapshot), err=True)

    def planned(self, plan: Plan, file: Path) -> None:
        click.echo(plan_line(plan), err=True)
        if plan.changes:
            click.echo(f"The plan is kept in {file}.", err=True)

    def applied(self, result: ApplyResult) -> None:
        for line in (applied_line(result), *trouble(result)):
            click.echo(line, err=True)


def snapshot_line(snapshot: Snapshot) -> str:
    """`ruddr allocations: 120 rows on 2 pages, complete`."""
    quarantined = f", {snapshot.quarantined} in quarantine" if snapshot.quarantined else ""
    state = "complete" if snapshot.complete else f"INCOMPLETE: {snapshot.incomplete_reason}"
    scope = "" if snapshot.scope == "all" else f" ({snapshot.scope})"
    rows = f"{snapshot.rows} row{'s' if snapshot.rows != 1 else ''}"
    # What is queried (ftrack) or stands inside other rows has no pages of its own.
    pages = f" on {snapshot.pages} page{'s' if snapshot.pages != 1 else ''}" if snapshot.pages else ""
    return f"{snapshot.source} {snapshot.stream}{scope}: {rows}{pages}{quarantined}, {state}"


def counts(plan: Plan) -> dict[str, int]:
    """Changes by action, every action named."""
    return {action: sum(1 for c in plan.changes if c["action"] == action) for action in ACTIONS}


def plan_line(plan: Plan) -> str:
    """`Plan 1a2b3c4d: 5 to create, 0 to update, 1 to delete; 2 blocked, 3 conflicts.`"""
    numbers = ", ".join(f"{number} to {action}" for action, number in counts(plan).items())
    what = numbers if plan.changes else "nothing to change"
    return (
        f"Plan {plan.sha256[:8]}: {what}; {len(plan.blocked)} blocked, "
        f"{len(plan.conflicts)} conflicts between the planners."
    )


def applied_line(result: ApplyResult) -> str:
    """`Pushed: 5 created, 0 updated, 1 deleted, 0 failed; 6 verified by reading back.`"""
    if result.already_applied:
        return "This plan was applied before: nothing was sent."
    return (
        f"Pushed: {result.created} created, {result.updated} updated, {result.deleted} deleted, "
        f"{result.failed} failed; {result.verified} verified by reading back."
    )


def trouble(result: ApplyResult) -> list[str]:
    """One line for each change that failed and each record that is not as planned, the first of many."""
    lines = [f"FAILED {failure}" for failure in result.failures]
    lines += [f"NOT AS PLANNED {mismatch}" for mismatch in result.mismatches]
    more = [f"... and {len(lines) - TROUBLE_SHOWN} more"] if len(lines) > TROUBLE_SHOWN else []
    return lines[:TROUBLE_SHOWN] + more


def sync_document(result: SyncResult) -> dict[str, Any]:
    """The JSON of `pull`, `sync` and `backfill`. Keys: snapshots, plan, applied (None: not done)."""
    plan = result.plan
    return {
        "snapshots": [asdict(snapshot) for snapshot in result.snapshots],
        "plan": plan
        and {
            "sha256": plan.sha256,
            "file": result.plan_file,
            "changes": counts(plan),
            "blocked": len(plan.blocked),
            "conflicts": len(plan.conflicts),
        },
        "applied": result.applied and applied_document(result.applied),
    }


def applied_document(result: ApplyResult) -> dict[str, Any]:
    """The JSON of a push: created, updated, deleted, failed, verified (numbers of records), what failed."""
    return asdict(result)
