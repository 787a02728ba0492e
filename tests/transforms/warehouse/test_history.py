"""Time travel through real pulls: what we knew then comes back, to the millisecond and to the last column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sandbox import Sandbox
from pipelines.pull import PullResult, pull
from pipelines.settings import Settings
from transforms.totals import build
from transforms.warehouse import Landing, open_warehouse
from transforms.warehouse.migrate import core_tables

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
TODAY = NOW.date()
PEOPLE, SEED = 8, 11
MINE = 9_000_001  # a booking of our own, first day to last day inside the window
INSIDE = {"starts_at": "2026-03-09", "ends_at": "2026-03-13"}

Rows = list[tuple[Any, ...]]


@dataclass
class World:
    """A sandbox and a warehouse that pulls from it."""

    sandbox: Sandbox
    settings: Settings
    con: duckdb.DuckDBPyConnection

    def pull(
        self, source: str | None = None, start: date | None = None, end: date | None = None
    ) -> PullResult:
        return pull(self.settings, self.con, source=source, start=start, end=end, now=NOW)

    def rows(self, sql: str, *parameters: object) -> Rows:
        return self.con.execute(sql, list(parameters)).fetchall()

    def versions(self, source_key: object) -> Rows:
        """(first day, last day, known_from, known_to, snapshot_id, closed_by), oldest first."""
        return self.rows(
            "SELECT start_date, end_date, known_from, known_to, snapshot_id, closed_by"
            " FROM core_booking WHERE source_key = ? ORDER BY known_from",
            str(source_key),
        )

    def is_current(self, source_key: object) -> bool:
        return bool(self.rows("SELECT 1 FROM core_booking_now WHERE source_key = ?", str(source_key)))

    def move_to(self, sandbox: Sandbox) -> None:
        """From now on pull from another sandbox."""
        self.settings = settings_of(sandbox, self.settings.warehouse.path.parent)
        self.sandbox = sandbox


def settings_of(sandbox: Sandbox, folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "tenthousandft": sandbox.ready["tenthousandft"],
            "ruddr": sandbox.ready["ruddr"],
            "warehouse": {"path": folder / "warehouse.duckdb"},
            "landing": {"path": folder / "landing"},
            "window": {"past_days": 14, "future_days": 56},
        }
    )


@contextmanager
def studio(faults: str | None = None) -> Iterator[Sandbox]:
    """Always the same studio, with one booking of ours in it."""
    with Sandbox(people=PEOPLE, seed=SEED, today=TODAY, faults=faults) as sandbox:
        project, user = (sandbox.tenthousandft.rows(stream)[0]["id"] for stream in ("projects", "users"))
        sandbox.tenthousandft.add(
            "assignments", id=MINE, assignable_id=project, user_id=user, percent=0.5, **INSIDE
        )
        yield sandbox


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with studio() as sandbox:
        settings = settings_of(sandbox, tmp_path)
        with open_warehouse(settings.warehouse.path) as con:
            yield World(sandbox, settings, con)


def utc_now() -> datetime:
    """As the warehouse keeps instants."""
    return datetime.now(UTC).replace(tzinfo=None)


# --- Time travel --------------------------------------------------------------------------------------------


def first(sandbox: Sandbox, **fields: object) -> dict[str, Any]:
    """The first assignment of the studio's own that touches the window and has these fields."""
    return next(
        row
        for row in sandbox.tenthousandft.rows("assignments")
        if row["id"] != MINE
        and row["starts_at"] <= "2026-04-20"
        and row["ends_at"] >= "2026-03-02"
        and all(row[name] == value for name, value in fields.items())
    )


def allocation(sandbox: Sandbox, unit: str) -> dict[str, Any]:
    return next(
        row
        for row in sandbox.ruddr.rows("allocations")
        if row["unit"] == unit
        and row["entity"] == "allocation"
        and row["start"] <= "2026-04-20"
        and row["end"] >= "2026-03-02"
    )


def more_work(s: Sandbox) -> None:
    s.tenthousandft.update("assignments", MINE, percent=1.25)
    row = allocation(s, "day")
    s.ruddr.update("allocations", row["id"], hoursPerDay=row["hoursPerDay"] + 0.1)


def other_dates(s: Sandbox) -> None:
    s.tenthousandft.update("assignments", MINE, starts_at="2026-03-10", ends_at="2026-04-01")
    s.ruddr.update("allocations", allocation(s, "day")["id"], end="2026-04-29")


