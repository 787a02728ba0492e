"""Publish: a read-only copy for analysts, swapped in whole.

DuckDB lets one process write, and a reader that stays connected blocks it (docs/decisions/0002). So analysts
get a file of their own: written under a new name, then a symbolic link is moved to it. Who has the old copy
open keeps it, undisturbed; who opens the link next gets the new one. Nobody ever sees half a run.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from transforms.warehouse.dictionary import comment
from transforms.warehouse.errors import WarehouseError

# What analysts get. Raw pages stay in the landing folder, the push ledger with the writer.
LAYERS = ("core_", "mart_", "raw_", "meta_")
KEEP = 3


def publish(con: duckdb.DuckDBPyConnection, link: Path, now: datetime) -> Path:
    """Write the copy beside `link` and move the link to it; returns the new file.

    `now` (UTC, without the mark) names the file. Older copies beyond the last KEEP are deleted. Raises
    WarehouseError when nothing was totalled yet, or when something that is no link stands in its place.
    """
    if link.exists() and not link.is_symlink():
        raise WarehouseError(
            f"{link} is a file, not a link of ours: move it away, or change [warehouse] published"
        )
    tables, views = _relations(con)
    if "mart_person_week" not in tables:
        raise WarehouseError("nothing was totalled yet: run `crewtally pull` first")
    link.parent.mkdir(parents=True, exist_ok=True)
    copy = link.parent / f"mart-{now:%Y%m%dT%H%M%S%f}.duckdb"
    part = copy.with_suffix(".part")
    part.unlink(missing_ok=True)
    _write(con, part, tables, views)
    part.chmod(0o444)
    part.replace(copy)
    _swap(link, copy)
    _forget_old(link)
    return copy


def _relations(con: duckdb.DuckDBPyConnection) -> tuple[list[str], dict[str, str]]:
    """Tables to copy, and views to recreate with their SQL, in an order in which they can be made."""
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1").fetchall()
    views = con.execute(
        "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal AND NOT temporary ORDER BY 1"
    ).fetchall()
    return (
        [name for (name,) in tables if name.startswith(LAYERS)],
        _read_first({name: sql for name, sql in views if name.startswith(LAYERS)}),
    )


def _read_first(views: dict[str, str]) -> dict[str, str]:
    """Those that others read come before these: a view is made only where all it reads is there."""
    words = {name: set(re.findall(r"\w+", sql)) - {name} for name, sql in views.items()}
    reads = {name: sorted(views.keys() & words[name]) for name in views}
    return {name: views[name] for name in TopologicalSorter(reads).static_order()}


def _write(con: duckdb.DuckDBPyConnection, part: Path, tables: list[str], views: dict[str, str]) -> None:
    con.execute(f"ATTACH {_literal(str(part))} AS published")
    try:
        for table in tables:
            con.execute(f"CREATE TABLE published.{table} AS SELECT *{_hours(con, table)} FROM {table}")
        con.execute(_FRESHNESS)
        con.execute("CHECKPOINT published")
    finally:
        con.execute("DETACH published")
    with duckdb.connect(str(part)) as copy:
        copy.begin()  # hundreds of small statements: one commit, one flush to disk
        _views_and_macros(con, copy, views)
        comment(copy)
        copy.commit()


def _hours(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """`, hours(x_ms) AS x_hours` for every column in milliseconds: exact to sum, and plain to read."""
    columns = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database()"
        " AND (ends_with(column_name, '_ms') OR column_name = 'ms') ORDER BY column_index",
        [table],
    ).fetchall()
    return "".join(f", hours({name}) AS {name.removesuffix('ms')}hours" for (name,) in columns)


_FRESHNESS = """
CREATE TABLE published.meta_freshness AS
SELECT
    source,
    stream,
    max(finished_at) AS last_pull,
    max(finished_at) FILTER (complete) AS last_complete_pull,
    arg_max(complete, finished_at) AS is_complete,
    arg_max(incomplete_reason, finished_at) AS incomplete_reason,
    arg_max(window_start, finished_at) AS window_start,
    arg_max(window_end, finished_at) AS window_end
FROM raw_snapshot
WHERE scope = 'all'
GROUP BY source, stream
ORDER BY source, stream
"""


def _views_and_macros(
    con: duckdb.DuckDBPyConnection, copy: duckdb.DuckDBPyConnection, views: dict[str, str]
) -> None:
    for sql in (*_macros(con, "macro"), *views.values(), *_macros(con, "table_macro")):
        copy.execute(sql)


def _macros(con: duckdb.DuckDBPyConnection, kind: str) -> list[str]:
    """The SQL that makes our macros again. Views call the scalar ones, table macros read tables and views."""
    found = con.execute(
        "SELECT function_name, parameters, macro_definition FROM duckdb_functions()"
        " WHERE NOT internal AND function_type = ? AND database_name = current_database() ORDER BY 1",
        [kind],
    ).fetchall()
    table = "TABLE " if kind == "table_macro" else ""
    return [
        f"CREATE MACRO {name}({', '.join(parameters)}) AS {table}{definition}"
        for name, parameters, definition in found
    ]


def _swap(link: Path, copy: Path) -> None:
    """Move the link in one step: a reader finds the old file or the new one."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(copy.name)
    fresh.replace(link)


def _forget_old(link: Path) -> None:
    copies = sorted(link.parent.glob("mart-*.duckdb"), reverse=True)
    for copy in copies[KEEP:]:
        copy.unlink(missing_ok=True)


def _literal(text: str) -> str:
    """A SQL string: ATTACH takes no parameters. The path is the configuration's."""
    return "'" + text.replace("'", "''") + "'"
