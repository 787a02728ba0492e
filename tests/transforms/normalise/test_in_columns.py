"""The way through SQL and the way row by row make the same of every page, whatever stands on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.columns import Columns
from connectors.page import Page
from pipelines.reading import Reader, Window
from pipelines.sources import SOURCES, Source
from transforms.model import LeaveType, Person, Project, Record, WorkItem
from transforms.warehouse import Landing, open_warehouse
from transforms.warehouse.load import Stages

WINDOW = Window(date(2026, 1, 1), date(2026, 12, 31))
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENVELOPE = {"tenthousandft": "data", "ruddr": "results"}
Row = dict[str, Any]

# Keys of a member, a placeholder, a project, something in it and a leave type.
KEYS = {"tenthousandft": ("7", "9", "1", "2", "3"), "ruddr": ("m1", "p1", "j1", "t1", "o1")}
LISTED: dict[str, list[Record]] = {
    source: [
        Person(source, member, "member", "Ada"),
        Person(source, placeholder, "placeholder", "Rigger"),
        Project(source, project, "Film"),
        WorkItem(source, item, project, "phase" if source == "tenthousandft" else "task", "Lighting"),
        LeaveType(source, leave, "Vacation"),
    ]
    for source, (member, placeholder, project, item, leave) in KEYS.items()
}

# Values as they should be, and as they should not: each field of a row takes some of either.
NUMBERS = st.sampled_from(
    [0, 1, 0.5, 7.25, 8, -0.0, 1e-7, 0.1234565, 0.30000000000000004, 1e6, 1e6 + 1, -1, 1e400, "0.5", True]
) | st.floats(0, 1000)
IDS = st.sampled_from([1, 2, 3, 7, 9, 99, 0, -1, 2**63, 1.0, "7", None])
DAYS = st.sampled_from(
    ["2026-03-02", "2026-03-06", "2025-12-31", "2027-01-01", "2016-01-01", "2036-12-31", "0001-01-01",
     "2026-02-30", "2026-3-2", "20260302", "1772409600", "2026-03-02T00:00:00", "", 5, None]
)  # fmt: skip
TEXTS = st.sampled_from(["", "x", "naïve\u2028\U0001f600", "a\u0000b", "\ud800", '":', 5, None]) | st.text(
    max_size=5
)
REFS = st.sampled_from(
    [None, {}, {"id": None}, {"id": ""}, {"id": "m1", "name": "Ada"}, {"id": "p1"}, {"id": "j1"},
     {"id": "t1"}, {"id": "o1"}, {"id": "new", "name": "New"}, {"id": "j1", "client": {"name": "C"}},
     {"id": 5}, "m1", []]
)  # fmt: skip
FLAGS = st.sampled_from([True, False, None, 0, "true"])
ASSIGNMENT = {
    "id": 1, "user_id": 7, "assignable_id": 1, "starts_at": "2026-03-02", "ends_at": "2026-03-06",
    "allocation_mode": "percent", "percent": 0.5, "hours_per_day": None, "fixed_hours": None,
    "bill_rate": 95.5, "repetition_id": None, "note": None, "description": "",
    "created_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
ODD_ASSIGNMENT: dict[str, st.SearchStrategy[Any]] = {
    "id": IDS,
    "user_id": IDS,
    "assignable_id": IDS,
    "starts_at": DAYS,
    "ends_at": DAYS,
    "allocation_mode": st.sampled_from(["percent", "hours_per_day", "fixed", "fixed_hours", "odd", None]),
    "percent": NUMBERS,
    "hours_per_day": NUMBERS,
    "fixed_hours": NUMBERS,
    "bill_rate": NUMBERS,
    "repetition_id": st.sampled_from([1, -5, 10**30, 1.5, "1"]),
    "note": TEXTS,
    "description": TEXTS,
    "created_at": st.sampled_from(["2026-01-01T00:00:00Z", "yesterday", 5, None]),
    "organization_id": IDS,
    "surprise": TEXTS,
}
ALLOCATION = {
    "id": "a1", "entity": "allocation", "resourceTypeId": "member", "assignmentTypeId": "project",
    "start": "2026-03-02", "end": "2026-03-06", "unit": "day", "hoursPerDay": 7.5, "totalHours": 37.5,
    "isBillable": True, "notes": None, "member": {"id": "m1", "name": "Ada"},
    "project": {"id": "j1", "name": "Film"},
}  # fmt: skip
ODD_ALLOCATION: dict[str, st.SearchStrategy[Any]] = {
    "id": TEXTS,
    "entity": st.sampled_from(["allocation", "time_entry", "holiday", "odd", None]),
    "resourceTypeId": st.sampled_from(["member", "placeholder", "odd"]),
    "assignmentTypeId": st.sampled_from(["project", "time_off", None]),
    "start": DAYS,
    "end": DAYS,
    "unit": st.sampled_from(["day", "week", "month", "allocation", "ratio_of_capacity", "odd"]),
    **dict.fromkeys(
        ["hoursPerDay", "hoursPerWeek", "hoursPerMonth", "hoursPerAllocation", "hoursRatioOfCapacity"],
        NUMBERS,
    ),
    "totalHours": NUMBERS,
    "isBillable": FLAGS,
    "notes": TEXTS,
    "bookingTypeId": st.sampled_from(["soft", "confirmed", "odd", None]),
    "allocateOnTimeOffDays": FLAGS,
    **dict.fromkeys(["member", "placeholder", "project", "task", "timeOffType", "role"], REFS),
    "surprise": TEXTS,
}


def rows_like(good: Row, odd: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Row]:
    """Good rows with a few fields that are other ones, or missing."""
    changes = st.lists(
        st.sampled_from(sorted(odd)).flatmap(lambda name: st.tuples(st.just(name), odd[name])), max_size=3
    )
    without = st.lists(st.sampled_from(sorted(good)), max_size=1)
    return st.builds(
        lambda new, gone: {k: v for k, v in {**good, **dict(new)}.items() if k not in gone}, changes, without
    )


ROWS = {
    "tenthousandft": rows_like(ASSIGNMENT, ODD_ASSIGNMENT),
    "ruddr": rows_like(ALLOCATION, ODD_ALLOCATION),
}
PAGES = st.sampled_from(sorted(ROWS)).flatmap(
    lambda source: st.tuples(
        st.just(source), st.lists(st.lists(ROWS[source], max_size=4), min_size=1, max_size=4)
    )
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(":memory:") as con:
        for source, records in LISTED.items():
            with Stages(con) as stages:
                stages.add(records)
                stages.materialise()
                for stage in dict(stages.items()).values():
                    stage.merge(source, "s", datetime(2026, 1, 1), None)  # noqa: DTZ001 - UTC by definition
        yield con


def row_by_row(source: Source) -> Source:
    return replace(source, columns=lambda _stream, _body: None)


def bodies(source: str, pages: list[list[Row]]) -> list[bytes]:
    return [json.dumps({ENVELOPE[source]: rows, "paging": {}, "hasMore": False}).encode() for rows in pages]


def read(con: duckdb.DuckDBPyConnection, source: Source, pages: list[bytes], landing: Path) -> dict[str, Any]:
    """Everything that reading the pages leaves behind."""
    with (
        Stages(con) as stages,
        Reader(source, source.streams[-1], WINDOW, Landing(landing), stages) as reader,
    ):
        for place, body in enumerate(pages, 1):
            rows = len(json.loads(body)[ENVELOPE[source.name]])
            reader.add(Page("http://x.test", body, MONDAY, rows, place))
        reader.finish()
        staged = {table: stage.staged for table, stage in stages.items() if stage.staged}
        stages.materialise()
        reading = reader.reading
        return {
            "counts": (reading.rows, reading.outside, staged),
            "accounted": reading.rows
            == staged.get("core_booking", 0) + reading.outside + len(reading.rejects),
            "drift": dict(reading.drift),
            "rejects": sorted(
                (page.sha256, reject.position, reject.key or "", reject.reason, reject.raw)
                for page, reject in reading.rejects
            ),
            **{
                table: con.table(f"stage_{table}").project("* EXCLUDE (ordinal)").order("ALL").fetchall()
                for table in staged
            },
        }


@settings(max_examples=150)
@given(PAGES)
def test_both_ways_make_the_same(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, pages: tuple[str, list[list[Row]]]
) -> None:
    source = SOURCES[pages[0]]
    landed = bodies(*pages)
    slow = read(con, row_by_row(source), landed, tmp_path)
    assert slow["accounted"]
    assert read(con, source, landed, tmp_path) == slow


@pytest.mark.parametrize(("source", "good"), [("tenthousandft", ASSIGNMENT), ("ruddr", ALLOCATION)])
def test_a_good_page_goes_through_sql_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, source: str, good: Row
) -> None:
    def never(*_: object) -> Any:
        raise AssertionError("read row by row")

    made = read(con, replace(SOURCES[source], parse=never), bodies(source, [[good]]), tmp_path)
    assert made["counts"] == (1, 0, {"core_booking": 1})


DATES = b'"starts_at":"2026-03-02","ends_at":"2026-03-06"'


@pytest.mark.parametrize(
    "text",
    [
        b'{"data":[{"id":1,"id":2,"user_id":7,"assignable_id":1,' + DATES + b"}]}",
        b'{"data":[{"id":1,"user_id":7,"assignable_id":1,"percent":5E-1,' + DATES + b'}],"data":[]}',
        b' { "data" : [ {"i\\u0064": 1, "user_id": null,\n "assignable_id": 2, ' + DATES + b"} ] } ",
    ],
    ids=["a key twice", "two lists", "escapes and spaces"],
)
def test_json_that_can_be_read_in_two_ways_is_read_in_one(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, text: bytes
) -> None:
    source = SOURCES["tenthousandft"]
    assert read(con, source, [text], tmp_path) == read(con, row_by_row(source), [text], tmp_path)


def test_a_field_nobody_knows_is_counted_and_no_detour(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    source = replace(SOURCES["tenthousandft"], parse=lambda *_: pytest.fail("read row by row"))
    rows = [{**ASSIGNMENT, "id": 1, "surprise": 5}, {**ASSIGNMENT, "id": 2, "organization_id": 1}]
    assert read(con, source, bodies("tenthousandft", [rows]), tmp_path)["drift"] == {"surprise": 1}


def test_small_streams_have_no_columns() -> None:
    columns: Columns | None = SOURCES["ruddr"].columns("members", b'{"results":[]}')
    assert columns is None
