"""Changes as DuckDB writes them (changes.sql): the bytes that Python would write."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.reconcile import collect
from transforms.reconcile.plan import canonical

TEXTS = ("user_id", "project_id", "task_id", "assignment_type", "allocation_type", "name")
ORIGIN = (
    "source", "source_key", "content_key", "person_key", "project_key", "work_item_key",
    "about_user_id", "about_project_id",
)  # fmt: skip
IMAGE = {
    **dict.fromkeys(TEXTS, "VARCHAR"),
    "start": "DATE",
    "end": "DATE",
    "value_millionths": "BIGINT",
    "leave": "BOOLEAN",
    "forecast": "BOOLEAN",
}
COLUMNS = {
    **dict.fromkeys(("verdict", "kind", "record_id", "rule", "person", "project"), "VARCHAR"),
    **dict.fromkeys(("task", "moved_from", "moved_to"), "VARCHAR"),
    **dict.fromkeys(("before_ms", "after_ms"), "BIGINT"),
    **dict.fromkeys(("before", "after"), IMAGE),
    **dict.fromkeys(ORIGIN, "VARCHAR"),
    "run": "INTEGER",
}

text = st.text(st.characters(codec="utf-8"), max_size=8)
ms = st.one_of(st.integers(0, 10**10), st.integers(0, 10**7).map(lambda half: half * 360 + 180))
image = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXTS, st.none() | text),
        **dict.fromkeys(("start", "end"), st.none() | st.dates().map(str)),
        "value_millionths": st.none() | st.integers(0, 200) | st.integers(0, 10**9),
        **dict.fromkeys(("leave", "forecast"), st.none() | st.booleans()),
    }
)
record = st.fixed_dictionaries(
    {
        "verdict": st.sampled_from(["create", "update", "delete"]),
        "kind": st.just("allocation"),
        **dict.fromkeys(("record_id", "rule", "person", "project"), text),
        **dict.fromkeys(("task", "moved_from", "moved_to"), st.none() | text),
        "before_ms": ms,
        "after_ms": ms,
        "before": image,
        "after": image,
        **dict.fromkeys(ORIGIN, st.none() | text),
        "run": st.integers(0, 99),
    }
)


def said(row: dict[str, Any]) -> dict[str, Any]:
    """The change, field by field, as Python has it."""
    action, before, after = row["verdict"], collect.image(row["before"]), collect.image(row["after"])
    if action == "update":
        before, after = collect.differing(before, after)
    change = {
        "action": action,
        "kind": row["kind"],
        "id": row["record_id"],
        "before": None if action == "create" else before,
        "after": None if action == "delete" else after,
        "rule": row["rule"],
        "origin": {name: row[name] for name in ("run", *ORIGIN)},
        "person": row["person"],
        "project": row["project"],
        "hours": {"before": collect.hours(row["before_ms"]), "after": collect.hours(row["after_ms"])},
    }
    return change | {name: row[name] for name in ("task", "moved_from", "moved_to") if row[name] is not None}


def spec(kind: Any) -> str:
    """A SQL type."""
    if isinstance(kind, str):
        return kind
    fields = [f'"{name}" {spec(of)}' for name, of in kind.items()]
    return f"STRUCT({', '.join(fields)})"


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    columns = ", ".join(f'"{name}" {spec(kind)}' for name, kind in COLUMNS.items())
    con.execute(f"CREATE TEMP TABLE plan_record ({columns})")
    return con


@given(row=record)
def test_duckdb_writes_what_python_would(con: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> None:
    con.execute("DELETE FROM plan_record")
    insert = "INSERT INTO plan_record SELECT unnest(from_json(?, ?))"
    con.execute(insert, [json.dumps(row), json.dumps(COLUMNS)])
    assert collect.changes(con) == [canonical(said(row))]
