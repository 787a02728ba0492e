"""Somebody edits the plan while it is read; and a planner that suddenly shows little or nothing.

The edits are made on the service's own thread, between two requests of the pull.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.ruddr.wire import id_in
from connectors.sandbox import Sandbox
from connectors.sandbox.table import Entry
from pipelines import missing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

BOOKINGS = {"tenthousandft": "assignments", "ruddr": "allocations"}
SPAN = date(2026, 2, 2), date(2027, 12, 31)  # what conftest.py pulls
LATER_PAGE = re.compile(r"/assignments\?.*\bpage=(?!1\b)\d|/allocations\?.*startingAfter=(?P<cursor>[\w-]+)")
PLANNERS = pytest.mark.parametrize("source", BOOKINGS)
FIRST_OR_LATER = pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])


class Planner:
    """One planner of a small studio, pulled whole; `pull` pulls its bookings again."""

    def __init__(self, sandbox: Sandbox, warehouse: Any, source: str) -> None:
        self.sandbox, self.warehouse, self.source = sandbox, warehouse, source
        self.stream = BOOKINGS[source]
        self.state = getattr(sandbox, source)
        assert all(pulled.complete for pulled in warehouse.pull(source))
        self.pulled = warehouse.bookings()

    def forget(self) -> None:
        """As if the bookings had never been pulled: what the next pull misses stays missing."""
        self.warehouse.con.execute("TRUNCATE core_booking")

    @property
    def table(self) -> Any:
        return self.state.tables[self.stream]

    def pull(self) -> Any:
        """The snapshot of the bookings in the window, the planner left alone again afterwards."""
        pulled = self.warehouse.pull(self.source, self.stream)[0]
        self.sandbox.watch(None)
        return pulled

    def rows(self) -> list[dict[str, Any]]:
        """Ordinary work in the middle of the window, as listed."""
        start = "starts_at" if self.source == "tenthousandft" else "start"
        return [
            row
            for row in self.state.rows(self.stream)
            if "2026-03" < row[start] < "2026-11" and row.get("assignmentTypeId", "project") == "project"
        ]

    def on_the_first_page(self) -> str:
        """A booking that has been read when the second page is asked for, and is no cursor."""
        return str(self.rows()[0]["id"])

    def key(self, text: str) -> Any:
        return int(text) if self.source == "tenthousandft" else text

    def delete(self, key: str) -> None:
        self.state.delete(self.stream, self.key(key))

    def reassign(self, key: str) -> str:
        """Deleted, and made again under another id: what 10,000ft does when the person changes."""
        row = self.state.get(self.stream, self.key(key))
        self.delete(key)
        again = {name: value for name, value in row.items() if name not in ("id", "createdAt")}
        return str(self.state.add(self.stream, **again))

    def on_the_second_page(self, edit: Callable[[re.Match[str]], None], *, always: bool = False) -> None:
        """`edit` when a later page of the bookings is asked for: once, or whenever it is."""
        left = [edit]

        def watcher(asked: str) -> None:
            later = LATER_PAGE.search(asked)
            if later and left:
                edit(later)
                if not always:
                    left.clear()

        self.sandbox.watch(watcher)


@pytest.fixture
def planner(warehouse_of: Any, tmp_path: Path) -> Iterator[Callable[..., Planner]]:
    """Makes a planner of a studio of so many people; with `is_first`, its next pull is its first."""
    running: list[Sandbox] = []

    def make(source: str, people: int = 4, *, is_first: bool = False) -> Planner:
        sandbox = Sandbox(people=people, seed=3, today=date(2026, 6, 1)).__enter__()
        running.append(sandbox)
        made = Planner(sandbox, warehouse_of(sandbox, tmp_path), source)
        if is_first:
            made.forget()
        return made

    yield make
    for sandbox in running:
        sandbox.close()


@PLANNERS
@FIRST_OR_LATER
def test_a_booking_deleted_behind_the_reader_costs_no_other_and_goes_with_the_next_pull(
    planner: Callable[..., Planner], source: str, is_first: bool
) -> None:
    at = planner(source, is_first=is_first)
    gone = at.on_the_first_page()
    at.on_the_second_page(lambda _asked: at.delete(gone))
    assert at.pull().complete
    assert at.pulled - {gone} <= at.warehouse.bookings() <= at.pulled
    at.pull()
    assert at.warehouse.bookings() == at.pulled - {gone}


@FIRST_OR_LATER
def test_the_row_under_the_cursor_may_vanish(planner: Callable[..., Planner], is_first: bool) -> None:
    at = planner("ruddr", is_first=is_first)
    gone: list[str] = []

    def delete(asked: re.Match[str]) -> None:
        gone.append(asked["cursor"])
        at.delete(asked["cursor"])

    at.on_the_second_page(delete)
    assert at.pull().complete
    lost = at.pulled - at.warehouse.bookings()
    assert gone
    assert all(gone[0] in key for key in lost)


@PLANNERS
@FIRST_OR_LATER
def test_a_booking_inserted_before_the_reader_costs_no_other_and_comes_with_the_next_pull(
    planner: Callable[..., Planner], source: str, is_first: bool
) -> None:
    at = planner(source, is_first=is_first)
    new = "990000000" if source == "tenthousandft" else "0b5b0b5b-0000-4000-8000-000000000000"
    entry = Entry({**at.rows()[0], "id": at.key(new)}, (-(10**18),))
    at.on_the_second_page(lambda _asked: at.table.put_back(entry))
    assert at.pull().complete
    assert at.pulled <= at.warehouse.bookings() <= at.pulled | {new}
    at.pull()
    assert at.warehouse.bookings() == at.pulled | {new}


@PLANNERS
@FIRST_OR_LATER
def test_a_plan_that_never_stands_still_loses_nothing_but_what_is_deleted(
    planner: Callable[..., Planner], source: str, is_first: bool
) -> None:
    """Each later page finds a row deleted that was on an earlier one."""
    at = planner(source, is_first=is_first)
    gone: set[str] = set()

    def delete(_asked: re.Match[str]) -> None:
        gone.add(at.on_the_first_page())
        at.delete(at.on_the_first_page())

    at.on_the_second_page(delete, always=True)
    pulled = at.pull()
    assert gone
    assert at.warehouse.bookings() <= at.pulled
    if pulled.complete:
        assert at.pulled - gone <= at.warehouse.bookings()
    elif not is_first:
        assert at.warehouse.bookings() == at.pulled
    assert at.pull().complete
    assert at.warehouse.bookings() == at.pulled - gone


@PLANNERS
def test_a_booking_reassigned_behind_the_reader_stands_once_after_the_next_pull(
    planner: Callable[..., Planner], source: str
) -> None:
    """Where the list is not read again, both may stand until then."""
    at = planner(source)
    gone, made = at.on_the_first_page(), set[str]()

    at.on_the_second_page(lambda _asked: made.add(at.reassign(gone)))
    assert at.pull().complete
    assert at.pulled - {gone} <= at.warehouse.bookings() <= at.pulled | made
    at.pull()
    assert at.warehouse.bookings() == at.pulled - {gone} | made


@PLANNERS
@FIRST_OR_LATER
def test_what_only_a_reading_that_was_given_up_has_shown_does_not_stand(
    planner: Callable[..., Planner], source: str, is_first: bool
) -> None:
    """Bookings are reassigned behind the reader, so many that the list is read again."""
    at = planner(source, is_first=is_first)
    gone, made = set(), set()

    def reassign(asked: re.Match[str]) -> None:
        keys = [str(row["id"]) for row in at.rows()[:10]]
        for key in [*keys, asked["cursor"]] if source == "ruddr" else keys:
            made.add(at.reassign(key))
            gone.add(key)

    at.on_the_second_page(reassign)
    pulled = at.pull()
    assert (pulled.complete, pulled.repeated > 0) == (True, True)
    assert set(map(id_in, at.warehouse.bookings())) == set(map(id_in, at.pulled)) - gone | made


@PLANNERS
def test_what_a_reading_that_was_given_up_has_shown_stays_while_the_service_shows_it(
    planner: Callable[..., Planner], source: str
) -> None:
    """It moved out of the window while the list was read again."""
    at = planner(source)
    start, end = ("starts_at", "ends_at") if source == "tenthousandft" else ("start", "end")
    moved: list[str] = []

    def move(asked: re.Match[str]) -> None:
        rows = at.rows()
        moved.append(str(rows[0]["id"]))
        at.state.update(at.stream, rows[0]["id"], **{start: "2030-01-07", end: "2030-01-11"})
        for row in rows[1:11]:
            at.delete(str(row["id"]))
        if source == "ruddr":
            at.delete(asked["cursor"])

    at.on_the_second_page(move)
    assert at.pull().complete
    found = at.warehouse.con.execute(
        "SELECT start_date FROM core_booking_now WHERE source_key = ?", moved
    ).fetchall()
    assert found == [(date(2030, 1, 7),)]


# A planner that shows little.


def lists_show_nothing(at: Planner) -> None:
    """From now on the bookings are shown one by one, and in no list."""
    entries = at.table.entries[:]

    def hide(asked: str) -> None:
        hidden = f"/{at.stream}?" in asked
        for entry in entries:
            there = at.table.find(entry.row["id"]) is not None
            if hidden and there:
                at.table.delete(entry.row["id"])
            elif not hidden and not there:
                at.table.put_back(entry)

    at.sandbox.watch(hide)


def asked_for(at: Planner) -> set[str]:
    """The bookings in the window that have an address of their own: those that are not read-only."""
    found = at.warehouse.con.execute(
        "SELECT source_key FROM core_booking_now WHERE read_only_kind IS NULL"
        " AND start_date <= ? AND end_date >= ?",
        [SPAN[1], SPAN[0]],
    ).fetchall()
    return {key for (key,) in found}


@PLANNERS
def test_an_empty_list_deletes_no_booking_that_the_service_still_shows(
    planner: Callable[..., Planner], source: str
) -> None:
    """Ruddr's read-only rows have no address: they go with the list."""
    at = planner(source)
    assert 0 < len(asked_for(at)) <= missing.CONFIRM_ONE_BY_ONE
    there = asked_for(at)
    lists_show_nothing(at)
    pulled = at.pull()
    assert (pulled.complete, pulled.loaded) == (True, len(there))
    assert there <= at.warehouse.bookings()


