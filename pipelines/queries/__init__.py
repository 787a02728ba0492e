"""Questions to the warehouse that the reading commands ask, one `.sql` file each."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import duckdb


def rows(
    con: duckdb.DuckDBPyConnection, name: str, parameters: Sequence[Any] | dict[str, Any] = (), *, needs: str
) -> list[dict[str, Any]]:
    """The rows of `name`.sql, one dictionary each; none while the table `needs` does not exist."""
    if not has(con, needs):
        return []
    result = con.execute(files(__package__).joinpath(f"{name}.sql").read_text(), parameters or None)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def has(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the warehouse has that table yet: marts come with the first totals, the ledger with a push."""
    found = con.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_name = ? AND table_schema = 'main'", [table]
    )
    return bool(found.fetchall())
