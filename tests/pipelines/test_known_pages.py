"""Pages read before are not read again, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.listing import ATTEMPT_BITS
from connectors.page import Look, Page
from connectors.sandbox.table import encode
from pipelines.reading import Window
from pipelines.snapshot import Puller
from pipelines.sources import TENTHOUSANDFT
from transforms.model import Person, Project
from transforms.warehouse import Landing, open_warehouse
from transforms.warehouse.load import Stages
from transforms.warehouse.snapshot import Snapshot

MARCH = Window(date(2026, 3, 1), date(2026, 3, 31))
SPRING = Window(date(2026, 3, 1), date(2026, 5, 31))
ASSIGNMENTS = TENTHOUSANDFT.streams[-1]
Row = dict[str, Any]


def assignment(row_id: int, **fields: Any) -> Row:
    return {
        "id": row_id, "user_id": 7, "assignable_id": 1, "starts_at": "2026-03-02", "ends_at": "2026-03-06",
        "allocation_mode": "percent", "percent": 0.5, **fields,
    }  # fmt: skip


@dataclass
class Listing:
    given_up: list[list[Row]]
    pages: list[list[Row]]
    complete: bool = True
    incomplete_reason: str | None = None
    look: Look | None = None

    def __iter__(self) -> Iterator[Page]:
        for attempt, pages in enumerate([self.given_up, self.pages] if self.given_up else [self.pages]):
            for number, rows in enumerate(pages, 1):
                url, place = f"http://x.test?page={number}", (attempt << ATTEMPT_BITS) + number
                body = encode({"data": rows})
                glance = self.look(body) if self.look else None
                yield Page(url, body, datetime.now(UTC), len(rows), place, glance)


class Planner:
    """A client whose pages a test sets; `shown` are the bookings it shows when asked for one.

    `given_up` are the pages of a reading that it repeats. It looks at pages for its caller, or does not.
    """

    skew = timedelta()

    def __init__(self, looks: bool) -> None:
        self.looks = looks
        self.given_up: list[list[Row]] = []
        self.pages = [[assignment(1), assignment(2)], [assignment(3), assignment(4)]]
        self.shown: dict[int, Row] = {}
        self.complete = True

    def list(self, _stream: str, *, look: Look | None = None, **_window: Any) -> Listing:
        reason, look = None if self.complete else "broken off", look if self.looks else None
        return Listing(self.given_up, self.pages, self.complete, reason, look)

    def show_assignment(self, assignment_id: int, **_owner: Any) -> Page | None:
        row = self.shown.get(assignment_id)
        return Page("http://x.test/1", encode(row), datetime.now(UTC), 1) if row else None


class World:
    """A warehouse that pulls from a planner, and notes the pages whose rows are read."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, looks: bool) -> None:
        self.con, self.planner, self.read, self.folder = con, Planner(looks), 0, folder
        source = replace(TENTHOUSANDFT, parse=self.counted("parse"), columns=self.counted("columns"))
        self.puller = Puller(con, Landing(folder), source, self.planner)

    def counted(self, name: str) -> Any:
        function = getattr(TENTHOUSANDFT, name)

        def read(stream: str, body: bytes) -> Any:
            self.read += 1
            return function(stream, body)

        return read

    def pull(self, window: Window = MARCH) -> tuple[int, Snapshot]:
        """How many pages were read, and the snapshot."""
        self.read = 0
        snapshot = self.puller.take(ASSIGNMENTS, window)
        return self.read, snapshot

    def load(self, *records: Any) -> None:
        with Stages(self.con) as stages:
            stages.add(records)
            stages.materialise()
            for _table, stage in list(stages.items()):
                stage.merge("tenthousandft", "lists", datetime(2026, 1, 1), None)  # noqa: DTZ001

    def bookings(self) -> list[Any]:
        return self.con.execute(
            "SELECT source_key, effort_amount::DOUBLE FROM core_booking_now ORDER BY source_key"
        ).fetchall()


