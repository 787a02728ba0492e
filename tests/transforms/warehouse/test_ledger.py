"""The ledger knows every change of a plan from its first commit on, whenever the process ends."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.reconcile.plan import FORMAT, Change, Plan
from transforms.warehouse import open_warehouse
from transforms.warehouse.ledger import Entry, Ledger, Outcome
from transforms.warehouse.migrate import migrations

NUMBER = 7
WHOLE = "SELECT * FROM push_ledger ORDER BY plan_sha256, position"
LEDGER = 8
"""The schema version that has push_ledger."""


def change(number: int) -> Change:
    """One of each action, in turn; what is said has quotes and signs beyond ASCII."""
    said: Any = {"name": f'"Né" {number}', "value": 0.5, "user_id": None}
    before, after = [(None, said), ({"value": 0.5}, {"value": 1.0}), (said, None)][number % 3]
    return {
        "action": ("create", "update", "delete")[number % 3],  # type: ignore[typeddict-item]
        "kind": "allocation",
        "id": f"r{number}",
        "before": before,
        "after": after,
        "rule": "booking",
        "origin": {"source": "ruddr", "source_key": f"b{number}", "run": 1},
        "person": "Né",
        "project": "",
        "hours": {"before": 0.0, "after": number / 3},
    }


@pytest.fixture
def plan() -> Plan:
    lists: Any = {name: [] for name in ("snapshots", "blocked", "conflicts", "unmatched")}
    counts = {"changes": {}, "people": [], "kept": 0, "blocked": 0, "outside_window": 0, "gone": 0}
    impact = {"records": 0, "people": 0, "people_emptied": [], "sources": [], "projects": []}
    none = dict.fromkeys(("previous", "undoes", "delete_window"))
    head = {"format": FORMAT, "dialect": "seed", "server": "s", "day": "2026-03-02", "summary": counts}
    changes = [change(number) for number in range(NUMBER)]
    content: Any = {**head, **none, **lists, "impact": impact, "changes": changes}
    return Plan.of(content)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def rows(con: duckdb.DuckDBPyConnection, query: str = WHOLE) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def entries(plan: Plan, positions: Iterable[int]) -> list[Entry]:
    return [Entry(plan.sha256, position, plan.changes[position]) for position in positions]


@pytest.mark.parametrize("first", [0, 3, NUMBER])
@pytest.mark.parametrize("complete", [False, True])
def test_a_plan_that_begins_is_known_whole(plan: Plan, file: Path, first: int, complete: bool) -> None:
    """However much of it leaves at once, with rows or without, and after a crash right then as before it."""
    with open_warehouse(file) as con:
        book = Ledger(con)
        with book.beginning(plan, []):
            book.sending(entries(plan, range(first)))
        if complete:
            book.complete()
        assert rows(con, "SELECT count(*) FROM push_change") == [(NUMBER if complete else 0,)]
        as_one = rows(con)
    assert [row[1] for row in as_one] == list(range(NUMBER))
    assert [row[9] for row in as_one] == ["sending"] * first + ["intended"] * (NUMBER - first)
    assert [row[11] is not None for row in as_one] == [True] * first + [False] * (NUMBER - first)
    with open_warehouse(file) as con:  # what only reads
        assert rows(con) == as_one
    with open_warehouse(file) as con:  # what goes on with it
        book = Ledger(con)
        assert rows(con, "FROM push_change ORDER BY position") == as_one
        assert rows(con, "FROM push_note") == []
        assert book.entries(plan.sha256, "intended") == entries(plan, range(first, NUMBER))
        assert book.unsettled("s") == entries(plan, range(first))
        Ledger(con)
        assert rows(con) == as_one


def test_a_plan_that_is_refused_while_it_begins_leaves_nothing(plan: Plan, file: Path) -> None:
    with open_warehouse(file) as con:
        book = Ledger(con)
        with suppress(LookupError), book.beginning(plan, []):
            book.sending(entries(plan, [0]))
            raise LookupError
        assert [rows(con, f"FROM {table}") for table in ("push_plan", "push_note", "push_ledger")] == [[]] * 3
        book.begin(plan, [])
        assert {row[9] for row in rows(con)} == {"intended"}


@pytest.mark.parametrize("positions", [[0, 1], [1, 2, 5], [6], [5, 1]])
def test_what_leaves_is_known_before_and_after_a_crash(plan: Plan, file: Path, positions: list[int]) -> None:
    with open_warehouse(file) as con:
        book = Ledger(con)
        book.begin(plan, [])
        book.sending(entries(plan, positions))
    with open_warehouse(file) as con:
        sending = [row[1] for row in rows(con) if row[9] == "sending"]
        assert sending == sorted(positions)
        assert Ledger(con).unsettled("s") == entries(plan, sending)
        assert [row[1] for row in rows(con) if row[9] == "intended"] == [
            position for position in range(NUMBER) if position not in positions
        ]


OUTCOMES = st.tuples(
    st.sampled_from(["sending", "done", "failed", "intended"]),
    st.sets(st.integers(0, NUMBER - 1), min_size=1).map(sorted),
    st.sampled_from(["no\nway", 'half a "\ud800" character', "nothing \x00 at all"]),
)


@given(st.lists(st.lists(OUTCOMES, max_size=3), max_size=4), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_notes_say_the_same_as_the_rows_they_are_folded_into(
    plan: Plan, noted: list[list[tuple[Any, list[int], str]]], complete: bool
) -> None:
    """And of what was noted of a change, the last counts."""
    last: dict[int, tuple[str, str | None]] = {}
    with open_warehouse(":memory:") as con:
        book = Ledger(con)
        book.begin(plan, [])
        if complete:
            book.complete()
        for outcomes in noted:
            told = []
            for status, positions, error in outcomes:
                error_of = error if status == "failed" else None
                told.append(Outcome(entries(plan, positions), status, error_of))
                kept = error_of and error_of.replace("\ud800", "?")
                last |= dict.fromkeys(positions, (status, kept))
            book.note(told, [])
        before = rows(con)
        book.fold()
        assert rows(con) == before
        assert rows(con, "FROM push_change ORDER BY position") == before
        assert {row[1]: (row[9], row[10]) for row in before} == {
            position: last.get(position, ("intended", None)) for position in range(NUMBER)
        }
        made = [plan.changes[n]["id"] for n, (status, _) in last.items() if status == "done" and n % 3 == 0]
        owned = rows(con, "SELECT record_id FROM push_record WHERE state = 'live' ORDER BY 1")
        assert owned == [(record_id,) for record_id in sorted(made)]


def test_a_plan_that_is_forgotten_intends_nothing(plan: Plan, file: Path) -> None:
    other = Plan.of({**plan.content, "previous": plan.sha256})
    with open_warehouse(file) as con:
        book = Ledger(con)
        book.begin(plan, [])
        con.execute("UPDATE push_plan SET started_at = started_at - INTERVAL 2 YEAR")
        book.begin(other, [])
        book.forget(365)
        assert {row[0] for row in rows(con)} == {other.sha256}
        assert len(rows(con)) == NUMBER


def test_the_ledger_of_an_older_version_is_kept(plan: Plan, file: Path) -> None:
    with open_warehouse(file) as con:
        book = Ledger(con)
        book.begin(plan, [])
        book.sending(entries(plan, [0]))
        book.settle([Outcome(entries(plan, [0]), "done")])
        before = rows(con)
        for later in ("VIEW push_ledger", "VIEW push_noted", "TABLE push_note", "VIEW push_intent"):
            con.execute(f"DROP {later}")
        con.execute("ALTER TABLE push_plan DROP COLUMN changes")
        con.execute("DELETE FROM meta_schema WHERE version >= ?", [LEDGER])
    assert LEDGER in migrations()
    with open_warehouse(file) as con:
        assert rows(con) == before
        assert Ledger(con).entries(plan.sha256, "intended") == entries(plan, range(1, NUMBER))
        assert rows(con) == before
