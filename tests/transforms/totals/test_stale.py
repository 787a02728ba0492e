"""A build that counts some people again says what a full build says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.policy import Policy
from transforms.totals import build, stale
from transforms.warehouse import open_warehouse

BOTH = pytest.mark.parametrize("source", ["tenthousandft", "ruddr"])
KNOWN = datetime(2026, 1, 2)  # noqa: DTZ001 - the warehouse keeps UTC without an offset
DEFAULT = Policy.model_validate({})

# The numbers that rows go by differ from build to build, and so does the order of the rows.
NUMBERS = {"booking_id", "resource_id", "project_id", "day_id", "part_id", "day_id_0"}
# Their rows have no names: what they hold is told by the views over them.
UNNAMED = {"mart_work_fact", "mart_spread_fact", "mart_stretch_fact", "mart_weight_fact", "mart_planner_fact"}

Load = Callable[..., None]


@pytest.fixture(params=["people", "single bookings"])
def some(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the studio, what changes in it are few people, or few bookings of many."""
    monkeypatch.setattr(stale, "FEW", math.inf)
    monkeypatch.setattr(stale, "MUCH", 0 if request.param == "people" else math.inf)


def marts(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    found = con.execute(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()"
        " WHERE NOT internal AND starts_with(table_name, 'mart_') GROUP BY 1"
    ).fetchall()
    assert len(found) > 20
    return {name: _rows(con, name, columns) for name, columns in found if name not in UNNAMED}


def _rows(con: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    chosen = [name for name in columns if name not in NUMBERS]
    now = " WHERE known_to IS NULL" if "known_to" in columns else ""
    return con.execute(f"SELECT {', '.join(chosen)} FROM {table}{now} ORDER BY ALL").fetchall()  # noqa: S608 - names of ours


def changed(data: st.DataObject, studio: Any) -> Any:
    """The studio with some bookings gone, moved to the dates or the person of others, or become like them."""
    bookings = studio.rows[studio.bookings]
    names = ("starts_at", "ends_at", "user_id") if studio.source == "tenthousandft" else ("start", "end")

    def other(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        match data.draw(st.sampled_from(["same", "same", "gone", "moved", "like another"])):
            case "same":
                yield row
            case "like another":
                yield {**data.draw(st.sampled_from(bookings)), "id": row["id"]}
            case "moved":
                like = data.draw(st.sampled_from(bookings))
                yield {**row, **{name: like[name] for name in names if name in like}}

    return studio.with_bookings([new for row in bookings for new in other(row)])


def step_by_step_is_a_full_build(load: Load, *steps: list[Any]) -> None:
    """Each step: the studios as they are then."""
    with closing(open_warehouse(":memory:")) as con:
        for number, studios in enumerate(steps):
            for studio in studios:
                load(con, studio, f"{studio.source} {number}")
            build(con, DEFAULT, KNOWN)
            step_by_step = marts(con)
            con.execute("DROP TABLE known_build")
            build(con, DEFAULT, KNOWN)
            assert marts(con) == step_by_step


@BOTH
@pytest.mark.usefixtures("some")
@settings(max_examples=15)
@given(data=st.data())
def test_counting_some_again_is_a_full_build(
    source: str, data: st.DataObject, studios: ModuleType, load: Load
) -> None:
    studio = data.draw(studios.STRATEGIES[source]())
    # All that may be booked, so that the days counted stay the same.
    days = {"start": studio.start - timedelta(days=60), "end": studio.start + timedelta(days=150)}
    before = replace(studio, **days)
    step_by_step_is_a_full_build(load, [before], [changed(data, before)], [before])


@pytest.mark.usefixtures("some")
@settings(max_examples=10)
@given(data=st.data())
def test_so_it_is_for_two_planners(data: st.DataObject, studios: ModuleType, load: Load) -> None:
    both = [data.draw(studios.STRATEGIES[source]()) for source in ("tenthousandft", "ruddr")]
    days = {
        "start": min(studio.start for studio in both) - timedelta(days=60),
        "end": max(studio.start for studio in both) + timedelta(days=150),
    }
    both = [replace(studio, **days) for studio in both]
    # Ada is in both.
    for studio, people in zip(both, ("users", "members"), strict=True):
        studio.rows[people][0]["email"] = "ada@studio.example"
    step_by_step_is_a_full_build(load, both, [changed(data, studio) for studio in both], both)


def redone(con: duckdb.DuckDBPyConnection, policy: Policy = DEFAULT) -> int | None:
    """How many people and single bookings a build would count again; None: everybody."""
    try:
        return stale.find(con, policy)
    finally:
        for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall():
            con.execute(f"DROP TABLE temp.{name}")


# A window of their own keeps the days that are counted the same, whatever is booked.
WINDOW = date(2026, 3, 1), date(2026, 3, 31)


def booking(number: int, **more: Any) -> dict[str, Any]:
    span = {"starts_at": "2026-03-02", "ends_at": "2026-03-20"}
    effort = {"allocation_mode": "percent", "percent": 0.5}
    return {"id": 1000 + number, "user_id": number, "assignable_id": 10, **span, **effort, **more}


@pytest.fixture
def ten(studios: ModuleType) -> Any:
    """Ten people with a booking each."""
    people = [{"id": number, "first_name": "Ada", "last_name": str(number)} for number in range(1, 11)]
    rows: dict[str, list[Any]] = {
        "users": [
            {**row, "archived": False, "availabilities": {"paging": {"page": 1, "next": None}, "data": []}}
            for row in people
        ],
        "placeholders": [],
        "projects": studios.PROJECTS,
        "leave_types": studios.LEAVE_TYPES,
        "holidays": [],
        "assignments": [booking(number) for number in range(1, 11)],
    }
    return studios.Studio("tenthousandft", rows, *WINDOW)


@pytest.fixture
def built(load: Load, ten: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(open_warehouse(":memory:")) as con:
        load(con, ten, "s1")
        build(con, DEFAULT, KNOWN)
        yield con


def test_nothing_new_calls_for_nothing(built: duckdb.DuckDBPyConnection, load: Load, ten: Any) -> None:
    assert redone(built) == 0
    load(built, ten, "s2")
    assert redone(built) == 0


def test_the_people_of_changed_bookings_are_counted_again(
    built: duckdb.DuckDBPyConnection, load: Load, ten: Any
) -> None:
    bookings = ten.rows["assignments"]
    load(built, ten.with_bookings([booking(1, percent=0.7), *bookings[1:]]), "s2")
    assert redone(built) == 1
    load(built, ten.with_bookings([booking(1, user_id=2), *bookings[1:]]), "s3")
    assert redone(built) == 2  # whose it was, and whose it is
    build(built, DEFAULT, KNOWN)
    assert redone(built) == 0


@pytest.mark.parametrize("everybody", [False, True])
def test_a_build_that_fails_leaves_the_last_one(
    everybody: bool, built: duckdb.DuckDBPyConnection, load: Load, ten: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = marts(built)
    load(built, ten.with_bookings([booking(1, percent=0.7), *ten.rows["assignments"][1:]]), "s2")
    if everybody:
        built.execute("DROP TABLE known_build")
    with monkeypatch.context() as broken:
        broken.setattr(stale, "remember", lambda *_: built.execute("SELECT error('disk full')"))
        with pytest.raises(duckdb.Error, match="disk full"):
            build(built, DEFAULT, KNOWN)
    assert marts(built) == before
    assert built.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchall() == [(0,)]
    build(built, DEFAULT, KNOWN)
    assert marts(built) != before


def test_a_few_bookings_of_everybody_are_counted_one_by_one(load: Load, ten: Any) -> None:
    """One in twelve: two on a project, so that who has worked on it stays the same when one of them goes."""
    many = [
        booking(12 * person + n, user_id=person, assignable_id=(10, 30)[n % 2], percent=0.1 + n / 50)
        for person in range(1, 11)
        for n in range(12)
    ]
    firsts = {person: 1000 + 12 * person for person in range(1, 11)}
    later = [row for row in many if row["id"] != firsts[1]]
    for row in later:
        if row["id"] == firsts[row["user_id"]]:
            later[later.index(row)] = {**row, "percent": 0.9, "ends_at": "2026-03-11"}
    with closing(open_warehouse(":memory:")) as con:
        load(con, ten.with_bookings(many), "s1")
        build(con, DEFAULT, KNOWN)
        load(con, ten.with_bookings(later), "s2")
        assert redone(con) == 9 + 10  # now, and before
        build(con, DEFAULT, KNOWN)
        one_by_one = marts(con)
        con.execute("DROP TABLE known_build")
        build(con, DEFAULT, KNOWN)
        assert marts(con) == one_by_one


def test_many_changed_people_are_everybody(built: duckdb.DuckDBPyConnection, load: Load, ten: Any) -> None:
    load(built, ten.with_bookings([]), "s2")
    assert redone(built) is None


CHANGES: dict[str, Callable[[dict[str, list[Any]]], None]] = {
    "a project": lambda rows: rows["projects"].append({**rows["projects"][0], "id": 77}),
    "a phase": lambda rows: rows["projects"].append({**rows["projects"][1], "id": 78}),
    "a leave type": lambda rows: rows["leave_types"].append({"id": 79, "name": "Moving house"}),
    "a holiday": lambda rows: rows["holidays"].append({"id": 1, "date": "2026-03-17", "name": "Patrick"}),
    "a person": lambda rows: rows["users"].append({**rows["users"][0], "id": 80}),
    "a week": lambda rows: rows["users"][0]["availabilities"]["data"].append(
        {"id": 1, "starts_at": None, "ends_at": None, **{f"day{n}": 4 for n in range(7)}}
    ),
    "the days booked": lambda rows: rows["assignments"].append(booking(11, user_id=1, ends_at="2026-04-20")),
    "unassigned work": lambda rows: rows["assignments"].append(booking(11, user_id=None)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_else_changed_calls_for_a_full_build(
    what: str, built: duckdb.DuckDBPyConnection, load: Load, ten: Any
) -> None:
    rows = deepcopy(ten.rows)
    CHANGES[what](rows)
    load(built, replace(ten, rows=rows), "s2")
    assert redone(built) is None


def test_so_does_another_window(built: duckdb.DuckDBPyConnection, load: Load, ten: Any) -> None:
    load(built, replace(ten, end=WINDOW[1] + timedelta(days=1)), "s2")
    assert redone(built) is None


def test_so_does_another_policy(built: duckdb.DuckDBPyConnection) -> None:
    assert redone(built, Policy.model_validate({"tenthousandft_hours_per_day": 7})) is None


def test_so_does_a_snapshot_that_says_something_else_now(built: duckdb.DuckDBPyConnection) -> None:
    built.execute("DELETE FROM core_booking WHERE source_key = '1001'")
    assert redone(built) is None
