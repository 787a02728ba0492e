"""A small studio by hand: planners' rows and hours on one side, ftrack's records on the other, no network.

The hours come from the world itself, not from transforms/totals: what is tested here is what follows them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from transforms.reconcile.actual import load
from transforms.reconcile.plan import Plan
from transforms.reconcile.reconcile import Rules, reconcile
from transforms.warehouse import open_warehouse
from transforms.warehouse.ledger import Ledger, Outcome

HOUR = 3_600_000
MONDAY = date(2026, 3, 2)
SERVER = "http://ftrack.test"
KNOWN = datetime(2026, 3, 1, 6)  # noqa: DTZ001 - the warehouse keeps naive UTC


@dataclass
class Booking:
    source: str
    key: str
    person: str | None
    project: str | None
    work_item: str | None
    leave: str | None
    start: date
    end: date
    hours: dict[date, float]
    resource_kind: str = "member"
    kind: str = "work"
    tentative: bool = False
    content: str = ""
    effort: tuple[str, float] = ("hours_per_day", 8)


@dataclass
class World:
    """Edit it, then `plan()`; `apply(plan)` does to `records` and the ledger what a push would."""

    con: duckdb.DuckDBPyConnection
    bookings: dict[tuple[str, str], Booking] = field(default_factory=dict)
    weeks: dict[tuple[str, str], tuple[float, ...]] = field(default_factory=dict)
    holidays: set[date] = field(default_factory=set)
    users: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    complete: dict[str, bool] = field(default_factory=lambda: {"tenthousandft": True, "ruddr": True})
    _closed: list[tuple[Booking, str]] = field(default_factory=list)
    _serial: Any = field(default_factory=itertools.count)

    # Planners.

    def person(
        self, source: str, key: str, name: str, email: str | None = None, kind: str = "member"
    ) -> None:
        self._core("core_person", source, key, kind, name, email, True, None, None, None, None)

    def project(self, source: str, key: str, name: str, code: str | None = None) -> None:
        self._core("core_project", source, key, name, code, None, None, False, False)

    def work_item(self, source: str, key: str, project: str, name: str) -> None:
        self._core("core_work_item", source, key, project, "phase", name, False)

    def leave_type(self, source: str, key: str, name: str) -> None:
        self._core("core_leave_type", source, key, name)

    def _core(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * (len(values) + 4))
        query = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - names of ours
        self.con.execute(query, [*values, KNOWN, None, "s0", None])

    def forget(self, table: str, source: str, column: str, key: str) -> None:
        query = f"DELETE FROM {table} WHERE source = ? AND {column} = ?"  # noqa: S608 - names of ours
        self.con.execute(query, [source, key])

    def book(
        self,
        source: str,
        key: str,
        person: str | None = "p1",
        project: str | None = "j1",
        *,
        start: date = MONDAY,
        days: int = 5,
        hours: float | list[float] = 8,
        **more: Any,
    ) -> Booking:
        """A booking of `days` calendar days; a number of hours counts on the person's working days."""
        span = [start + timedelta(n) for n in range(days)]
        each = (
            hours
            if isinstance(hours, list)
            else [hours if self.works(source, person, d) else 0 for d in span]
        )
        if more.get("leave"):
            project, more["kind"] = None, "leave"
        more = {"work_item": None, "leave": None, "content": f"{project}/{start}/{days}/{hours}", **more}
        booking = Booking(
            source,
            key,
            person,
            project,
            start=start,
            end=span[-1],
            hours=dict(zip(span, each, strict=True)),
            **more,
        )
        self.bookings[source, key] = booking
        return booking

    def drop(self, source: str, key: str, *, proven: bool = True) -> None:
        """The booking is gone upstream; `proven`: a complete listing lacked it."""
        self._closed.append((self.bookings.pop((source, key)), "complete" if proven else "partial"))

    def works(self, source: str, person: str | None, day: date) -> bool:
        week = self.weeks.get((source, person or ""), (8, 8, 8, 8, 8, 0, 0))
        return week[day.weekday()] > 0 and day not in self.holidays

    # ftrack.

    def user(self, user_id: str, name: str | None, email: str | None = None, *, active: bool = True) -> None:
        row = {"user_id": user_id, "username": user_id, "email": email, "name": name, "is_active": active}
        self.users.append(row)

    def ftrack_project(self, project_id: str, code: str, name: str | None = None) -> None:
        self.projects.append({"project_id": project_id, "code": code, "name": name or code})

    def task(self, task_id: str, project_id: str, name: str) -> None:
        self.tasks.append({"task_id": task_id, "project_id": project_id, "name": name})

    def foreign(self, record_id: str, kind: str, **fields: Any) -> None:
        """A record that a person made in ftrack."""
        self.records[record_id] = {"kind": kind, "record_id": record_id, **fields}

    # The way.

    def plan(self, dialect: str = "seed", **rules: Any) -> Plan:
        self.write()
        load(self.con, "ft_user", self.users)
        load(self.con, "ft_project", self.projects)
        load(self.con, "ft_task", self.tasks)
        load(self.con, "ft_record", self.records.values())
        rules = {"sources": ["tenthousandft", "ruddr"], "today": MONDAY, **rules}
        return reconcile(self.con, Rules(server=SERVER, dialect=dialect, **rules))

    def write(self) -> None:
        """The bookings and their hours into the warehouse, as a pull would leave them."""
        self._write_bookings()
        self._write_calendar()

    def apply(self, plan: Plan) -> None:
        ledger = Ledger(self.con)
        ledger.begin(plan, [])
        entries = ledger.entries(plan.sha256, "intended")
        ledger.sending(entries)
        for entry in entries:
            self._push(entry.change)
        ledger.settle([Outcome(entries, "done")])
        ledger.finish(plan.sha256)

    def _push(self, change: Any) -> None:
        if change["action"] == "delete":
            del self.records[change["id"]]
            return
        fields = dict(change["after"])
        if "value" in fields:
            fields["value_millionths"] = round(fields.pop("value") * 1_000_000)
        record = self.records.setdefault(change["id"], {"kind": change["kind"], "record_id": change["id"]})
        record.update(fields)

    def _write_bookings(self) -> None:
        self.con.execute("DELETE FROM core_booking; DELETE FROM raw_snapshot")
        for name, complete in (("complete", True), ("partial", False)):
            self._snapshot(name, "ruddr", "holidays", complete)
        for source, complete in self.complete.items():
            stream = "assignments" if source == "tenthousandft" else "allocations"
            self._snapshot(f"latest-{source}", source, stream, complete)
        rows = [_core_booking(booking, None) for booking in self.bookings.values()]
        for booking, snapshot in self._closed:
            if (booking.source, booking.key) not in self.bookings:
                rows.append(_core_booking(booking, snapshot))
        _insert(self.con, "core_booking", rows)
        days = [
            {
                "source": b.source,
                "source_key": b.key,
                "person_key": b.person,
                "resource_kind": b.resource_kind,
                "kind": b.kind,
                "project_key": b.project,
                "work_item_key": b.work_item,
                "leave_type_key": b.leave,
                "day": day,
                "ms": round(hours * HOUR),
                "is_billable": True,
                "is_tentative": b.tentative,
            }
            for b in self.bookings.values()
            for day, hours in b.hours.items()
            if hours > 0
        ]
        self.con.execute(
            "CREATE OR REPLACE TABLE mart_booking_day (source VARCHAR, source_key VARCHAR,"
            " person_key VARCHAR, resource_kind VARCHAR, kind VARCHAR, project_key VARCHAR,"
            " work_item_key VARCHAR, leave_type_key VARCHAR, day DATE, ms BIGINT,"
            " is_billable BOOLEAN, is_tentative BOOLEAN)"
        )
        _insert(self.con, "mart_booking_day", days)

    def _snapshot(self, name: str, source: str, stream: str, complete: bool) -> None:
        self.con.execute(
            "INSERT INTO raw_snapshot BY NAME SELECT ? AS snapshot_id, ? AS source, ? AS stream,"
            " 'all' AS scope, DATE '2026-02-01' AS window_start, DATE '2026-08-01' AS window_end,"
            " ? AS started_at, ? AS finished_at, ? AS complete, 1 AS pages, 0 AS rows, 0 AS loaded,"
            " 0 AS repeated, 0 AS quarantined, 0 AS outside, ? AS content_sha256",
            [name, source, stream, KNOWN, KNOWN, complete, f"sha-{name}"],
        )

    def _write_calendar(self) -> None:
        people = {(b.source, b.person) for b in self.bookings.values() if b.person}
        days = [d for b in self.bookings.values() for d in (b.start, b.end)] or [MONDAY]
        first, last = min(days) - timedelta(7), max(days) + timedelta(7)
        leave: dict[tuple[str, str | None, date], float] = {}
        for b in self.bookings.values():
            for day, hours in b.hours.items() if b.kind == "leave" else ():
                leave[b.source, b.person, day] = leave.get((b.source, b.person, day), 0) + hours
        rows = []
        for source, person in sorted(people):
            week = self.weeks.get((source, person), (8, 8, 8, 8, 8, 0, 0))
            for day in (first + timedelta(n) for n in range((last - first).days + 1)):
                contracted = week[day.weekday()]
                work = 0 if day in self.holidays else contracted
                effective = 0 if leave.get((source, person, day), 0) >= work else work
                hours = {"contracted_ms": contracted, "work_ms": work, "effective_ms": effective}
                each = {name: round(value * HOUR) for name, value in hours.items()}
                rows.append({"source": source, "person_key": person, "day": day, **each})
        self.con.execute(
            "CREATE OR REPLACE TABLE mart_calendar (source VARCHAR, person_key VARCHAR, day DATE,"
            " contracted_ms BIGINT, work_ms BIGINT, effective_ms BIGINT)"
        )
        _insert(self.con, "mart_calendar", rows)


