"""Every table and every column means something, said once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files

import duckdb
import pytest

from transforms.policy import Policy
from transforms.totals import build
from transforms.warehouse import open_warehouse
from transforms.warehouse.dictionary import as_html, as_markdown, comment, describe


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with every table any part of crewtally makes."""
    with open_warehouse(":memory:") as con:
        build(con, Policy.model_validate({}))
        for name in ("runs", "backfill"):
            con.execute(files("pipelines").joinpath(f"{name}.sql").read_text())
        yield con


def test_nothing_is_undocumented(con: duckdb.DuckDBPyConnection) -> None:
    silent = [table.name for table in describe(con) if not table.text or not table.grain]
    silent += [f"{table.name}.{c.name}" for table in describe(con) for c in table.columns if not c.text]
    assert silent == []


def test_the_dictionary_speaks_of_nothing_that_is_not_there(con: duckdb.DuckDBPyConnection) -> None:
    entries = tomllib.loads(files("transforms.warehouse").joinpath("dictionary.toml").read_text())["tables"]
    there = {table.name: {column.name for column in table.columns} for table in describe(con)}
    only_published = {"meta_freshness"}
    assert set(entries) - only_published <= set(there)
    ghosts = [
        f"{name}.{column}"
        for name, entry in entries.items()
        if name not in only_published
        for column in entry
        if column not in {"text", "grain"} | there[name]
    ]
    assert ghosts == []


def test_comments_reach_the_database(con: duckdb.DuckDBPyConnection) -> None:
    comment(con)
    [(text,)] = con.execute(
        "SELECT comment FROM duckdb_columns()"
        " WHERE table_name = 'mart_person_week' AND column_name = 'utilisation'"
    ).fetchall()
    assert text == "booked / capacity. NULL where there is no capacity."


def test_the_pages_hold_every_column(con: duckdb.DuckDBPyConnection) -> None:
    tables = describe(con)
    markdown, page = as_markdown(tables), as_html(tables)
    for table in tables:
        assert f"## {table.name}\n" in markdown
        assert f"id='{table.name}'" in page
        for column in table.columns:
            assert f"| {column.name} | {column.kind} |" in markdown
            assert f"<code>{column.name}</code>" in page