def somebody_else(s: Sandbox) -> None:
    """10,000ft makes a new assignment of it, Ruddr keeps the id."""
    row = first(s)
    s.tenthousandft.delete("assignments", row["id"])
    other = next(u["id"] for u in s.tenthousandft.rows("users") if u["id"] != row["user_id"])
    s.tenthousandft.add_row("assignments", {**row, "id": row["id"] + 500_000, "user_id": other})
    given = allocation(s, "day")
    heir = next(m for m in s.ruddr.rows("members") if m["id"] != given["member"]["id"] and m["isActive"])
    s.ruddr.update("allocations", given["id"], member={"id": heir["id"], "name": heir["name"]})


def other_calendars(s: Sandbox) -> None:
    """No booking changes here, and yet hours and capacities do."""
    s.tenthousandft.add("holidays", date="2026-03-17", name="A day off for all")
    user = s.tenthousandft.get("assignments", MINE)
    assert user is not None
    week = dict.fromkeys([f"day{n}" for n in range(7)], 3.0)
    s.tenthousandft.add(
        "availabilities", user_id=user["user_id"], starts_at="2026-03-16", ends_at=None, **week
    )
    member = next(m for m in s.ruddr.rows("members") if m["availabilityPeriods"])
    s.ruddr.update(
        "members",
        member["id"],
        availabilityPeriods=[{**period, "hoursPerDay": [5] * 7} for period in member["availabilityPeriods"]],
    )


def tentative_project(s: Sandbox) -> None:
    mine = s.tenthousandft.get("assignments", MINE)
    assert mine is not None
    s.tenthousandft.update("projects", mine["assignable_id"], project_state="Tentative")


def some_are_gone(s: Sandbox) -> None:
    s.tenthousandft.delete("assignments", MINE)
    s.ruddr.delete("allocations", allocation(s, "day")["id"])


EDITS = (more_work, other_dates, somebody_else, other_calendars, tentative_project, some_are_gone)
WEEK = (
    "source, person_key, resource_kind, week, booked_ms, tentative_ms, billable_ms, leave_ms, holiday_ms,"
    " contracted_ms, capacity_ms, over_days"
)


@dataclass(frozen=True)
class Known:
    """What the warehouse said at an instant, while it said it."""

    at: datetime
    weeks: Rows
    core: dict[str, Rows]


def knowledge(world: World) -> Known:
    tables = core_tables(world.con)
    return Known(
        utc_now(),
        world.rows(f"SELECT {WEEK} FROM mart_person_week ORDER BY ALL"),  # noqa: S608 - our own columns
        {table: world.rows(f"FROM {table}_now ORDER BY ALL") for table in tables},
    )


@pytest.fixture(scope="module")
def travelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, list[Known]]]:
    """A studio pulled seven times with other edits in between, and what was known after each pull."""
    folder = tmp_path_factory.mktemp("travelled")
    with studio() as sandbox, open_warehouse(folder / "warehouse.duckdb") as con:
        world = World(sandbox, settings_of(sandbox, folder), con)
        told = []
        for edit in (lambda _: None, *EDITS):
            edit(sandbox)
            result = world.pull()
            assert result.complete
            told.append(knowledge(world))
        yield world, told


def test_every_edit_changed_some_week(travelled: tuple[World, list[Known]]) -> None:
    """Or travelling back would prove nothing."""
    _, told = travelled
    assert all(before.weeks != after.weeks for before, after in pairwise(told))


def test_the_totals_of_then_come_back(travelled: tuple[World, list[Known]]) -> None:
    world, told = travelled
    for known in told:
        weeks = world.rows(
            f"SELECT {WEEK} FROM mart_person_week_as_of(?) ORDER BY ALL",  # noqa: S608 - our own columns
            known.at,
        )
        assert weeks == known.weeks


def test_the_plan_of_then_comes_back(travelled: tuple[World, list[Known]]) -> None:
    world, told = travelled
    for known in told:
        for table, rows in known.core.items():
            then = world.rows(f"FROM {table}_as_of(?) ORDER BY ALL", known.at)
            # The raw pointer of an unchanged row stays the first one, so nothing at all differs.
            assert then == rows, table


def test_the_plan_of_then_counts_to_the_totals_of_then(travelled: tuple[World, list[Known]]) -> None:
    """Bookings, people, calendars and projects as of an instant are enough to make its totals again."""
    world, told = travelled
    for known in told[1::2]:
        with open_warehouse(":memory:") as con:
            for table, rows in known.core.items():
                insert(con, table, [(*row, known.at, None, "s", None) for row in rows])
            insert(con, "raw_snapshot", world.rows("FROM raw_snapshot"))
            build(con, world.settings.policy)
            again = con.execute(f"SELECT {WEEK} FROM mart_person_week ORDER BY ALL").fetchall()  # noqa: S608
        assert again == known.weeks


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> None:
    if rows:
        con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608