def _core_booking(b: Booking, closed_by: str | None) -> dict[str, Any]:
    return {
        "source": b.source,
        "source_key": b.key,
        "content_key": b.content,
        "kind": b.kind,
        "resource_kind": b.resource_kind,
        "person_key": b.person,
        "project_key": b.project,
        "work_item_key": b.work_item,
        "leave_type_key": b.leave,
        "start_date": b.start,
        "end_date": b.end,
        "effort_unit": b.effort[0],
        "effort_amount": b.effort[1],
        "is_billable": True,
        "is_tentative": b.tentative,
        "page_sha256": "x",
        "page_position": 0,
        "known_from": KNOWN,
        "known_to": KNOWN if closed_by else None,
        "snapshot_id": "s0",
        "closed_by": closed_by,
    }


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """In bulk: a column is one list parameter."""
    if rows:
        columns = ", ".join(f"unnest(?) AS {name}" for name in rows[0])
        query = f"INSERT INTO {table} BY NAME SELECT {columns}"
        con.execute(query, [[row[name] for row in rows] for name in rows[0]])


def empty_world(path: str = ":memory:") -> World:
    """An empty world over an empty warehouse."""
    con = open_warehouse(path)
    con.execute("SET threads = 1")  # hundreds of tiny plans: threads only get in each other's way
    Ledger(con)
    return World(con)


def planners(world: World) -> None:
    """Ada (p1) and Ben (p2) in both planners, project ALPHA (j1) with a phase (w1), and a leave type (l1)."""
    for source in ("tenthousandft", "ruddr"):
        world.person(source, "p1", "Ada Lovelace", "ada@studio.test")
        world.person(source, "p2", "Ben Turner", "ben@studio.test")
        world.project(source, "j1", "Alpha", "ALPHA")
        world.work_item(source, "w1", "j1", "Compositing")
        world.leave_type(source, "l1", "Annual leave")
