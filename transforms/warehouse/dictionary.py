"""The data dictionary: what every table and column means, as comments in DuckDB and as pages."""

from __future__ import annotations

import html
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb

# A column `x_ms` that stands as `x_hours` in the published copy means the same, in hours.
_TWIN = ("_hours", "_ms")
_Entry = dict[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """`text` and `Column.text` are None where the dictionary is silent: a test keeps that from being so."""

    name: str
    text: str | None
    grain: str | None
    columns: tuple[Column, ...]


def describe(con: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every table and view of the warehouse but the X_now views, in alphabetical order, with its meaning."""
    rows = con.execute(
        "SELECT table_name, list({'name': column_name, 'kind': data_type} ORDER BY column_index)"
        " FROM duckdb_columns() WHERE NOT internal AND database_name = current_database()"
        " AND schema_name = 'main' AND NOT ends_with(table_name, '_now') GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return [_table(name, columns) for name, columns in rows]


def comment(con: duckdb.DuckDBPyConnection) -> None:
    """Write the dictionary into the database as comments, where analysts' tools show it."""
    views = {
        name for (name,) in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    }
    for table in describe(con):
        what = "VIEW" if table.name in views else "TABLE"
        con.execute(f"COMMENT ON {what} {table.name} IS {_literal(_headline(table))}")
        for column in table.columns:
            con.execute(f'COMMENT ON COLUMN {table.name}."{column.name}" IS {_literal(column.text or "")}')


def as_markdown(tables: list[Table]) -> str:
    """The dictionary page."""
    return "\n".join(_markdown_lines(tables)) + "\n"


def as_html(tables: list[Table]) -> str:
    """The dictionary page as a self-contained HTML document."""
    body = "\n".join(_html_lines(tables))
    return (
        "<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>crewtally: data dictionary</title>\n"
        f"<style>{_STYLE}</style>\n<h1>Data dictionary</h1>\n<p>{html.escape(_INTRODUCTION)}</p>\n"
        f"{body}\n</html>\n"
    )


_INTRODUCTION = (
    "raw_* is what was pulled, core_* the common model with its history, mart_* the numbers, push_* what "
    "went to ftrack, meta_* the warehouse itself. For every core table X there are X_now (current rows) and "
    "X_as_of(known) (the rows as we knew them at that instant, UTC)."
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}td,th{text-align:left;vertical-align:top;"
    "padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d9dee3}code{font-size:.95em}h2{margin-bottom:0}"
)


def _markdown_lines(tables: list[Table]) -> Iterator[str]:
    yield from ("# Data dictionary", "", _INTRODUCTION, "")
    for table in tables:
        yield from (
            f"## {table.name}",
            "",
            _headline(table),
            "",
            "| column | type | meaning |",
            "|---|---|---|",
        )
        yield from (
            f"| {c.name} | {c.kind} | {(c.text or '').replace('|', '&#124;')} |" for c in table.columns
        )
        yield ""


def _html_lines(tables: list[Table]) -> Iterator[str]:
    for table in tables:
        yield f"<h2 id='{table.name}'><code>{table.name}</code></h2><p>{html.escape(_headline(table))}</p>"
        yield "<table><tr><th>column<th>type<th>meaning"
        for column in table.columns:
            cells = (f"<code>{column.name}</code>", html.escape(column.kind), html.escape(column.text or ""))
            yield "<tr>" + "".join(f"<td>{cell}" for cell in cells)
        yield "</table>"


def _headline(table: Table) -> str:
    return f"{table.text or ''} Grain: {table.grain or ''}."


def _table(name: str, columns: list[dict[str, str]]) -> Table:
    entry: _Entry = _document()["tables"].get(name, {})
    return Table(
        name,
        entry.get("text"),
        entry.get("grain"),
        tuple(Column(c["name"], c["kind"], _meaning(entry, c["name"])) for c in columns),
    )


def _meaning(entry: _Entry, column: str) -> str | None:
    shared: _Entry = _document()["columns"]
    text: str | None = entry.get(column) or shared.get(column)
    if text is None and column.endswith(_TWIN[0]):
        twin = column.removesuffix(_TWIN[0]) + _TWIN[1]
        text = entry.get(twin) or shared.get(twin)
        return f"{text} In hours, rounded for reading." if text else None
    return text


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("dictionary.toml").read_text())


def _literal(text: str) -> str:
    """A SQL string: COMMENT ON takes no parameters. The text is ours, from dictionary.toml."""
    return "'" + text.replace("'", "''") + "'"
