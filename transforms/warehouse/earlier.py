"""A copy of the warehouse as it was before the latest change of each booking, to see what was pushed then."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import duckdb

from transforms.warehouse.connection import open_warehouse
from transforms.warehouse.ledger import Ledger


def has_history(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether any booking ever changed or went."""
    query = "SELECT 1 FROM core_booking WHERE known_to IS NOT NULL LIMIT 1"
    return bool(con.execute(query).fetchall())


@contextmanager
def earlier(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy, open, with the ledger's records and without totals.

    Records that the block adds to its ledger are in that of `con` after the block.
    """
    with tempfile.TemporaryDirectory(prefix="crewtally-earlier-") as folder:
        path = Path(folder) / "earlier.duckdb"
        with open_warehouse(path) as copy:
            Ledger(copy)
        _attached(con, path, "earlier")
        with open_warehouse(path) as copy:
            yield copy
        _attached(con, path, "earlier_back")


def _attached(con: duckdb.DuckDBPyConnection, path: Path, step: str) -> None:
    """Runs a step while the copy is attached: a file is open on one side at a time."""
    con.execute("ATTACH '{}' AS earlier".format(str(path).replace("'", "''")))
    try:
        con.begin()
        try:
            con.execute(files(__package__).joinpath(f"{step}.sql").read_text())
            con.commit()
        except BaseException:
            con.rollback()
            raise
    finally:
        con.execute("DETACH earlier")
