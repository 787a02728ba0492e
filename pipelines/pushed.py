"""What was pushed: plans applied, changes by outcome, what failed, what is still open, what we own."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from pipelines import queries, tables
from transforms.warehouse.ledger import next_try

PLANS_SHOWN = 20
ROWS_SHOWN = 50
_NEXT = {
    "intended": "never left; the next plan asks for it again",
    "sending": "left, no answer came; the next plan or apply reads it back first",
}


@dataclass(frozen=True, slots=True)
class Pushed:
    """The ledger, the newest first.

    `plans` carry their `changes` (action -> status -> number); `failed` and `open` changes name the person
    and the project they are about, and their `next_try`.
    """

    plans: list[dict[str, Any]]
    outcomes: dict[str, int]
    records: list[dict[str, Any]]
    failed: list[dict[str, Any]]
    open: list[dict[str, Any]]


def read(con: duckdb.DuckDBPyConnection) -> Pushed:
    """The ledger in the warehouse; everything is empty before the first push."""
    plans = queries.rows(con, "ledger_plans", needs="push_plan")
    by_plan: dict[str, dict[str, dict[str, int]]] = {}
    outcomes: Counter[str] = Counter()
    for row in queries.rows(con, "ledger_outcomes", needs="push_ledger"):
        by_plan.setdefault(row["plan_sha256"], {}).setdefault(row["action"], {})[row["status"]] = row[
            "changes"
        ]
        outcomes[row["status"]] += row["changes"]
    for plan in plans:
        plan["changes"] = by_plan.get(plan["plan_sha256"], {})
    unfinished = _named(con, queries.rows(con, "ledger_unfinished", needs="push_ledger"))
    return Pushed(
        plans=plans,
        outcomes=dict(sorted(outcomes.items())),
        records=queries.rows(con, "ledger_records", needs="push_record"),
        failed=[row for row in unfinished if row["status"] == "failed"],
        open=[row for row in unfinished if row["status"] != "failed"],
    )


def _named(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The changes with person and project, which only the plans' documents name, and what happens next."""
    changes: dict[str, list[Any]] = {}
    for row in rows:
        sha256 = row["plan_sha256"]
        if sha256 not in changes:
            query = "SELECT document FROM push_plan WHERE plan_sha256 = ?"
            changes[sha256] = json.loads(con.execute(query, [sha256]).fetchall()[0][0])["plan"]["changes"]
        change = changes[sha256][row["position"]]
        row |= {"person": change["person"], "project": change["project"]}
        row["next_try"] = _next_try(row) if row["is_open"] else None
    return rows


def _next_try(row: dict[str, Any]) -> str:
    if row["status"] != "failed":
        return _NEXT[row["status"]]
    due = next_try(row["last_try"], row["tries"])
    return f"with the first plan after {due:%Y-%m-%d %H:%M:%S} UTC, if it is still wanted"


def still_failed(pushed: Pushed) -> list[dict[str, Any]]:
    """Failed changes that no later plan has dealt with."""
    return [row for row in pushed.failed if row["is_open"]]


def as_document(pushed: Pushed, *, failed_only: bool = False) -> dict[str, Any]:
    """The JSON. Keys: plans, outcomes, records, failed, open; with `failed_only` what still is."""
    return {"failed": still_failed(pushed)} if failed_only else asdict(pushed)


def show(pushed: Pushed, *, failed_only: bool = False) -> None:
    """Prints the ledger for a person."""
    if not failed_only:
        _show_plans(pushed)
    _show_changes("Failed, and not dealt with since", still_failed(pushed))
    if not failed_only:
        _show_changes("Open: neither done nor failed", pushed.open)
        owned = ", ".join(f"{row['records']:,} {row['kind']}s" for row in pushed.records) or "none"
        changes = ", ".join(f"{number:,} {word}" for word, number in pushed.outcomes.items()) or "none"
        tables.console().print(f"Records of ours in ftrack: {owned}. Changes so far: {changes}.")


def _show_plans(pushed: Pushed) -> None:
    rows = [
        (
            plan["plan_sha256"][:8],
            plan["started_at"],
            plan["status"],
            *(plan["changes"].get(action, {}).get("done", 0) for action in ("create", "update", "delete")),
            sum(outcomes.get("failed", 0) for outcomes in plan["changes"].values()),
            ", ".join(plan["allowed_trips"]),
        )
        for plan in pushed.plans[:PLANS_SHOWN]
    ]
    shown = f" (the last {PLANS_SHOWN} of {len(pushed.plans)})" if len(pushed.plans) > PLANS_SHOWN else ""
    columns = ("plan", "begun (UTC)", "state", "created", "updated", "deleted", "failed", "guards allowed")
    tables.show(columns, rows, title=f"Plans pushed{shown}")


def _show_changes(title: str, changes: list[dict[str, Any]]) -> None:
    if not changes:
        return
    columns = ("plan", "action", "kind", "person", "project", "tries", "error")
    rows = [
        (row["plan_sha256"][:8], *(row[name] for name in columns[1:-1]), row["error"] or row["status"])
        for row in changes[:ROWS_SHOWN]
    ]
    tables.show(columns, rows, title=f"{title}: {len(changes)}")
    say = tables.console().print
    for what in sorted({row["next_try"] for row in changes if row["next_try"]}):
        say(f"Next try: {what}.", markup=False)
    if len(changes) > ROWS_SHOWN:
        say(f"... and {len(changes) - ROWS_SHOWN} more: crewtally ledger --json")
    say()
