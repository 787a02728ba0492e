"""Open the warehouse file: schema, current-row views, and messages for the two ways it can be refused."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import duckdb

SCHEMA_VERSION = 1
HISTORY_COLUMNS = ("known_from", "known_to", "snapshot_id", "closed_by")


class WarehouseError(Exception):
    """The warehouse cannot be used: says which file, why, and what to do next."""


class WarehouseBusy(WarehouseError):
    """Another process has the working file open; DuckDB allows one."""


class WarehouseVersion(WarehouseError):
    """The file was written by another version of crewtally."""


def open_warehouse(path: Path | str) -> duckdb.DuckDBPyConnection:
    """Open the working file for writing, creating the schema in a new one.

    `:memory:` is allowed. DuckDB never downloads: extension auto-install and auto-load are off
    (docs/decisions/0002). Raises WarehouseBusy or WarehouseVersion.
    """
    if str(path) != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    con = _connect(str(path))
    if not _table_exists(con, "meta_schema"):
        _create(con)
    version = con.execute("SELECT version FROM meta_schema").fetchall()[0][0]
    if version != SCHEMA_VERSION:
        con.close()
        raise WarehouseVersion(
            f"{path} has schema version {version}, this crewtally knows {SCHEMA_VERSION}: "
            "upgrade crewtally, or point [warehouse] path at another file."
        )
    return con


def core_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the tables of the common model, in alphabetical order."""
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'core_') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]


def model_columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column -> SQL type of a core table, without the history columns, in table order."""
    rows = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [table],
    ).fetchall()
    return {name: kind for name, kind in rows if name not in HISTORY_COLUMNS}


def _create(con: duckdb.DuckDBPyConnection) -> None:
    """The schema, and for every core table X a view X_now: current rows without the history columns."""
    con.begin()
    con.execute(files(__package__).joinpath("schema.sql").read_text())
    for table in core_tables(con):
        con.execute(
            f"CREATE VIEW {table}_now AS SELECT * EXCLUDE ({', '.join(HISTORY_COLUMNS)}) "
            f"FROM {table} WHERE known_to IS NULL"
        )
    con.commit()


def _connect(path: str) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        return duckdb.connect(path, config=config)
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise WarehouseError(f"cannot open the warehouse {path}: {error}") from error
        raise WarehouseBusy(
            f"the warehouse {path} is open in another process ({_holder(str(error))}): wait for that run "
            "to end, or close the program that reads it. Analysts read the published copy "
            "([warehouse] published), never the working file."
        ) from error


def _holder(message: str) -> str:
    """The part of DuckDB's lock message that names the other process."""
    start = message.find("(PID ")
    return message[start + 1 : message.find(")", start)] if start >= 0 else "unknown process"


def _table_exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall())
