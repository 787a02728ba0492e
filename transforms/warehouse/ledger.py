"""The push ledger: intent before the request, outcome after it, and what we own in ftrack.

A change goes intended -> sending -> done | failed, each step committed before the next request leaves. So
after any crash, a change that is `intended` never left, one that is `sending` must be read back, and the
others are settled. All of a plan is durable before its first request, as its document. While a push is under
way it is noted only which positions of the plan leave and what came of them, a row for thousands; changes get
rows of their own meanwhile, and when it ends the notes are folded into these and into what we own. What a
crash left is folded by who opens the ledger next. Tables and units: migrations/0008_ledger.sql and
0010_push_note.sql.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import duckdb

from transforms.reconcile.plan import Action, Change, Image, Plan

RETRY_MINUTES = 15
"""So long a change waits after ftrack refused it once; twice as long after each further time."""
LONGEST_RETRY_MINUTES = 24 * 60
_LOG_SIZE = "1GB"

Status = Literal["intended", "sending", "done", "failed"]


class Entry(NamedTuple):
    """One change of a plan as the ledger has it."""

    plan_sha256: str
    position: int
    change: Change


class Outcome(NamedTuple):
    """What came of some changes, the same of each.

    `error` is what ftrack said of failed ones; `wrote` are the fields that an update which is not done has
    changed nevertheless.
    """

    entries: Sequence[Entry]
    status: Status
    error: str | None = None
    wrote: Image | None = None


def next_try(last: datetime, failures: int) -> datetime:
    """When a change that failed so often, last at `last`, is planned again (reconcile/backoff.sql)."""
    minutes = min(RETRY_MINUTES * 2 ** min(failures - 1, 30), LONGEST_RETRY_MINUTES)
    return last + timedelta(minutes=minutes)


class Ledger:
    """The ledger in the working warehouse. What a crash left half written is completed first."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._plans: dict[str, Plan] = {}  # read and checked once: they can be large
        self._notes = 0
        self._lacks_rows = False
        self.fold()

    def status(self, sha256: str) -> str | None:
        """`applying`, `applied`, `forgotten` (applied long ago), or None where apply never began."""
        rows = self.con.execute("SELECT status FROM push_plan WHERE plan_sha256 = ?", [sha256]).fetchall()
        return str(rows[0][0]) if rows else None

    def begin(self, plan: Plan, allowed_trips: Sequence[str]) -> None:
        """Make the plan's intents durable: afterwards it is `applying`, and every change `intended`."""
        with self.beginning(plan, allowed_trips):
            pass

    @contextmanager
    def beginning(self, plan: Plan, allowed_trips: Sequence[str]) -> Iterator[None]:
        """As `begin`, once the block has ended well: it may still refuse, and then nothing is noted.

        In the block `sending` says what leaves first: it is durable together with the plan.
        """
        with TemporaryDirectory(prefix="crewtally-plan-") as folder, self._transaction():
            self._insert(plan, allowed_trips, Path(folder) / "plan.json")
            yield
        self._plans[plan.sha256] = plan
        self._lacks_rows = True

    def _insert(self, plan: Plan, allowed_trips: Sequence[str], file: Path) -> None:
        """Through a file: DuckDB reads a long text thrice as fast as it is handed one."""
        begun: dict[str, Any] = {
            "plan_sha256": plan.sha256,
            "server": plan.content["server"],
            "dialect": plan.content["dialect"],
            "trips": list(allowed_trips),
            "started_at": _now(),
            "changes": len(plan.changes),
            "file": str(file),
        }
        file.write_bytes(plan.dump())
        self.con.execute(_sql("ledger_plan"), begun)

    def finish(self, sha256: str) -> None:
        """The plan is `applied`: every change is done or failed."""
        with self._transaction():
            self._fold()
            self.con.execute(
                "UPDATE push_plan SET status = 'applied', finished_at = ? WHERE plan_sha256 = ?",
                [_now(), sha256],
            )

    def forget(self, days: int) -> None:
        """Forget the changes of plans older than that, and what they deleted; what we own stays known."""
        self.con.execute(_sql("ledger_old"), {"before": _now() - timedelta(days=days)})
        if self.con.execute("SELECT 1 FROM ledger_old LIMIT 1").fetchall():
            with self._transaction():
                self.con.execute(_sql("ledger_forget"))

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Around a push: what is noted in the block is folded when it ends, however that is.

        Between its many commits the file is not rewritten: each is durable in the log beside it. And its
        statements are one thread's work, while others send and read back.
        """
        [(threads,)] = self.con.execute("SELECT current_setting('threads')").fetchall()
        self.con.execute(f"SET checkpoint_threshold = '{_LOG_SIZE}'; SET threads = 1")
        try:
            yield
        finally:
            self.con.execute(f"RESET checkpoint_threshold; SET threads = {threads}")
            if self._notes or self._lacks_rows:
                self.fold()

    def entries(self, sha256: str, status: str) -> list[Entry]:
        """Changes of a plan in that status, in the plan's order."""
        return self._entries("plan_sha256 = ? AND status = ?", [sha256, status])

    def done(self, sha256: str) -> Counter[Action]:
        """How many changes of a plan were carried out, by action."""
        counted = (
            "SELECT action, count(*) FROM push_change"
            " WHERE plan_sha256 = ? AND status = 'done' GROUP BY action"
        )
        return Counter(dict(self.con.execute(counted, [sha256]).fetchall()))

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
        self.note((), entries)

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Durably note what came of these, and with it what we own."""
        self.note(outcomes, ())
        self.fold()

    def note(self, outcomes: Sequence[Outcome], sending: Sequence[Entry]) -> None:
        """Durably note what came of some changes and which leave next; all of it or nothing."""
        notes = [
            note for outcome in (*outcomes, Outcome(sending, "sending")) for note in self._notes_of(outcome)
        ]
        if notes:
            self.con.execute(_sql("ledger_note"), {"notes": json.dumps(notes), "noted_at": _now()})

    def complete(self) -> None:
        """Give the changes of a plan that began their rows: there is time while requests are under way."""
        if self._lacks_rows:
            self.con.execute(_sql("ledger_complete"))
            self._lacks_rows = False

    def fold(self) -> None:
        """Make what was noted the changes' own, and what we own of it ours."""
        with self._transaction():
            self._fold()

    def _fold(self) -> None:
        self.con.execute(_sql("ledger_complete"))
        if self.con.execute("SELECT 1 FROM push_note LIMIT 1").fetchall():
            self.con.execute(_sql("ledger_fold"))
            for statements in ("create", "update", "delete", "half"):
                self.con.execute(_sql(f"ledger_{statements}"))
        self._notes, self._lacks_rows = 0, False

    def _notes_of(self, outcome: Outcome) -> Iterator[dict[str, Any]]:
        """The outcome once for each run of neighbours in a plan: one, as a rule."""
        # What a server says may hold half a character (JSON can escape it), and nothing can store that.
        error = outcome.error and outcome.error.encode(errors="replace").decode()
        for plan_sha256, first, last in _runs(outcome.entries):
            self._notes += 1
            yield {
                "plan_sha256": plan_sha256,
                "number": self._notes,
                "first_position": first,
                "last_position": last,
                "status": outcome.status,
                "error": error,
                "wrote": outcome.wrote,
            }

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
            "SELECT plan_sha256, list(position ORDER BY position) FROM push_ledger"
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


def _runs(entries: Iterable[Entry]) -> Iterator[tuple[str, int, int]]:
    """Entries that follow one another in a plan: the plan, and the positions of the first and the last."""
    plan_sha256, first, last = "", 0, -1
    for entry in entries:
        if entry.position != last + 1 or entry.plan_sha256 != plan_sha256:
            if plan_sha256:
                yield plan_sha256, first, last
            plan_sha256, first = entry.plan_sha256, entry.position
        last = entry.position
    if plan_sha256:
        yield plan_sha256, first, last


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text()
