"""The state of things, read from the warehouse: freshness, runs, quarantine, pushes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb

from pipelines import queries, tables
from pipelines.lock import lake
from pipelines.settings import Settings

LAST_RUNS = 10

# The last snapshot of every source, stream and scope. Grain: source, stream, scope.
_STREAMS = """
SELECT source, stream, scope, window_start, window_end, finished_at, complete, incomplete_reason,
       rows, loaded, repeated, outside, quarantined
FROM raw_snapshot
QUALIFY row_number() OVER (PARTITION BY source, stream, scope ORDER BY finished_at DESC) = 1
ORDER BY source, started_at, stream, scope
"""

_RUNS = """
SELECT run_id, command, started_at, finished_at, coalesce(outcome, 'unfinished') AS outcome, detail
FROM meta_run ORDER BY started_at DESC LIMIT ?
"""

# Rows the last snapshots could not read, by reason. Grain: source, stream, reason.
_QUARANTINE = """
SELECT q.source, q.stream, q.reason, count(*)::INTEGER AS rows
FROM raw_quarantine AS q
SEMI JOIN (
    SELECT snapshot_id FROM raw_snapshot
    QUALIFY row_number() OVER (PARTITION BY source, stream, scope ORDER BY finished_at DESC) = 1
) USING (snapshot_id)
GROUP BY ALL ORDER BY ALL
"""

_PLANS = """
SELECT plan_sha256, server, dialect, status, started_at, finished_at FROM push_plan
ORDER BY started_at DESC LIMIT 1
"""


def read(settings: Settings, con: duckdb.DuckDBPyConnection | None) -> dict[str, Any]:
    """Keys: warehouse, now, streams, runs, quarantine, pushed. With no warehouse the lists are empty."""
    now = datetime.now(UTC).replace(microsecond=0)
    place = lake(settings)
    warehouse = settings.warehouse.path if place is None else place.catalog
    state: dict[str, Any] = {"warehouse": warehouse, "now": now}
    state["streams"] = _rows(con, "raw_snapshot", _STREAMS)
    for stream in state["streams"]:
        stream["age_seconds"] = int((now.replace(tzinfo=None) - stream["finished_at"]).total_seconds())
    state["runs"] = _rows(con, "meta_run", _RUNS, [LAST_RUNS])
    state["quarantine"] = _rows(con, "raw_quarantine", _QUARANTINE)
    state["pushed"] = _pushed(con)
    return state


def _pushed(con: duckdb.DuckDBPyConnection | None) -> dict[str, Any]:
    """Keys: records (ours, live in ftrack), changes (status -> number), last_plan (None before the first)."""
    records = _rows(con, "push_record", "SELECT count(*)::INTEGER AS n FROM push_record WHERE state = 'live'")
    changes = _rows(
        con, "push_ledger", "SELECT status, count(*)::INTEGER AS n FROM push_ledger GROUP BY 1 ORDER BY 1"
    )
    plans = _rows(con, "push_plan", _PLANS)
    return {
        "records": records[0]["n"] if records else 0,
        "changes": {row["status"]: row["n"] for row in changes},
        "last_plan": plans[0] if plans else None,
    }


def _rows(
    con: duckdb.DuckDBPyConnection | None, table: str, sql: str, parameters: list[Any] | None = None
) -> list[dict[str, Any]]:
    """Rows of `sql`; none while its table or view does not exist."""
    if con is None or not queries.has(con, table):
        return []
    result = con.execute(sql, parameters or [])
    return tables.objects([column[0] for column in result.description or []], result.fetchall())


def show(state: dict[str, Any]) -> None:
    """Prints the state for a person."""
    streams = [
        (
            s["source"],
            s["stream"] + ("" if s["scope"] == "all" else f" ({s['scope']})"),
            age(s["age_seconds"]) + " ago",
            "yes" if s["complete"] else f"no: {s['incomplete_reason']}",
            s["rows"],
            s["quarantined"],
        )
        for s in state["streams"]
    ]
    tables.show(("source", "stream", "pulled", "complete", "rows", "quarantined"), streams, title="Freshness")
    if state["quarantine"]:
        rows = [tuple(row.values()) for row in state["quarantine"]]
        tables.show(("source", "stream", "reason", "rows"), rows, title="Quarantine")
    runs = [(r["command"], r["started_at"], r["outcome"], r["detail"]) for r in state["runs"]]
    tables.show(("command", "started (UTC)", "outcome", "detail"), runs, title="Last runs")
    pushed = state["pushed"]
    changes = ", ".join(f"{number} {word}" for word, number in pushed["changes"].items()) or "none"
    tables.console().print(f"In ftrack: {pushed['records']} records of ours. Changes: {changes}.")


def age(seconds: int) -> str:
    """3720 -> `1 h 2 min`."""
    minutes = seconds // 60
    if minutes < 1:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"