@pytest.fixture(params=[True, False], ids=["looked at on the way", "looked at when it came"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    with open_warehouse(":memory:") as con:
        world = World(con, tmp_path, request.param)
        world.load(Person("tenthousandft", "7", "member", "Ada"), Project("tenthousandft", "1", "Film"))
        yield world


def counts(snapshot: Snapshot) -> tuple[int, ...]:
    return snapshot.rows, snapshot.loaded, snapshot.repeated, snapshot.quarantined, snapshot.outside


def versions(world: World) -> list[Any]:
    return world.con.execute("FROM core_booking ORDER BY ALL").fetchall()


def test_an_unchanged_pull_reads_no_page(world: World) -> None:
    world.planner.pages[1].append(assignment(5, starts_at="2026-04-01", ends_at="2026-04-02"))
    first, before = world.pull()
    history = versions(world)
    again, after = world.pull()

    assert (first, again) == (2, 0)
    assert counts(after) == counts(before) == (5, 4, 0, 0, 1)
    assert after.content_sha256 == before.content_sha256
    assert versions(world) == history


def test_every_page_is_landed_whether_or_not_it_is_known(world: World) -> None:
    world.pull()
    pages = sorted(world.folder.glob("pages/*/*"))
    for page in pages:
        page.unlink()
    world.pull()

    assert len(pages) == 2
    assert sorted(world.folder.glob("pages/*/*")) == pages


def test_only_the_page_that_changed_is_read(world: World) -> None:
    world.pull()
    world.planner.pages[1][0] = assignment(3, percent=1)
    read, snapshot = world.pull()

    assert (read, counts(snapshot)) == (1, (4, 4, 0, 0, 0))
    assert world.bookings() == [("1", 0.5), ("2", 0.5), ("3", 1), ("4", 0.5)]


def test_what_a_page_lacks_goes_while_the_others_are_known(world: World) -> None:
    world.pull()
    world.planner.pages[1].pop()
    read, snapshot = world.pull()

    assert (read, snapshot.complete, snapshot.loaded) == (1, True, 3)
    assert [key for key, _ in world.bookings()] == ["1", "2", "3"]


def test_a_known_page_that_is_missing_takes_its_rows_along(world: World) -> None:
    world.pull()
    world.planner.pages.pop(0)

    assert world.pull()[0] == 0
    assert [key for key, _ in world.bookings()] == ["3", "4"]


def test_an_incomplete_listing_of_known_pages_closes_nothing(world: World) -> None:
    world.pull()
    world.planner.pages.pop(0)
    world.planner.complete = False

    assert (world.pull()[0], len(world.bookings())) == (0, 4)


def test_a_row_that_only_a_reading_given_up_has_shown_is_read_when_it_returns(world: World) -> None:
    both, one = [assignment(1), assignment(2)], [assignment(2)]
    world.planner.given_up, world.planner.pages = [both], [one]
    _, snapshot = world.pull()
    assert (world.bookings(), counts(snapshot)) == ([("2", 0.5)], (3, 1, 2, 0, 0))

    world.planner.given_up, world.planner.pages = [], [both]
    assert world.pull()[0] == 1
    assert world.bookings() == [("1", 0.5), ("2", 0.5)]

    world.planner.given_up, world.planner.pages = [both], [one]
    assert world.pull()[1].complete
    assert world.bookings() == [("2", 0.5)]


def test_a_pull_leaves_the_settings_of_the_warehouse_alone(world: World) -> None:
    settings = "SELECT current_setting('threads'), current_setting('memory_limit')"
    world.con.execute("SET memory_limit = '1GiB'; SET threads = 3")
    before = world.con.execute(settings).fetchall()
    world.pull()
    assert world.con.execute(settings).fetchall() == before


def test_a_page_is_read_again_after_another_snapshot_changed_its_rows(world: World) -> None:
    """March as it was, then another booking 1 in spring, then March as it was once more."""
    march = world.planner.pages
    world.pull()
    world.planner.pages = [[assignment(1, percent=0.9), assignment(2)], march[1]]
    world.pull(SPRING)
    assert world.bookings()[0] == ("1", 0.9)
    world.planner.pages = march
    read, _ = world.pull()

    assert read == 1
    assert world.bookings()[0] == ("1", 0.5)


def test_a_page_is_read_again_after_its_rows_were_gone(world: World) -> None:
    pages = world.planner.pages
    world.pull()
    world.planner.pages = pages[1:]
    world.pull()
    world.planner.pages = pages
    read, snapshot = world.pull()

    assert (read, snapshot.loaded, len(world.bookings())) == (1, 4, 4)


def test_a_page_with_quarantine_is_read_again(world: World) -> None:
    world.planner.pages[0].append({"id": 9})

    assert [counts(world.pull()[1]) for _ in range(2)] == [(5, 4, 0, 1, 0)] * 2
    assert world.pull()[0] == 2  # in vain in columns, then row by row


def test_new_lists_have_every_page_read_again(world: World) -> None:
    world.pull()
    world.load(Person("tenthousandft", "8", "member", "Bob"))

    assert (world.pull()[0], world.pull()[0]) == (2, 0)


def test_another_window_has_every_page_read(world: World) -> None:
    world.pull()

    assert (world.pull(SPRING)[0], world.pull(SPRING)[0], world.pull()[0]) == (2, 0, 0)


def test_of_a_row_on_two_pages_the_later_one_stays_known_or_not(world: World) -> None:
    """The same booking on both pages, edited in between: nothing of it depends on which page is known."""
    world.planner.pages = [[assignment(1), assignment(2, percent=0.1)], [assignment(2), assignment(3)]]
    _, before = world.pull()
    assert world.bookings()[1] == ("2", 0.5)
    for _ in range(2):
        read, again = world.pull()
        assert (read, counts(again)) == (1, counts(before))  # the page with the older version is read again
        assert world.bookings()[1] == ("2", 0.5)


def test_a_page_that_comes_twice_counts_twice(world: World) -> None:
    world.planner.pages.append(world.planner.pages[0])

    assert [counts(world.pull()[1]) for _ in range(2)] == [(6, 4, 2, 0, 0)] * 2
    assert world.read == 0


def test_drift_is_counted_whether_or_not_the_page_is_known(world: World) -> None:
    world.planner.pages[0][0]["surprise"] = 1
    for _ in range(2):
        _, snapshot = world.pull()
        assert world.con.execute(
            "SELECT field, rows FROM raw_drift WHERE snapshot_id = ?", [snapshot.snapshot_id]
        ).fetchall() == [("surprise", 1)]


def test_pages_of_old_windows_are_forgotten(world: World) -> None:
    world.pull()
    world.con.execute("UPDATE known_page SET read_at = read_at - INTERVAL 60 DAY")
    world.pull(SPRING)

    assert world.con.execute("SELECT DISTINCT window_end FROM known_page").fetchall() == [(SPRING.end,)]
    assert world.pull()[0] == 2


def test_emptying_the_cache_changes_nothing_but_time(world: World) -> None:
    _, before = world.pull()
    history = versions(world)
    world.con.execute("DELETE FROM known_page")
    read, after = world.pull()

    assert (read, counts(after)) == (2, counts(before))
    assert versions(world) == history


def test_a_booking_that_only_moved_stays_while_pages_are_known(world: World) -> None:
    world.pull()
    world.planner.pages[1].pop()
    world.planner.shown[4] = assignment(4, starts_at="2027-03-01", ends_at="2027-03-05")
    _, snapshot = world.pull()

    assert snapshot.complete
    assert [key for key, _ in world.bookings()] == ["1", "2", "3", "4"]


def test_what_is_only_looked_at_leaves_nothing_behind_if_it_has_no_rows(world: World) -> None:
    """It may lie beyond the end of the listing."""

    def beyond_the_end(_stream: str, *, look: Look, **_window: Any) -> Listing:
        assert look(encode({"data": []})) is None
        return Listing([], [[assignment(1)]])

    world.planner.list = beyond_the_end  # type: ignore[method-assign, assignment]
    assert world.pull()[1].loaded == 1
    assert len(list(world.folder.glob("pages/*/*"))) == 1
