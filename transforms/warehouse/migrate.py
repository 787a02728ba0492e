"""Bring a warehouse file to this version: numbered SQL files, each applied once, in one transaction."""

from __future__ import annotations

from importlib.resources import files

import duckdb

from transforms.warehouse.errors import WarehouseVersion

HISTORY_COLUMNS = ("known_from", "known_to", "snapshot_id", "closed_by")


def migrations() -> dict[int, str]:
    """Version -> SQL, in order."""
    folder = files("transforms.warehouse.migrations")
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return {int(name.split("_")[0]): folder.joinpath(name).read_text() for name in names}


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Apply what is missing; keep every row. Raises WarehouseVersion for a file from a newer crewtally."""
    known = migrations()
    applied = _version(con)
    if applied > max(known):
        raise WarehouseVersion(
            f"the warehouse has schema version {applied}, this crewtally knows {max(known)}: "
            "upgrade crewtally, or point [warehouse] path at another file."
        )
    for version, sql in known.items():
        if version > applied:
            _apply(con, version, sql)


def core_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the tables of the common model, in alphabetical order."""
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'core_') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]


def _version(con: duckdb.DuckDBPyConnection) -> int:
    con.execute("CREATE TABLE IF NOT EXISTS meta_schema (version INTEGER NOT NULL)")
    version: int = con.execute("SELECT coalesce(max(version), 0) FROM meta_schema").fetchall()[0][0]
    return version


def _apply(con: duckdb.DuckDBPyConnection, version: int, sql: str) -> None:
    con.begin()
    try:
        con.execute(sql)
        for table in core_tables(con):
            _views(con, table)
        con.execute("INSERT INTO meta_schema VALUES (?)", [version])
        con.commit()
    except BaseException:
        con.rollback()
        raise


def _views(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """For every core table X: X_now, the current rows, and X_as_of(known), the rows as we knew them then."""
    columns = f"SELECT * EXCLUDE ({', '.join(HISTORY_COLUMNS)}) FROM {table}"
    con.execute(f"CREATE OR REPLACE VIEW {table}_now AS {columns} WHERE known_to IS NULL")
    con.execute(
        f"CREATE OR REPLACE MACRO {table}_as_of(known) AS TABLE {columns}"
        " WHERE known_from <= known AND (known_to IS NULL OR known_to > known)"
    )
