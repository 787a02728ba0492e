"""Open the warehouse file, brought to this version, with messages for the ways it can be refused."""

from __future__ import annotations

from pathlib import Path

import duckdb

from transforms.warehouse.errors import WarehouseBusy, WarehouseError
from transforms.warehouse.migrate import HISTORY_COLUMNS, migrate

# Never a download: a statement that wants a missing extension fails at once (docs/decisions/0002).
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
LAKE = "lake"
"""The database that a lake (lake.py) is on its connections."""


def open_warehouse(path: Path | str) -> duckdb.DuckDBPyConnection:
    """Open the working file for writing, creating or migrating it. `:memory:` is allowed.

    Raises WarehouseBusy, WarehouseVersion, or WarehouseError for a file DuckDB cannot read.
    """
    if str(path) != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    con = _connect(str(path))
    try:
        con.execute("SET enable_progress_bar = false")  # stdout belongs to the commands' results
        migrate(con)
    except BaseException:
        con.close()
        raise
    return con


def beside(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to the same warehouse, for another thread. A bare cursor would look past a lake."""
    other = con.cursor()
    if other.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [LAKE]).fetchall():
        other.execute(f"USE {LAKE}")
    return other


def model_columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column -> SQL type of a core table, without the history columns, in table order."""
    rows = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [table],
    ).fetchall()
    return {name: kind for name, kind in rows if name not in HISTORY_COLUMNS}


def _connect(path: str) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(path, config=CONFIG)
    except duckdb.IOException as error:
        if "Could not set lock" not in str(error):
            raise WarehouseError(
                f"cannot open the warehouse {path}: {error} Where the file is damaged, move it away: "
                "`crewtally pull` makes a new one, and `crewtally ledger --rebuild` finds what was pushed."
            ) from error
        raise WarehouseBusy(
            f"the warehouse {path} is open in another process ({_holder(str(error))}): wait for that run "
            "to end, or close the program that reads it. Analysts read the published copy "
            "([warehouse] published), never the working file."
        ) from error


def _holder(message: str) -> str:
    """The part of DuckDB's lock message that names the other process."""
    start = message.find("(PID ")
    return message[start + 1 : message.find(")", start)] if start >= 0 else "unknown process"