def test_before_the_first_pull_nothing_was_known(travelled: tuple[World, list[Known]]) -> None:
    world, told = travelled
    before = told[0].at - timedelta(days=1)
    assert world.rows("FROM mart_person_week_as_of(?)", before) == []
    assert world.rows("FROM core_booking_as_of(?)", before) == []


def test_at_every_instant_a_key_has_one_version_at_most(travelled: tuple[World, list[Known]]) -> None:
    world, _ = travelled
    for table in core_tables(world.con):
        key = world.con.execute(f"FROM {table} LIMIT 0").description[1][0]
        overlapping = world.rows(
            f"SELECT a.{key} FROM {table} AS a INNER JOIN {table} AS b USING (source, {key})"  # noqa: S608
            " WHERE a.known_from < b.known_from AND coalesce(a.known_to, 'infinity') > b.known_from"
        )
        assert overlapping == [], table


def test_a_pull_that_brings_nothing_new_leaves_history_as_it_is(world: World) -> None:
    world.pull()
    tables = [*core_tables(world.con), "mart_person_week_history"]
    before = {table: world.rows(f"FROM {table} ORDER BY ALL") for table in tables}
    world.pull()
    assert {table: world.rows(f"FROM {table} ORDER BY ALL") for table in tables} == before


# --- Gone, back, moved, unread ------------------------------------------------------------------------------


def test_a_delete_closes_with_the_snapshot_that_proved_it(world: World) -> None:
    world.pull("tenthousandft")
    world.sandbox.tenthousandft.delete("assignments", MINE)
    result = world.pull("tenthousandft")
    [(*_, known_to, snapshot_id, closed_by)] = world.versions(MINE)
    [proof] = [s for s in result.snapshots if s.snapshot_id == closed_by]
    assert (proof.source, proof.stream, proof.complete) == ("tenthousandft", "assignments", True)
    assert known_to == proof.finished_at
    assert closed_by != snapshot_id
    landing = Landing(world.settings.landing.path)
    for (sha256,) in world.rows("SELECT sha256 FROM raw_page WHERE snapshot_id = ?", closed_by):
        assert MINE not in {row["id"] for row in json.loads(landing.get(sha256))["data"]}


def test_a_return_reopens(world: World) -> None:
    world.pull("tenthousandft")
    [row] = [row for row in world.sandbox.tenthousandft.rows("assignments") if row["id"] == MINE]
    world.sandbox.tenthousandft.delete("assignments", MINE)
    world.pull("tenthousandft")
    away = utc_now()
    assert not world.is_current(MINE)
    world.sandbox.tenthousandft.add_row("assignments", row)
    world.pull("tenthousandft")
    (*_, gone_at, _, proof), (_, _, back_at, known_to, _, closed_by) = world.versions(MINE)
    assert gone_at < away < back_at
    assert proof is not None
    assert (known_to, closed_by) == (None, None)
    assert world.rows("FROM core_booking_as_of(?) WHERE source_key = ?", away, str(MINE)) == []
    assert (
        len(world.rows("SELECT DISTINCT content_key FROM core_booking WHERE source_key = ?", str(MINE))) == 1
    )


MOVES: dict[str, tuple[str, str, Callable[[Sandbox], str]]] = {
    "tenthousandft": ("starts_at", "ends_at", lambda _: str(MINE)),
    "ruddr": ("start", "end", lambda sandbox: str(allocation(sandbox, "day")["id"])),
}


@pytest.mark.parametrize("source", MOVES)
def test_moving_out_of_the_window_is_no_delete(world: World, source: str) -> None:
    start, end, choose = MOVES[source]
    key = choose(world.sandbox)
    state = getattr(world.sandbox, source)
    stream, wire_key = ("assignments", int(key)) if source == "tenthousandft" else ("allocations", key)
    world.pull(source)
    state.update(stream, wire_key, **{start: "2027-02-01", end: "2027-02-05"})
    moved = world.pull(source)
    assert moved.complete
    (_, _, _, until, _, _), (first_day, last_day, since, known_to, snapshot_id, closed_by) = world.versions(
        key
    )
    assert (first_day, last_day) == (date(2027, 2, 1), date(2027, 2, 5))  # kept, with its new dates
    assert (until, known_to, closed_by) == (since, None, None)
    # It was read by a direct question, and that answer is on record like any page.
    [(sha256,)] = world.rows("SELECT page_sha256 FROM core_booking_now WHERE source_key = ?", key)
    assert str(json.loads(Landing(world.settings.landing.path).get(sha256))["id"]) == key
    [(url,)] = world.rows(
        "SELECT url FROM raw_page WHERE snapshot_id = ? AND sha256 = ?", snapshot_id, sha256
    )
    assert key in url
    # Later pulls, whose window it does not touch, leave it alone; moved back, it is where it was.
    world.pull(source)
    assert len(world.versions(key)) == 2
    state.update(stream, wire_key, **{start: "2026-03-09", end: "2026-03-13"})
    world.pull(source)
    assert world.versions(key)[-1][:2] == (date(2026, 3, 9), date(2026, 3, 13))
    assert world.is_current(key)


