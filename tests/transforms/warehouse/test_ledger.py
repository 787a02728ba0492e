"""The ledger knows every change of a plan from its first commit on, whenever the process ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from transforms.reconcile.plan import FORMAT, Change, Plan
from transforms.warehouse import ledger, open_warehouse
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


@pytest.mark.parametrize("soon", [0, 3, NUMBER, NUMBER + 1])
def test_a_plan_that_begins_is_known_whole(
    plan: Plan, file: Path, monkeypatch: pytest.MonkeyPatch, soon: int
) -> None:
    """However much of it has rows, and after a crash right then as before it."""
    with open_warehouse(file) as con:
        Ledger(con).begin(plan, [])
        as_one = rows(con)
    file.unlink()
    monkeypatch.setattr(ledger, "SOON", soon)
    with open_warehouse(file) as con:
        Ledger(con).begin(plan, [])
        assert rows(con, "SELECT count(*) FROM push_change") == [(min(soon, NUMBER),)]
        assert rows(con) == as_one
    with open_warehouse(file) as con:  # what only reads
        assert rows(con) == as_one
    with open_warehouse(file) as con:  # what goes on with it
        book = Ledger(con)
        assert rows(con, "FROM push_change ORDER BY position") == as_one
        assert [entry.change for entry in book.entries(plan.sha256, "intended")] == plan.changes
        Ledger(con)
        assert rows(con) == as_one
    assert [row[1] for row in as_one] == list(range(NUMBER))
    assert {row[9] for row in as_one} == {"intended"}


@pytest.mark.parametrize("positions", [[0, 1], [1, 2, 5], [6]])
def test_what_leaves_has_a_row(
    plan: Plan, file: Path, monkeypatch: pytest.MonkeyPatch, positions: list[int]
) -> None:
    monkeypatch.setattr(ledger, "SOON", 2)
    with open_warehouse(file) as con:
        book = Ledger(con)
        book.begin(plan, [])
        book.sending([Entry(plan.sha256, position, plan.changes[position]) for position in positions])
    with open_warehouse(file) as con:
        sending = "SELECT position FROM push_change WHERE status = 'sending' ORDER BY position"
        assert rows(con, sending) == [(position,) for position in positions]
        intended = [row[1] for row in rows(con) if row[9] == "intended"]
        assert intended == [position for position in range(NUMBER) if position not in positions]
        assert [entry.position for entry in Ledger(con).unsettled("s")] == positions


def test_a_plan_that_is_forgotten_intends_nothing(
    plan: Plan, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "SOON", 2)
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
        entries = book.entries(plan.sha256, "intended")
        book.sending(entries[:1])
        book.settle([Outcome(entries[:1], "done")])
        before = rows(con)
        con.execute("DROP VIEW push_ledger; DROP VIEW push_intent; ALTER TABLE push_plan DROP COLUMN changes")
        con.execute("DELETE FROM meta_schema WHERE version >= ?", [LEDGER])
    assert LEDGER in migrations()
    with open_warehouse(file) as con:
        assert rows(con) == before
        assert [entry.position for entry in Ledger(con).entries(plan.sha256, "intended")] == [
            1,
            2,
            3,
            4,
            5,
            6,
        ]
        assert rows(con) == before
