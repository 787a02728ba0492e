"""Bring a warehouse to this version: numbered SQL files, each applied once, all in one transaction."""

from __future__ import annotations

from importlib.resources import files

import duckdb

from transforms.warehouse.errors import WarehouseMissing, WarehouseVersion

HISTORY_COLUMNS = ("known_from", "known_to", "snapshot_id", "closed_by")


def migrations() -> dict[int, str]:
    """Version -> SQL, in order."""
    folder = files("transforms.warehouse.migrations")
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return {int(name.split("_")[0]): folder.joinpath(name).read_text() for name in names}


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Apply what is missing; keep every row. Raises WarehouseVersion for one from a newer crewtally."""
    applied = _version(con)
    _refuse_newer(applied)
    if applied == max(migrations()):
        return
    con.begin()
    try:
        con.execute("CREATE TABLE IF NOT EXISTS meta_schema (version INTEGER NOT NULL)")
        for version, sql in migrations().items():
            if version > applied:
                _apply(con, version, sql)
        con.commit()
    except BaseException:
        con.rollback()
        raise


def check_version(con: duckdb.DuckDBPyConnection) -> None:
    """For who only reads: raises WarehouseVersion for any version but this crewtally's.

    WarehouseMissing when the first run has not come to the schema yet.
    """
    applied = _version(con)
    _refuse_newer(applied)
    if not applied:
        raise WarehouseMissing("there is no warehouse yet: run `crewtally pull` first.")
    if applied < max(migrations()):
        raise WarehouseVersion(
            f"the warehouse has schema version {applied}, this crewtally needs {max(migrations())}: "
            "the next run brings it there, `crewtally pull` for one."
        )


def _refuse_newer(applied: int) -> None:
    if applied > max(migrations()):
        raise WarehouseVersion(
            f"the warehouse has schema version {applied}, this crewtally knows {max(migrations())}: "
            "upgrade crewtally, or point [warehouse] path at another file."
        )


def core_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the tables of the common model, in alphabetical order."""
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'core_') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]


def _version(con: duckdb.DuckDBPyConnection) -> int:
    """0: nothing was ever applied."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'meta_schema'").fetchall():
        return 0
    version: int = con.execute("SELECT coalesce(max(version), 0) FROM meta_schema").fetchall()[0][0]
    return version


def _apply(con: duckdb.DuckDBPyConnection, version: int, sql: str) -> None:
    con.execute(sql)
    for table in core_tables(con):
        _views(con, table)
    con.execute("INSERT INTO meta_schema VALUES (?)", [version])


def _views(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """For every core table X: X_now, the current rows, and X_as_of(known), the rows as we knew them then."""
    columns = f"SELECT * EXCLUDE ({', '.join(HISTORY_COLUMNS)}) FROM {table}"
    con.execute(f"CREATE OR REPLACE VIEW {table}_now AS {columns} WHERE known_to IS NULL")
    con.execute(
        f"CREATE OR REPLACE MACRO {table}_as_of(known) AS TABLE {columns}"
        " WHERE known_from <= known AND (known_to IS NULL OR known_to > known)"
    )
