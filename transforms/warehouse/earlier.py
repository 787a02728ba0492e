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
from transforms.warehouse.load import KEY_OF

_BEFORE = "known_to IS NULL, known_to DESC"  # the last version that changed or went; else the one there is
_NOW = "known_to DESC NULLS FIRST"  # the one there is; else the last that went
_VERSIONS = (
    ("core_booking", "true", _BEFORE),
    ("core_person", "true", _NOW),
    ("core_project", "true", _NOW),
    ("core_work_item", "true", _NOW),
    ("core_leave_type", "true", _NOW),
    # The part-time blocks of who is there are those of today: older ones beside them would count twice.
    (
        "core_availability",
        "known_to IS NULL OR (source, person_key) NOT IN (SELECT (source, person_key) FROM core_person_now)",
        _NOW,
    ),
    ("core_holiday", "known_to IS NULL", _NOW),
)


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
        _attached(con, path, _there())
        with open_warehouse(path) as copy:
            yield copy
        _attached(con, path, _sql("earlier_back"))


def _there() -> str:
    """The model as it was before the latest change of each booking, the snapshots, and what is ours."""
    model = [
        _sql("earlier").format(table=table, key=KEY_OF[table], condition=condition, order=order)
        for table, condition, order in _VERSIONS
    ]
    whole = "INSERT INTO earlier.{table} BY NAME FROM {table};"
    return "".join([*model, *(whole.format(table=table) for table in ("raw_snapshot", "push_record"))])


def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text()


def _attached(con: duckdb.DuckDBPyConnection, path: Path, sql: str) -> None:
    """Runs SQL while the copy is attached: a file is open on one side at a time."""
    con.execute("ATTACH '{}' AS earlier".format(str(path).replace("'", "''")))
    try:
        con.begin()
        try:
            con.execute(sql)
            con.commit()
        except BaseException:
            con.rollback()
            raise
    finally:
        con.execute("DETACH earlier")
