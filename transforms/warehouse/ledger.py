"""The push ledger: intent before the request, outcome after it, and what we own in ftrack.

A change goes intended -> sending -> done | failed, each step committed before the next request leaves. So
after any crash, a change that is `intended` never left, one that is `sending` must be read back, and the
others are settled. Tables and units: ledger.sql.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import duckdb

from transforms.reconcile.plan import Change, Plan

MS_PER_HOUR = 3_600_000
RETRY_MINUTES = 15
"""So long a change waits after ftrack refused it once; twice as long after each further time."""
LONGEST_RETRY_MINUTES = 24 * 60
_CHANGE_COLUMNS = {
    "position": "INTEGER",
    "action": "VARCHAR",
    "kind": "VARCHAR",
    "id": "VARCHAR",
    "before": "JSON",
    "after": "JSON",
    "origin": "JSON",
    "ms": "BIGINT",
}


# Lists reach DuckDB as one JSON text: of a Python list it asks for every element whether pandas is there.
_OUTCOME = '{"plan_sha256": "VARCHAR", "position": "INTEGER", "status": "VARCHAR", "error": "VARCHAR"}'


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a plan as the ledger has it."""

    plan_sha256: str
    position: int
    change: Change


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change; `error` is what ftrack said of a failed one."""

    entry: Entry
    status: Literal["done", "failed", "intended"]
    error: str | None = None


def next_try(last: datetime, failures: int) -> datetime:
    """When a change that failed so often, last at `last`, is planned again (reconcile/backoff.sql)."""
    minutes = min(RETRY_MINUTES * 2 ** min(failures - 1, 30), LONGEST_RETRY_MINUTES)
    return last + timedelta(minutes=minutes)


class Ledger:
    """The ledger in the working warehouse; creates its tables if they are not there."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._plans: dict[str, Plan] = {}  # read and checked once: they can be large
        con.execute(_sql("ledger"))

    def status(self, sha256: str) -> str | None:
        """`applying`, `applied`, or None for a plan whose apply never began."""
        rows = self.con.execute("SELECT status FROM push_plan WHERE plan_sha256 = ?", [sha256]).fetchall()
        return str(rows[0][0]) if rows else None

    def begin(self, plan: Plan, allowed_trips: Sequence[str]) -> None:
        """Make the plan's intents durable: afterwards it is `applying`, and every change `intended`."""
        document = plan.dump().decode()
        content = plan.content
        with self._transaction():
            self.con.execute(
                "INSERT INTO push_plan VALUES (?, ?, ?, ?, ?, 'applying', ?, NULL)",
                [plan.sha256, content["server"], content["dialect"], document, list(allowed_trips), _now()],
            )
            self._add_changes(plan)
        self._plans[plan.sha256] = plan

    def finish(self, sha256: str) -> None:
        """The plan is `applied`: every change is done or failed."""
        self.con.execute(
            "UPDATE push_plan SET status = 'applied', finished_at = ? WHERE plan_sha256 = ?", [_now(), sha256]
        )

    def entries(self, sha256: str, status: str) -> list[Entry]:
        """Changes of a plan in that status, in the plan's order."""
        return self._entries("plan_sha256 = ? AND status = ?", [sha256, status])

    def unsettled(self, server: str) -> list[Entry]:
        """Changes of any plan for that server that left and whose outcome is not known."""
        return self._entries(
            "status = 'sending' AND plan_sha256 IN (SELECT plan_sha256 FROM push_plan WHERE server = ?)",
            [server],
        )

    def failures(self, sha256: str) -> list[tuple[Entry, str]]:
        """Changes of a plan that ftrack refused, with what it said."""
        errors = dict(
            self.con.execute(
                "SELECT position, error FROM push_change WHERE plan_sha256 = ? AND status = 'failed'",
                [sha256],
            ).fetchall()
        )
        return [(entry, errors[entry.position]) for entry in self.entries(sha256, "failed")]

    def sending(self, entries: Sequence[Entry]) -> None:
        """Durably note that these are about to leave."""
        for sha256, positions in _by_plan(entries):
            self.con.execute(
                "UPDATE push_change SET status = 'sending', sent_at = ? WHERE plan_sha256 = ?"
                " AND position IN (SELECT unnest(from_json(?, '[\"INTEGER\"]')))",
                [_now(), sha256, json.dumps(positions)],
            )

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Durably note what came of these, and with it what we own; all or none of them."""
        if not outcomes:
            return
        with self._transaction():
            self.con.execute(
                "CREATE OR REPLACE TEMP TABLE ledger_outcome AS SELECT *, ?::TIMESTAMP AS finished_at"
                f" FROM (SELECT unnest(from_json(?, '[{_OUTCOME}]'), recursive := true))",
                [_now(), json.dumps([_outcome(outcome) for outcome in outcomes])],
            )
            self.con.execute(_sql("ledger_settle"))

    def plan(self, sha256: str) -> Plan | None:
        """A plan whose apply began, as it was read."""
        if sha256 not in self._plans:
            query = "SELECT document FROM push_plan WHERE plan_sha256 = ?"
            rows = self.con.execute(query, [sha256]).fetchall()
            if not rows:
                return None
            self._plans[sha256] = Plan.load(str(rows[0][0]).encode())
        return self._plans[sha256]

    def _add_changes(self, plan: Plan) -> None:
        spec = ", ".join(f"\"{name}\": '{kind}'" for name, kind in _CHANGE_COLUMNS.items())
        with tempfile.TemporaryDirectory(prefix="crewtally-plan-") as folder:
            path = Path(folder) / "changes.ndjson"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(_line(position, change) for position, change in enumerate(plan.changes))
            self.con.execute(
                "INSERT INTO push_change"
                " SELECT ?, position, action, kind, id, before, after, origin, ms,"
                " 'intended', NULL, NULL, NULL"
                f" FROM read_json(?, format = 'newline_delimited', columns = {{{spec}}})",
                [plan.sha256, str(path)],
            )

    def _entries(self, condition: str, parameters: list[Any]) -> list[Entry]:
        rows = self.con.execute(
            f"SELECT plan_sha256, position FROM push_change WHERE {condition} ORDER BY plan_sha256, position",
            parameters,
        ).fetchall()
        found = []
        for sha256, position in rows:
            plan = self.plan(sha256)
            if plan is not None:
                found.append(Entry(sha256, position, plan.changes[position]))
        return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.con.begin()
        try:
            yield
        except BaseException:
            self.con.rollback()
            raise
        self.con.commit()


def _line(position: int, change: Change) -> str:
    row = {name: change.get(name) for name in _CHANGE_COLUMNS}
    row |= {"position": position, "ms": round(change["hours"]["after"] * MS_PER_HOUR)}
    return json.dumps(row) + "\n"


def _outcome(outcome: Outcome) -> dict[str, str | int | None]:
    entry = outcome.entry
    return {
        "plan_sha256": entry.plan_sha256,
        "position": entry.position,
        "status": outcome.status,
        "error": outcome.error,
    }


def _by_plan(entries: Iterable[Entry]) -> Iterator[tuple[str, list[int]]]:
    plans: dict[str, list[int]] = {}
    for entry in entries:
        plans.setdefault(entry.plan_sha256, []).append(entry.position)
    yield from plans.items()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text()
