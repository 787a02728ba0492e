"""From a record in ftrack back to its plans and bookings, and from bookings to records: the ledger, read.

What ftrack itself says now is not asked: a person's edit shows in `crewtally conflicts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import duckdb

MOST_CHOICES = 5
NOTHING = "nothing was pushed from this warehouse yet"


@dataclass(frozen=True, slots=True)
class Held:
    """A record in ftrack as we last wrote it. `state`: live or deleted (by us). `booking` asked for it."""

    record_id: str
    kind: str
    server: str
    state: str
    written: dict[str, Any]
    source: str
    booking: str
    run: int
    made_by: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """One change of one plan to the record, and what came of it; times are UTC.

    `rule`, `person`, `project` and the move are the plan's own words; `before` and `after` as in Change.
    """

    plan_sha256: str
    position: int
    action: str
    status: str
    error: str | None
    sent_at: datetime | None
    finished_at: datetime | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    rule: str | None
    person: str | None
    project: str | None
    moved_from: str | None
    moved_to: str | None
    source: str
    booking: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A record: `held` (None: every attempt to make it failed), its changes from the first on, its bookings.

    `bookings` are (source, key), the one that asked for it first; behind an assignment or a team membership
    stand all current bookings of the same person and work. `forgotten_until` (UTC): what plans did before is
    no longer kept; None where nothing is missing of this record.
    """

    record_id: str
    kind: str
    server: str
    held: Held | None
    changes: list[Pushed]
    bookings: list[tuple[str, str]]
    forgotten_until: datetime | None


def record(con: duckdb.DuckDBPyConnection, beginning: str) -> list[Trace]:
    """What is known of the record whose id begins so, one per server it was pushed to.

    Raises LookupError when the ledger knows none, or several.
    """
    found = [row["record_id"] for row in _ask(con, "trace_id", beginning=beginning)] if beginning else []
    if len(found) > 1:
        more = ", ..." if len(found) > MOST_CHOICES else ""
        raise LookupError(f"several records begin with {beginning}: {', '.join(found[:MOST_CHOICES])}{more}")
    if not found:
        until = _forgotten_until(con)
        old = f", or it was deleted before {until:%Y-%m-%d} ([push] keep_plans_days)" if until else ""
        raise LookupError(
            f"crewtally made no record {beginning} in ftrack: somebody else did, or the ledger was lost "
            f"(`crewtally ledger --rebuild`){old}"
        )
    servers = _ask(con, "trace_servers", record_id=found[0])
    return [_trace(con, row["server"], found[0], row["kind"]) for row in servers]


def records_of(con: duckdb.DuckDBPyConnection, source: str, bookings: Iterable[str]) -> dict[str, list[Held]]:
    """The records in ftrack behind which these bookings stand, by booking; allocations first."""
    found: dict[str, list[Held]] = {}
    if has_ledger(con):
        for row in _ask(con, "trace_records", source=source, bookings=json.dumps(list(bookings))):
            found.setdefault(row.pop("asked"), []).append(_held(row))
    return found


def has_ledger(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything was ever pushed from this warehouse."""
    known = "SELECT 1 FROM information_schema.tables WHERE table_name = 'push_record'"
    return bool(con.execute(known).fetchall())


def _trace(con: duckdb.DuckDBPyConnection, server: str, record_id: str, kind: str) -> Trace:
    named = {"server": server, "record_id": record_id}
    held = [_held(row) for row in _ask(con, "trace_held", **named)]
    changes = [_pushed(row) for row in _ask(con, "trace_changes", **named)]
    asked = [(held[0].source, held[0].booking)] if held else [(changes[-1].source, changes[-1].booking)]
    behind = [(row["source"], row["source_key"]) for row in _ask(con, "trace_bookings", **named)]
    bookings = list(dict.fromkeys(asked + behind))
    whole = not held or held[0].made_by in {change.plan_sha256 for change in changes}
    until = None if whole else _forgotten_until(con, server)
    return Trace(record_id, kind, server, held[0] if held else None, changes, bookings, until)


def _forgotten_until(con: duckdb.DuckDBPyConnection, server: str = "") -> datetime | None:
    [row] = _ask(con, "trace_forgotten", server=server)
    until: datetime | None = row["forgotten_until"]
    return until


def _held(row: dict[str, Any]) -> Held:
    return Held(**{**row, "written": json.loads(row["written"])})


def _pushed(row: dict[str, Any]) -> Pushed:
    images = {name: row[name] and json.loads(row[name]) for name in ("before", "after")}
    return Pushed(**{**row, **images})


def _ask(con: duckdb.DuckDBPyConnection, name: str, **parameters: str) -> list[dict[str, Any]]:
    if not has_ledger(con):
        raise LookupError(NOTHING)
    result = con.execute(files(__package__).joinpath(f"{name}.sql").read_text(), parameters)
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
