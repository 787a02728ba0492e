"""The reconciliation's tables (report.sql) as the lists of a plan: JSON types only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any, cast

import duckdb

from transforms.reconcile.plan import (
    Blocked,
    Conflict,
    Image,
    Impact,
    Snapshot,
    SourceImpact,
    Summary,
    Unmatched,
    canonical,
)

MS_PER_HOUR = 3_600_000
_CONTROL = "\\u00"
"""Control characters DuckDB writes in capitals."""
_BLOCKED = """
FROM plan_record
WHERE verdict = 'blocked'
ORDER BY kind, source, source_key, run, record_id
"""
_KEPT = "SELECT (SELECT count(*) FROM rec_want) - (SELECT count(*) FROM rec_want_left)"
PAGE = 10_000


def hours(ms: int) -> float:
    """Hours at the edge of a plan, to a third of a second."""
    return round(ms / MS_PER_HOUR, 4)


def snapshots(con: duckdb.DuckDBPyConnection) -> list[Snapshot]:
    """The latest pull of each stream of the configured planners."""
    return [cast("Snapshot", row) for row in _rows(con, "FROM plan_snapshot")]


def last_plan(con: duckdb.DuckDBPyConnection, server: str) -> str | None:
    """sha256 of the plan that was last pushed to a server. It makes two plans two, even where a change was
    made, taken back and is made again."""
    rows = con.execute(
        "SELECT plan_sha256 FROM push_plan WHERE server = ? ORDER BY started_at DESC, rowid DESC LIMIT 1",
        [server],
    ).fetchall()
    return str(rows[0][0]) if rows else None


def changes(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Everything to create, update and delete: of each change its canonical JSON.

    It can be hundreds of thousands: DuckDB writes them, and no object of them is made here.
    """
    rows = con.execute(files(__package__).joinpath("changes.sql").read_text()).fetchall()
    return [canonical(json.loads(text)) if _CONTROL in text else text for (text,) in rows]


def image(fields: dict[str, Any] | None) -> Image | None:
    """A record's fields as a plan says them: no empty ones, ISO dates, the value as a share."""
    if fields is None:
        return None
    found: Image = {}
    for name, value in fields.items():
        if name == "value_millionths" and value is not None:
            found["value"] = value / 1_000_000
        elif value is not None:
            found[name] = value.isoformat() if isinstance(value, date) else value
    return found


def differing(before: Image | None, after: Image | None) -> tuple[Image | None, Image | None]:
    """Both images without the fields on which they agree; a create or a delete keeps all of its one."""
    if before is None or after is None:
        return before, after
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def blocked_bookings(con: duckdb.DuckDBPyConnection) -> list[Blocked]:
    """Bookings that are not pushed at all, and days of bookings that cannot be said as a share."""
    return [
        {
            "what": "booking",
            "reason": row["reason"],
            "source": row["source"],
            "booking": row["source_key"],
            "person": row["person"],
            "project": row["project"],
            "hours": hours(row["ms"]),
        }
        for row in _rows(con, "FROM plan_blocked_booking")
    ]


def blocked_records(con: duckdb.DuckDBPyConnection) -> list[Blocked]:
    """Records in ftrack that we would change but may not, with what is there and what is wanted."""
    return [_blocked_record(row) for row in _rows(con, _BLOCKED)]


def _blocked_record(row: dict[str, Any]) -> Blocked:
    blocked: Blocked = {
        "what": row["kind"],
        "reason": row["rule"],
        "source": row["source"],
        "booking": row["source_key"],
        "person": row["person"],
        "project": row["project"],
        "hours": hours(max(row["before_ms"], row["after_ms"])),
        "id": row["record_id"],
    }
    before, after = differing(image(row["before"]), image(row["after"]))
    if before is not None:
        blocked["before"] = before
    if after is not None:
        blocked["after"] = after
    return blocked


def conflicts(con: duckdb.DuckDBPyConnection) -> list[Conflict]:
    """Weeks in which both planners book one person on one project, with the hours of each."""
    return [cast("Conflict", _in_hours(row)) for row in _rows(con, "FROM plan_conflict")]


def unmatched(con: duckdb.DuckDBPyConnection) -> list[Unmatched]:
    """People, projects and work items with hours and without a certain counterpart in ftrack."""
    return [cast("Unmatched", _in_hours(row)) for row in _rows(con, "FROM plan_unmatched")]


def summary(con: duckdb.DuckDBPyConnection) -> Summary:
    """How many of each verdict, and whose hours move."""
    counted = con.execute("SELECT verdict, kind, count(*) FROM rec_diff GROUP BY ALL ORDER BY ALL").fetchall()
    totals = dict.fromkeys(("blocked", "outside window", "gone"), 0)
    by_action: dict[str, dict[str, int]] = {"create": {}, "update": {}, "delete": {}}
    for verdict, kind, count in counted:
        if verdict in by_action:
            by_action[verdict][kind] = count
        else:
            totals[verdict] += count
    return {
        "changes": by_action,
        "people": [
            {"person": person, "added_hours": hours(added_ms), "removed_hours": hours(removed_ms)}
            for person, added_ms, removed_ms in con.execute("FROM plan_moved").fetchall()
        ],
        "kept": con.execute(_KEPT).fetchall()[0][0],
        "blocked": totals["blocked"],
        "outside_window": totals["outside window"],
        "gone": totals["gone"],
    }


def impact(con: duckdb.DuckDBPyConnection) -> Impact:
    """What the guards look at."""
    records = con.execute("SELECT coalesce(sum(records), 0)::BIGINT FROM rec_held").fetchall()[0][0]
    people = "FROM plan_impact_user WHERE before_ms > 0"
    emptied = con.execute(f"SELECT person {people} AND after_ms = 0").fetchall()
    return {
        "records": records,
        "people": con.execute(f"SELECT count(*) {people}").fetchall()[0][0],
        "people_emptied": [person for (person,) in emptied],
        "sources": [
            cast("SourceImpact", row) for row in _rows(con, "FROM rec_impact_source ORDER BY source")
        ],
        "projects": [
            {
                "project": row["project"],
                "records": row["records"],
                "before": hours(row["before_ms"]),
                "after": hours(row["after_ms"]),
            }
            for row in _rows(con, "FROM plan_impact_project")
        ],
    }


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    """Rows as dicts, in pages, so that a large result is not held twice."""
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    while page := result.fetchmany(PAGE):
        for row in page:
            yield dict(zip(names, row, strict=True))


def _in_hours(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its milliseconds as hours: `winner_ms` becomes `winner_hours`, `ms` becomes `hours`."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name == "ms" or name.endswith("_ms"):
            found[name.removesuffix("ms") + "hours"] = hours(value)
        else:
            found[name] = value
    return found
