"""The push ledger: intent before the request, outcome after it, and what we own in ftrack.

A change goes intended -> sending -> done | failed, each step committed before the next request leaves. So
after any crash, a change that is `intended` never left, one that is `sending` must be read back, and the
others are settled. Tables and units: ledger.sql.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import duckdb

from transforms.reconcile.plan import Change, Image, Plan

MS_PER_HOUR = 3_600_000
RETRY_MINUTES = 15
"""So long a change waits after ftrack refused it once; twice as long after each further time."""
LONGEST_RETRY_MINUTES = 24 * 60
_LOG_SIZE = "1GB"


class Entry(NamedTuple):
    """One change of a plan as the ledger has it."""

    plan_sha256: str
    position: int
    change: Change


class Outcome(NamedTuple):
    """What came of a change; `error` is what ftrack said of a failed one.

    `wrote` are the fields that an update which is not done has changed nevertheless.
    """

    entry: Entry
    status: Literal["done", "failed", "intended"]
    error: str | None = None
    wrote: Image | None = None


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
        """`applying`, `applied`, `forgotten` (applied long ago), or None where apply never began."""
        rows = self.con.execute("SELECT status FROM push_plan WHERE plan_sha256 = ?", [sha256]).fetchall()
        return str(rows[0][0]) if rows else None

    def begin(self, plan: Plan, allowed_trips: Sequence[str]) -> None:
        """Make the plan's intents durable: afterwards it is `applying`, and every change `intended`."""
        document, content = plan.dump().decode(), plan.content
        with self._transaction():
            self.con.execute(
                "INSERT INTO push_plan VALUES (?, ?, ?, ?, ?, 'applying', ?, NULL)",
                [plan.sha256, content["server"], content["dialect"], document, list(allowed_trips), _now()],
            )
            self.con.execute(_sql("ledger_begin"), {"plan_sha256": plan.sha256, "ms_per_hour": MS_PER_HOUR})
        self._plans[plan.sha256] = plan

    def finish(self, sha256: str) -> None:
        """The plan is `applied`: every change is done or failed."""
        self.con.execute(
            "UPDATE push_plan SET status = 'applied', finished_at = ? WHERE plan_sha256 = ?", [_now(), sha256]
        )

    def forget(self, days: int) -> None:
        """Forget the changes of plans older than that, and what they deleted; what we own stays known."""
        self.con.execute(_sql("ledger_old"), {"before": _now() - timedelta(days=days)})
        if self.con.execute("SELECT 1 FROM ledger_old LIMIT 1").fetchall():
            with self._transaction():
                self.con.execute(_sql("ledger_forget"))

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Between its many commits the file is not rewritten: each is durable in the log beside it.

        And its small statements are one thread's work, while others send and read back.
        """
        [(threads,)] = self.con.execute("SELECT current_setting('threads')").fetchall()
        self.con.execute(f"SET checkpoint_threshold = '{_LOG_SIZE}'; SET threads = 1")
        try:
            yield
        finally:
            self.con.execute(f"RESET checkpoint_threshold; SET threads = {threads}")

    def entries(self, sha256: str, status: str) -> list[Entry]:
        """Changes of a plan in that status, in the plan's order."""
        return self._entries("plan_sha256 = ? AND status = ?", [sha256, status])

    def unsettled(self, server: str) -> list[Entry]:
        """Changes of any plan for that server that left and whose outcome is not known."""
        return self._entries(
            "status = 'sending' AND plan_sha256 IN (SELECT plan_sha256 FROM push_plan WHERE server = ?)",
            [server],
        )

    def owned(self, server: str) -> set[str]:
        """Ids of the records on a server that are ours and live."""
        query = "SELECT record_id FROM push_record WHERE server = ? AND state = 'live'"
        return {str(row[0]) for row in self.con.execute(query, [server]).fetchall()}

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
        self.turn((), entries)

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Durably note what came of these, and with it what we own."""
        self.turn(outcomes, ())

    def turn(self, outcomes: Sequence[Outcome], sending: Sequence[Entry]) -> None:
        """Durably note what came of some changes and which leave next; all of it or nothing."""
        if not outcomes and not sending:
            return
        with self._transaction():
            if outcomes:
                self._load("ledger_outcome", _gathered(outcome[:3] for outcome in outcomes))
                self.con.execute(_sql("ledger_settle"))
                done = {outcome.entry.change["action"] for outcome in outcomes if outcome.status == "done"}
                for action in sorted(done):
                    self.con.execute(_sql(f"ledger_{action}"))
                self._half_done(outcomes)
            if sending:
                self._load("ledger_leaving", _gathered((entry, "sending", None) for entry in sending))
                self.con.execute(_sql("ledger_sending"))

    def _half_done(self, outcomes: Sequence[Outcome]) -> None:
        """What we wrote of records that are not as planned yet: so it is no person's edit."""
        halves = [
            {"plan_sha256": entry.plan_sha256, "position": entry.position, "wrote": wrote}
            for entry, _status, _error, wrote in outcomes
            if wrote
        ]
        if halves:
            self.con.execute(_sql("ledger_half"), {"halves": json.dumps(halves)})

    def _load(self, table: str, rows: Sequence[_Many]) -> None:
        """A temporary table of changes: plan_sha256, status, error, position, noted_at."""
        # As one JSON text: of a Python list DuckDB asks for every element whether pandas is there.
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS"
            " SELECT many.plan_sha256, many.status, many.error, unnest(many.positions) AS position,"
            f" ?::TIMESTAMP AS noted_at FROM (SELECT unnest(from_json(?, '[{_MANY}]')) AS many)",
            [_now(), json.dumps([row._asdict() for row in rows])],
        )

    def plan(self, sha256: str) -> Plan | None:
        """A plan whose apply began, as it was read; None also for one that is forgotten."""
        if sha256 not in self._plans:
            query = "SELECT document FROM push_plan WHERE plan_sha256 = ? AND status <> 'forgotten'"
            rows = self.con.execute(query, [sha256]).fetchall()
            if not rows:
                return None
            self._plans[sha256] = Plan.load(str(rows[0][0]).encode())
        return self._plans[sha256]

    def _entries(self, condition: str, parameters: list[Any]) -> list[Entry]:
        rows = self.con.execute(
            "SELECT plan_sha256, list(position ORDER BY position) FROM push_change"
            f" WHERE {condition} GROUP BY plan_sha256 ORDER BY plan_sha256",
            parameters,
        ).fetchall()
        found: list[Entry] = []
        for sha256, positions in rows:
            plan = self.plan(sha256)
            if plan is not None:
                found += [Entry(sha256, position, plan.changes[position]) for position in positions]
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


class _Many(NamedTuple):
    """Changes of one plan of which the same is to be noted: hundreds, as a rule."""

    plan_sha256: str
    status: str
    error: str | None
    positions: list[int]


_MANY = '{"plan_sha256": "VARCHAR", "status": "VARCHAR", "error": "VARCHAR", "positions": ["INTEGER"]}'


def _gathered(noted: Iterable[tuple[Entry, str, str | None]]) -> list[_Many]:
    """Those of one plan, status and error together, in the order in which they first come."""
    found: dict[tuple[str, str, str | None], list[int]] = {}
    for entry, status, error in noted:
        found.setdefault((entry.plan_sha256, status, error), []).append(entry.position)
    return [_Many(*key, positions) for key, positions in found.items()]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text()