def test_a_booking_outside_the_window_is_not_missed_there(world: World) -> None:
    """A pull of March says nothing about a booking of April, deleted or not."""
    world.pull("tenthousandft")
    later = first(world.sandbox)
    world.sandbox.tenthousandft.update(
        "assignments", later["id"], starts_at="2026-04-13", ends_at="2026-04-17"
    )
    world.pull("tenthousandft")
    world.sandbox.tenthousandft.delete("assignments", later["id"])
    world.pull("tenthousandft", date(2026, 3, 2), date(2026, 3, 29))
    assert world.is_current(later["id"])
    world.pull("tenthousandft", date(2026, 4, 13), date(2026, 4, 19))
    assert not world.is_current(later["id"])


def test_a_row_that_broke_is_not_gone(world: World) -> None:
    world.pull("tenthousandft")
    world.sandbox.tenthousandft.update("assignments", MINE, percent=-1)
    broken = world.pull("tenthousandft")
    assert sum(snapshot.quarantined for snapshot in broken.snapshots) == 1
    [(*_, known_to, _, closed_by)] = world.versions(MINE)
    assert (known_to, closed_by) == (None, None)


def test_an_incomplete_listing_closes_nothing(world: World) -> None:
    """It may add and change: what it does show is so, what it does not show is only not shown."""
    whole_year = {"source": "ruddr", "start": date(2025, 10, 6), "end": date(2027, 3, 28)}
    world.pull(**whole_year)  # type: ignore[arg-type]
    oldest, newest = (world.sandbox.ruddr.rows("allocations")[place] for place in (-1, 0))
    assert len(world.sandbox.ruddr.rows("allocations")) > 100  # more than a page

    def edit(sandbox: Sandbox) -> str:
        sandbox.ruddr.delete("allocations", oldest["id"])
        plain = {"unit": "day", "hoursPerDay": 2, "start": "2026-03-02", "end": "2026-03-03"}
        member, project = (sandbox.ruddr.rows(stream)[0] for stream in ("members", "projects"))
        sandbox.ruddr.update("allocations", newest["id"], notes="changed")
        return sandbox.ruddr.add(
            "allocations",
            member={"id": member["id"], "name": member["name"]},
            project={"id": project["id"], "name": project["name"]},
            **plain,
        )

    def key_of(row: dict[str, Any]) -> str:
        [(key,)] = world.rows(
            "SELECT DISTINCT source_key FROM core_booking WHERE contains(source_key, ?)", row["id"]
        )
        return str(key)

    gone, changed = key_of(oldest), key_of(newest)
    with studio("cursor_lost:1@/allocations*startingAfter") as storm:
        added = edit(storm)
        world.move_to(storm)
        result = world.pull(**whole_year)  # type: ignore[arg-type]
    [broken_off] = [s for s in result.snapshots if s.stream == "allocations" and s.scope == "all"]
    assert not broken_off.complete
    assert broken_off.incomplete_reason
    assert world.is_current(gone)
    assert world.is_current(added)
    assert world.rows("SELECT note FROM core_booking_now WHERE source_key = ?", changed) == [("changed",)]
    assert world.rows("SELECT count(*) FROM core_booking WHERE closed_by = ?", broken_off.snapshot_id) == [
        (1,)
    ]

    with studio() as calm:
        assert edit(calm) == added
        world.move_to(calm)
        assert world.pull(**whole_year).complete  # type: ignore[arg-type]
    assert not world.is_current(gone)


def test_a_missing_booking_nobody_can_be_asked_about_is_kept(world: World) -> None:
    world.pull("ruddr")
    gone = allocation(world.sandbox, "day")["id"]
    with studio("html200:1@/allocations/") as storm:
        storm.ruddr.delete("allocations", gone)
        world.move_to(storm)
        result = world.pull("ruddr")
    [unsure] = [s for s in result.snapshots if s.stream == "allocations" and s.scope == "all"]
    assert not unsure.complete
    assert "could not confirm" in str(unsure.incomplete_reason)
    assert world.is_current(gone)
