"""The push ledger: intent before the request, outcome after it, and what we own in ftrack.

A change goes intended -> sending -> done | failed, each step committed before the next request leaves. So
after any crash, a change that is `intended` never left, one that is `sending` must be read back, and the
others are settled. All of a plan is durable before its first request: a short one as rows, a long one as its
document and the first rows, and the others follow while the first requests are under way. Tables and units:
migrations/0008_ledger.sql.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import chain
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import duckdb
from pydantic_core import to_json

from transforms.reconcile.plan import Action, Change, Image, Plan

MS_PER_HOUR = 3_600_000
RETRY_MINUTES = 15
"""So long a change waits after ftrack refused it once; twice as long after each further time."""
LONGEST_RETRY_MINUTES = 24 * 60
SOON = 3000
"""So many changes have their rows when a push begins. The others are durable in the plan's document."""
_LOG_SIZE = "1GB"

Status = Literal["done", "failed", "intended"]
"""What a change can have come to, once its request is over."""


class Entry(NamedTuple):
    """One change of a plan as the ledger has it."""

    plan_sha256: str
    position: int
    change: Change


class Outcome(NamedTuple):
    """What came of some changes, the same of each; `error` is what ftrack said of failed ones.

    `wrote` are the fields that an update which is not done has changed nevertheless.
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
        self._written: dict[str, int] = {}  # of plans begun here, how many changes have rows
        con.execute(_sql("ledger_complete"))

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
        """As `begin`, once the block has ended well: it may still refuse, and then nothing is noted."""
        with TemporaryDirectory(prefix="crewtally-plan-") as folder, self._transaction():
            self._insert(plan, allowed_trips, Path(folder))
            yield
        self._plans[plan.sha256] = plan
        self._written[plan.sha256] = SOON

    def _insert(self, plan: Plan, allowed_trips: Sequence[str], folder: Path) -> None:
        """Through files: DuckDB reads a long text thrice as fast as it is handed one."""
        begun: dict[str, Any] = {
            "plan_sha256": plan.sha256,
            "server": plan.content["server"],
            "dialect": plan.content["dialect"],
            "trips": list(allowed_trips),
            "started_at": _now(),
            "changes": len(plan.changes),
            "file": str(folder / "plan.json"),
        }
        Path(begun["file"]).write_bytes(plan.dump())
        self.con.execute(_sql("ledger_plan"), begun)
        soon = folder / "soon.json"
        soon.write_bytes(to_json({"plan": {"changes": plan.changes[:SOON]}}))
        first = {"plan_sha256": plan.sha256, "file": str(soon), "ms_per_hour": MS_PER_HOUR}
        self.con.execute(_sql("ledger_begin"), first)

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
        self.turn((), entries)

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Durably note what came of these, and with it what we own."""
        self.turn(outcomes, ())

    def turn(self, outcomes: Sequence[Outcome], sending: Sequence[Entry]) -> None:
        """Durably note what came of some changes and which leave next; all of it or nothing."""
        if not outcomes and not sending:
            return
        with self._transaction():
            self._complete(chain(sending, *(outcome.entries for outcome in outcomes)))
            for outcome in _together(outcomes):
                noted = {"status": outcome.status, "error": outcome.error, "noted_at": _now()}
                for where, entries in _by_plan(outcome.entries):
                    self.con.execute(_sql("ledger_settle"), where | noted)
                    if outcome.status == "done":
                        self._own(where, {entry.change["action"] for entry in entries})
            self._half_done(outcomes)
            for where, _entries in _by_plan(sending):
                self.con.execute(_sql("ledger_sending"), where | {"noted_at": _now()})

    def _complete(self, entries: Iterable[Entry]) -> None:
        """See to it that these have rows, and with them all of their plan."""
        if any(entry.position >= self._written.get(entry.plan_sha256, inf) for entry in entries):
            self.con.execute(_sql("ledger_complete"))
            self._written.clear()

    def _own(self, where: dict[str, str], actions: Iterable[str]) -> None:
        """What we own after these were carried out."""
        self.con.execute(_sql("ledger_done"), where)
        for action in sorted(actions):
            self.con.execute(_sql(f"ledger_{action}"))

    def _half_done(self, outcomes: Sequence[Outcome]) -> None:
        """What we wrote of records that are not as planned yet: so it is no person's edit."""
        halves = [
            {"plan_sha256": entry.plan_sha256, "position": entry.position, "wrote": outcome.wrote}
            for outcome in outcomes
            if outcome.wrote
            for entry in outcome.entries
        ]
        if halves:
            self.con.execute(_sql("ledger_half"), {"halves": json.dumps(halves)})

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


def _together(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The same outcome once, with all its changes, in the order in which they first come."""
    found: dict[tuple[Status, str | None], list[Entry]] = {}
    for outcome in outcomes:
        found.setdefault((outcome.status, outcome.error), []).extend(outcome.entries)
    return [Outcome(entries, *what) for what, entries in found.items()]


def _by_plan(entries: Iterable[Entry]) -> Iterator[tuple[dict[str, str], list[Entry]]]:
    """The entries of each plan, and where they are in it, as statements take it."""
    plans: dict[str, list[Entry]] = {}
    for entry in entries:
        plans.setdefault(entry.plan_sha256, []).append(entry)
    for sha256, found in plans.items():
        yield {"plan_sha256": sha256, "runs": json.dumps(_runs(found))}, found


def _runs(entries: Iterable[Entry]) -> list[dict[str, int]]:
    """Their positions as runs of neighbours: one run, as a rule."""
    runs: list[dict[str, int]] = []
    for position in sorted(entry.position for entry in entries):
        if runs and runs[-1]["last"] >= position - 1:
            runs[-1]["last"] = position
        else:
            runs.append({"first": position, "last": position})
    return runs


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text()