@PLANNERS
def test_two_empty_lists_are_not_believed_while_the_service_shows_one_of_their_bookings(
    planner: Callable[..., Planner], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many are missing to ask for each: a second list is read, and then a few are asked for."""
    monkeypatch.setattr(missing, "CONFIRM_ONE_BY_ONE", 5)
    at = planner(source)
    there = asked_for(at)
    lists_show_nothing(at)
    pulled = at.pull()
    assert (pulled.complete, pulled.loaded) == (False, 0)
    assert "cannot be believed" in str(pulled.why)
    assert asked_for(at) == there


@PLANNERS
def test_many_bookings_that_are_gone_go_although_only_a_few_are_asked_for(
    planner: Callable[..., Planner], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a mass deletion may do to ftrack is for the guards."""
    monkeypatch.setattr(missing, "CONFIRM_ONE_BY_ONE", 5)
    at = planner(source)
    for key in [entry.row["id"] for entry in at.table.entries]:
        at.table.delete(key)
    assert at.pull().complete
    assert asked_for(at) == set()


@PLANNERS
def test_bookings_that_the_service_denies_one_by_one_are_deleted_all_at_once(
    planner: Callable[..., Planner], source: str
) -> None:
    at = planner(source)
    for key in [entry.row["id"] for entry in at.table.entries]:
        at.table.delete(key)
    assert at.pull().complete
    assert asked_for(at) == set()


@PLANNERS
def test_an_empty_list_of_people_keeps_all_who_are_booked_and_their_working_weeks(
    planner: Callable[..., Planner], source: str
) -> None:
    at = planner(source)
    people = "users" if source == "tenthousandft" else "members"
    execute = at.warehouse.con.execute
    booked = {key for (key,) in execute("SELECT person_key FROM core_booking_now").fetchall() if key}
    weeks = execute("SELECT person_key FROM core_availability_now ORDER BY ALL").fetchall()
    for row in at.state.rows(people):
        at.state.tables[people].delete(row["id"])
    [pulled] = at.warehouse.pull(source, people)
    assert (pulled.complete, pulled.loaded) == (True, 0)
    assert booked <= {key for (key,) in execute("SELECT person_key FROM core_person_now").fetchall()}
    kept = [week for week in weeks if week[0] in booked]
    assert kept
    assert execute("SELECT person_key FROM core_availability_now ORDER BY ALL").fetchall() == kept


def test_a_planner_with_nothing_but_archived_rows_keeps_its_bookings(planner: Callable[..., Planner]) -> None:
    at = planner("tenthousandft")
    before = at.warehouse.bookings()
    for stream in ("users", "projects"):
        for row in at.state.rows(stream):
            at.state.update(stream, row["id"], archived=True)
    assert all(pulled.complete for pulled in at.warehouse.pull("tenthousandft"))
    assert at.warehouse.bookings() == before
    count = "SELECT count(*) FROM {} WHERE {}"
    for table, open_ones in (
        ("core_person_now", "kind = 'member' AND is_active"),
        ("core_project_now", "NOT is_archived"),
    ):
        assert at.warehouse.con.execute(count.format(table, open_ones)).fetchall() == [(0,)]
