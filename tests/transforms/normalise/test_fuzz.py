"""Rows that hypothesis makes up, on every stream: each ends in the model or in quarantine with a reason.

Once through parse and normalise alone, and once through the whole pull: connector, landing, load, accounts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import responses
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from pipelines.pull import pull_source
from pipelines.settings import Settings
from pipelines.sources import SOURCES
from transforms.model import Booking
from transforms.normalise import ruddr, tenthousandft
from transforms.normalise.shared import Unresolved
from transforms.warehouse import open_warehouse
from transforms.warehouse.load import KEY_OF, TABLE_OF

Row = dict[str, Any]

# A good row of each stream, by the last part of its path. Ids of 10,000ft are its numbers, of Ruddr texts.
BLOCK = {
    "id": 1,
    "user_id": 1,
    "starts_at": None,
    "ends_at": "2026-06-30",
    **{f"day{n}": 6 for n in range(7)},
}
WEEK = {"id": "1", "start": None, "end": None, "hoursPerDay": [8, 8, 8, 8, 8, 0, 0]}
GOOD: dict[str, dict[str, Row]] = {
    "tenthousandft": {
        "users": {"id": 1, "display_name": "Ada", "email": "ada@x.test", "archived": False, "role": "Lead",
                  "hire_date": "2020-01-01", "availabilities": {"paging": {"next": None}, "data": [BLOCK]}},
        "availabilities": BLOCK,
        "placeholder_resources": {"id": 1, "title": "Compositor", "archived": False},
        "projects": {"id": 1, "name": "Film", "parent_id": None, "phase_name": None, "project_code": "F1",
                     "project_state": "Tentative", "archived": False, "deleted_at": None},
        "leave_types": {"id": 1, "name": "Vacation"},
        "holidays": {"id": 1, "date": "2026-12-25", "name": "Christmas"},
        "assignments": {"id": 1, "user_id": 1, "assignable_id": 1, "starts_at": "2026-03-02",
                        "ends_at": "2026-03-06", "allocation_mode": "percent", "percent": 0.5,
                        "hours_per_day": None, "fixed_hours": None, "bill_rate": 95.5, "repetition_id": None,
                        "note": None, "description": ""},
    },
    "ruddr": {
        "members": {"id": "1", "name": "Ada", "email": "ada@x.test", "isActive": True,
                    "activeStartDate": "2020-01-01", "availabilityPeriods": [WEEK],
                    "timeOffTypes": [{"id": "1", "name": "Vacation"}]},
        "resource-placeholders": {"id": "1", "name": "Compositor"},
        "projects": {"id": "1", "name": "Film", "code": "F1", "statusId": "in_progress",
                     "client": {"id": "1", "name": "Studio"}, "recordStatusId": "active"},
        "project-tasks": {"id": "1", "name": "Layout", "project": {"id": "1", "name": "Film"}},
        "allocations": {"id": "1", "resourceTypeId": "member", "assignmentTypeId": "project",
                        "start": "2026-03-02", "end": "2026-03-06", "unit": "day", "hoursPerDay": 7.5,
                        "hoursPerWeek": 20, "hoursPerMonth": 80, "hoursPerAllocation": 16,
                        "hoursRatioOfCapacity": 0.5, "totalHours": 37.5, "entity": "allocation",
                        "bookingTypeId": "confirmed", "isBillable": True, "notes": None,
                        "member": {"id": "1", "name": "Ada"}, "placeholder": {"id": "2", "name": "Somebody"},
                        "project": {"id": "1", "name": "Film", "client": None},
                        "task": {"id": "1", "name": "Layout"},
                        "timeOffType": {"id": "1", "name": "Vacation"}},
    },
}  # fmt: skip
STREAM_OF = {
    "placeholder_resources": "placeholders",
    "resource-placeholders": "placeholders",
    "project-tasks": "tasks",
}
STREAMS = [(source, collection) for source, rows in GOOD.items() for collection in rows]

# Texts that break encodings, queries and files; numbers and dates on the edge; values of every other type.
TEXTS = st.sampled_from(
    ["", " ", "\x00", "\ud800", "a:b", "'; DROP TABLE core_booking; --", "=1+1", "\u2028", "é" * 300, "x"]
) | st.text(max_size=5)
WORDS = st.sampled_from(
    ["percent", "hours_per_day", "fixed", "fixed_hours", "day", "week", "month", "allocation", "member",
     "ratio_of_capacity", "placeholder", "project", "time_off", "time_entry", "holiday", "soft", "Confirmed"]
)  # fmt: skip
NUMBERS = st.integers(-5, 5) | st.sampled_from(
    [-0.0, 0.5, 1e-9, 0.0000005, 7.123456789, 1e6, 1e7, 1e308, 10**400, 2**63 - 1, 2**63, float("nan")]
)
IDS = st.sampled_from(
    ["", " ", "\ud800", "x\udfff", "\x00", "a:b", "/", "?page=1", "..", 0, -1, 1.0, 2.5, 2**63, 10**400, None]
)
DATES = st.dates().map(str) | st.sampled_from(
    ["2026-03-02", "2026-03-31", "0001-01-01", "9999-12-31", "2026-02-30", "2026-03-02T00:00:00Z"]
)
PLAIN = st.none() | st.booleans() | TEXTS | WORDS | NUMBERS | DATES
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=7)
        | st.dictionaries(
            st.sampled_from(["id", "name", "client", "data", "paging", "next"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def another(name: str, value: Any) -> st.SearchStrategy[Any]:
    """Another value for a field: of the same kind, none, or anything."""
    if name == "id":
        return IDS
    alike: st.SearchStrategy[Any]
    if isinstance(value, str):
        alike = DATES if re.match(r"\d{4}-", value) else TEXTS | WORDS
    else:
        alike = NUMBERS if isinstance(value, int | float) else PLAIN
    return alike | st.none() | ANYTHING


@st.composite
def made_up(draw: st.DrawFn, source: str, collection: str) -> Any:
    """A good row with some of its fields changed or gone, and now and then something that is no row."""
    good = GOOD[source][collection]
    if draw(st.integers(0, 30)) == 0:
        return draw(ANYTHING)
    changed = draw(st.lists(st.sampled_from([*good, "surprise"]), max_size=3, unique=True))
    gone = draw(st.lists(st.sampled_from([*good]), max_size=1))
    ids = (5, 6, 7) if "placeholder" in collection else (1, 2, 3, 4)  # people of both kinds share their ids
    key = draw(st.sampled_from(ids))
    row = {**good, "id": key if source == "tenthousandft" else str(key)}
    row |= {name: draw(another(name, good.get(name))) for name in changed}
    return {name: value for name, value in row.items() if name not in gone}


def made_up_rows(source: str, collection: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(made_up(source, collection), max_size=15)


def page(source: str, rows: list[Any]) -> bytes:
    if source == "ruddr":
        return json.dumps({"results": rows, "hasMore": False}).encode()
    return json.dumps({"paging": {"next": None, "page": 1, "per_page": 1000}, "data": rows}).encode()


def some_lists(source: str) -> Any:
    if source == "ruddr":
        return ruddr.Lists(people={"1"}, projects={"1"})
    return tenthousandft.Lists(people={"1": "member", "2": "placeholder"}, projects={"1"}, phases={"2": "1"})


@pytest.mark.parametrize(("source", "collection"), STREAMS, ids=["-".join(place) for place in STREAMS])
@settings(max_examples=60)
@given(data=st.data())
def test_every_row_becomes_records_or_says_why_not(source: str, collection: str, data: st.DataObject) -> None:
    name, spec = STREAM_OF.get(collection, collection), SOURCES[source]
    stream = next(stream for stream in spec.streams if stream.name == name)
    rows = data.draw(made_up_rows(source, collection))
    parsed = spec.parse(name, page(source, rows))
    lists = some_lists(source)
    for position, row in parsed.rows:
        try:
            records = list(stream.normalise(row, lists, "sha256", position))
        except Unresolved:
            continue
        assert sum(TABLE_OF[type(record)] in stream.primary for record in records) == 1 or stream.windowed
        assert to_json(records)
        for booking in (record for record in records if isinstance(record, Booking)):
            assert booking.start_date <= booking.end_date
            assert booking.effort_amount >= 0
            assert (booking.project_key is None) == (booking.kind != "work")
    assert len(parsed.rows) + len(parsed.rejects) == len(rows)
    assert all(reject.reason for reject in parsed.rejects)


# The whole pull.

WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # each example takes a second

ADDRESS = "http://127.0.0.1:9/"
ROOT = {"tenthousandft": f"{ADDRESS}api/v1", "ruddr": f"{ADDRESS}api/workspace"}


@contextmanager
def answering(source: str, rows: dict[str, list[Any]]) -> Iterator[None]:
    """A planner with these rows in its lists, which knows no booking that it does not list."""

    def answer(request: Any) -> tuple[int, dict[str, str], bytes]:
        collection = request.path_url.partition("?")[0].rpartition("/")[2]
        if collection in GOOD[source]:
            return 200, {}, page(source, rows[collection])
        return 404, {}, b'{"message": "not found"}'

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("GET", re.compile(f"{ADDRESS}.*"), callback=answer)
        yield


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Settings, duckdb.DuckDBPyConnection]]:
    folder: Path = tmp_path_factory.mktemp("landing")
    planners = {source: {"url": url, "token": "t"} for source, url in ROOT.items()}
    con = open_warehouse(":memory:")
    yield Settings.model_validate({**planners, "landing": {"path": folder}}), con
    con.close()


def model(con: duckdb.DuckDBPyConnection) -> list[Any]:
    return [con.execute(f"FROM {table}_now ORDER BY ALL").fetchall() for table in KEY_OF]


def empty(con: duckdb.DuckDBPyConnection) -> None:
    tables = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE regexp_matches(table_name, '^(core|raw|known)_')"
    ).fetchall()
    for (table,) in tables:
        con.execute(f"TRUNCATE {table}")


@pytest.mark.parametrize("source", GOOD)
@settings(max_examples=15, phases=WITHOUT_SHRINKING, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_row_of_a_pull_ends_in_the_model_or_in_quarantine(
    source: str, data: st.DataObject, warehouse: Any
) -> None:
    configured, con = warehouse
    empty(con)
    rows = {collection: data.draw(made_up_rows(source, collection)) for collection in GOOD[source]}

    def pull() -> dict[str, Any]:
        with answering(source, rows):
            taken = pull_source(configured, con, source, date(2026, 1, 1), date(2026, 12, 31))
        return {snapshot.stream: snapshot for snapshot in taken if snapshot.scope == "all"}

    first = pull()

    for collection, sent in rows.items():
        snapshot = first[STREAM_OF.get(collection, collection)]
        assert snapshot.complete
        assert snapshot.rows == snapshot.loaded + snapshot.repeated + snapshot.quarantined + snapshot.outside
        assert snapshot.rows == len(sent) or collection == "availabilities"  # asked for person by person
    assert con.execute("SELECT * FROM raw_quarantine WHERE reason = '' OR raw = ''").fetchall() == []
    before = model(con)
    again = pull()
    assert model(con) == before
    assert {s: (a.loaded, a.quarantined) for s, a in again.items()} == {
        s: (f.loaded, f.quarantined) for s, f in first.items()
    }
