"""Loading with history: the same rows twice change nothing, changes and proven absences close versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.model import Holiday, LeaveType, Person, Project, Record
from transforms.warehouse import open_warehouse
from transforms.warehouse.load import Absence, Merged, Stages

EVERYTHING = Absence("true", present_in=("core.leave_type_key",))
Load = Callable[..., Merged]
T0 = datetime.fromisoformat("2026-03-02T09:00")  # the warehouse keeps UTC without the mark


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return open_warehouse(":memory:")


def load(
    con: duckdb.DuckDBPyConnection,
    table: str,
    records: Iterable[Record],
    known: datetime = T0,
    absence: Absence | None = None,
    source: str = "ruddr",
) -> Merged:
    with Stages(con) as stages:
        _ = stages[table]
        stages.add(records)
        stages.materialise()
        return stages[table].merge(source, f"snapshot-{known:%H%M}", known, absence)


def leave(key: str, name: str = "Vacation") -> LeaveType:
    return LeaveType("ruddr", key, name)


def test_the_same_rows_again_change_nothing(con: duckdb.DuckDBPyConnection) -> None:
    rows = [leave("1"), leave("2", "Sick")]
    assert load(con, "core_leave_type", rows) == Merged(opened=2, absent=0, loaded=2, repeated=0)
    before = con.execute("FROM core_leave_type ORDER BY ALL").fetchall()
    again = load(con, "core_leave_type", rows, T0 + timedelta(hours=1), EVERYTHING)
    assert again == Merged(opened=0, absent=0, loaded=2, repeated=0)
    assert con.execute("FROM core_leave_type ORDER BY ALL").fetchall() == before


def test_a_change_closes_the_old_version_and_opens_a_new_one(con: duckdb.DuckDBPyConnection) -> None:
    load(con, "core_leave_type", [leave("1")])
    later = T0 + timedelta(hours=1)
    load(con, "core_leave_type", [leave("1", "Holiday")], later)
    assert con.execute(
        "SELECT name, known_from, known_to, closed_by FROM core_leave_type ORDER BY known_from"
    ).fetchall() == [("Vacation", T0, later, "snapshot-1000"), ("Holiday", later, None, None)]


def test_absence_closes_only_with_proof(con: duckdb.DuckDBPyConnection) -> None:
    load(con, "core_leave_type", [leave("1"), leave("2")])
    later = T0 + timedelta(hours=1)
    assert load(con, "core_leave_type", [leave("1")], later, None).absent == 0
    assert current(con) == ["1", "2"]
    assert load(con, "core_leave_type", [leave("1")], later, EVERYTHING).absent == 1
    assert current(con) == ["1"]


def test_a_row_in_quarantine_is_broken_not_absent(con: duckdb.DuckDBPyConnection) -> None:
    load(con, "core_leave_type", [leave("1"), leave("2")])
    kept = replace(EVERYTHING, present=frozenset({"2"}))
    assert load(con, "core_leave_type", [leave("1")], T0 + timedelta(hours=1), kept).absent == 0
    assert current(con) == ["1", "2"]


def test_absence_never_reaches_the_other_source(con: duckdb.DuckDBPyConnection) -> None:
    load(con, "core_leave_type", [LeaveType("tenthousandft", "1", "Vacation")], source="tenthousandft")
    load(con, "core_leave_type", [], T0 + timedelta(hours=1), EVERYTHING)
    assert current(con) == ["1"]


def test_of_repeated_keys_the_last_one_read_stays(con: duckdb.DuckDBPyConnection) -> None:
    merged = load(con, "core_leave_type", [leave("1", "old"), leave("2"), leave("1", "new")])
    assert (merged.loaded, merged.repeated) == (2, 1)
    assert con.execute("SELECT name FROM core_leave_type_now WHERE leave_type_key = '1'").fetchall() == [
        ("new",)
    ]


def test_hostile_text_is_only_text(con: duckdb.DuckDBPyConnection) -> None:
    name = "'; DROP TABLE core_project; -- \n\u2028\x00\\\"{}\ud83d".encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace"
    )
    load(con, "core_project", [Project("ruddr", "1", name)])
    assert con.execute("SELECT name FROM core_project_now").fetchall() == [(name,)]


def test_every_model_fits_its_table(con: duckdb.DuckDBPyConnection) -> None:
    """A field without a column, or the other way round, would lose data in silence."""
    from dataclasses import fields

    from transforms.warehouse.connection import model_columns
    from transforms.warehouse.load import TABLE_OF

    for model, table in TABLE_OF.items():
        assert [field.name for field in fields(model)] == list(model_columns(con, table)), table


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["x", "y"]), max_size=5),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_history_replays(pulls: list[tuple[dict[str, str], bool]]) -> None:
    """Whatever was pulled: the rows now, and as of any earlier pull, are those a dict would hold."""
    con = open_warehouse(":memory:")
    expected: dict[str, str] = {}
    told: list[tuple[datetime, dict[str, str]]] = []
    for hour, (rows, complete) in enumerate(pulls):
        known = T0 + timedelta(hours=hour)
        absence = EVERYTHING if complete else None
        load(con, "core_leave_type", [leave(k, v) for k, v in rows.items()], known, absence)
        expected = dict(rows) if complete else {**expected, **rows}
        told.append((known, dict(expected)))
    assert dict(con.execute("SELECT leave_type_key, name FROM core_leave_type_now").fetchall()) == expected
    for known, rows in told:
        as_of = con.execute(
            "SELECT leave_type_key, name FROM core_leave_type"
            " WHERE known_from <= $1 AND (known_to IS NULL OR known_to > $1)",
            [known],
        ).fetchall()
        assert sorted(as_of) == sorted(rows.items())


ROWS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["x", "y"]), max_size=5)


@settings(max_examples=60)
@given(ROWS, ROWS, ROWS, st.frozensets(st.sampled_from("abcde"), max_size=2))
def test_of_two_readings_the_last_one_counts(
    before: dict[str, str], given_up: dict[str, str], last: dict[str, str], broken: frozenset[str]
) -> None:
    """A row that was shown and is broken in the end stays as it was shown, or as it was known."""
    con, second = open_warehouse(":memory:"), 1 << 20
    load(con, "core_leave_type", [leave(k, v) for k, v in before.items()])
    absence = replace(EVERYTHING, present=broken)
    with Stages(con) as stages:
        stages.add((leave(k, v) for k, v in given_up.items()), 1)
        stages.add((leave(k, v) for k, v in last.items()), second + 1)
        stage = stages["core_leave_type"]
        stage.materialise()
        stage.withdraw("ruddr", second, absence)
        merged = stage.merge("ruddr", "second", T0 + timedelta(hours=1), absence)
    kept = {key: value for key, value in {**before, **given_up}.items() if key in broken}
    found = con.execute("SELECT leave_type_key, name FROM core_leave_type_now").fetchall()
    assert dict(found) == {**kept, **last}
    assert merged.loaded + merged.repeated == len(given_up) + len(last)


def current(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute("SELECT leave_type_key FROM core_leave_type_now ORDER BY 1").fetchall()
    return [key for (key,) in rows]


def test_holidays_and_people_load_too(con: duckdb.DuckDBPyConnection) -> None:
    load(con, "core_holiday", [Holiday("tenthousandft", "1", T0.date(), "Day")], source="tenthousandft")
    load(con, "core_person", [Person("ruddr", "p", "member", "Ada", "ada@x.test")])
    assert con.execute("SELECT holiday_date FROM core_holiday_now").fetchall() == [(T0.date(),)]
    assert con.execute("SELECT name, is_active FROM core_person_now").fetchall() == [("Ada", True)]
