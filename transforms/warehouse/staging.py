"""Rows on their way into a core table, gathered in temporary tables: each key once, the last one read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import duckdb
from pydantic_core import to_json

from transforms.model import Record
from transforms.warehouse.connection import model_columns

# An ordinal is the place of the page, and below it that of the row.
PLACE_BITS = 32


class Rows:
    """Rows on their way into one core table: the temporary table `stage_<table>`.

    Its column `ordinal` tells in which order the rows were read: the place of their page in the listing,
    then the place on the page. `kept_<table>` holds the keys of rows read that are in the model as they are,
    `lost_<table>` the rows that were read again later, `met_<table>` all that were met more than once.
    `add` leaves the connection alone: another thread may be at work on it, with `insert`.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, key: str, folder: Path) -> None:
        self.con, self.table, self.key = con, table, key
        self.columns: dict[str, str] = {}
        self._spool: BinaryIO = (folder / f"{table}.ndjson").open("wb")
        self._spooled = self._selected = self._lost = 0

    @property
    def staged(self) -> int:
        """Rows read so far, repeats included."""
        return self._spooled + self._selected

    def add(self, records: Iterable[Record], place: int = 0) -> None:
        """Stage records read from the page at `place`, in order."""
        for record in records:
            ordinal = (place << PLACE_BITS) + self._spooled
            self._spool.write(to_json(record)[:-1] + b',"ordinal":%d}\n' % ordinal)
            self._spooled += 1

    def insert(self, select: str, parameters: dict[str, object]) -> None:
        """Stage what a query of ours selects, by column name, `ordinal` included."""
        self._select_into("stage", select, parameters)

    def keep(self, select: str, parameters: dict[str, object]) -> None:
        """Count the keys that a query of ours selects, with their `ordinal`, as read and unchanged."""
        self._select_into("kept", select, parameters)

    def remove(self, places: Iterable[int]) -> None:
        """Take the rows that `insert` staged of these pages off again."""
        of_these = """(SELECT unnest(from_json(?::JSON, '["BIGINT"]')))"""
        sql = f"DELETE FROM stage_{self.table} WHERE ordinal >> {PLACE_BITS} IN {of_these}"
        self._selected -= self.con.execute(sql, [json_of(places)]).fetchall()[0][0]

    def _select_into(self, rows: str, select: str, parameters: dict[str, object]) -> None:
        self._open()
        sql = f"INSERT INTO {rows}_{self.table} BY NAME {select}"
        self._selected += self.con.execute(sql, parameters).fetchall()[0][0]

    def _open(self) -> None:
        if self.columns:
            return
        self.columns = model_columns(self.con, self.table)
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE stage_{self.table} ({columns}, ordinal BIGINT)")
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE kept_{self.table} ({self.key} VARCHAR, ordinal BIGINT)"
        )
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE lost_{self.table} AS FROM stage_{self.table}")

    def materialise(self) -> None:
        """Empty the spool into `stage_<table>`; of repeated keys the last one read stays, or is kept."""
        self._open()
        self._read_spool()
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE again_{self.table} AS"
            f" SELECT {self.key}, max(ordinal) AS last FROM ("
            f"  SELECT {self.key}, ordinal FROM stage_{self.table}"
            f"  UNION ALL SELECT {self.key}, ordinal FROM kept_{self.table}"
            f" ) GROUP BY ALL HAVING count(*) > 1"
        )
        # All columns of all rows are gone through once only: what is asked of repeats later stands in `met`.
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE met_{self.table} AS"
            f" SELECT r.*, a.last FROM stage_{self.table} AS r"
            f" JOIN again_{self.table} AS a USING ({self.key})"
        )
        superseded = f"r.{self.key} = a.{self.key} AND r.ordinal < a.last"
        [(lost,)] = self.con.execute(
            f"INSERT INTO lost_{self.table}"
            f" SELECT * EXCLUDE (last) FROM met_{self.table} WHERE ordinal < last"
        ).fetchall()
        self._lost += lost
        for rows in ("stage", "kept"):
            self.con.execute(
                f"DELETE FROM {rows}_{self.table} AS r USING again_{self.table} AS a WHERE {superseded}"
            )

    def _read_spool(self) -> None:
        self._spool.flush()
        spec = ", ".join(f"{name}: '{kind}'" for name, kind in (*self.columns.items(), ("ordinal", "BIGINT")))
        if self._spool.tell():
            self.con.execute(
                f"INSERT INTO stage_{self.table} BY NAME FROM read_json(?, format = 'newline_delimited',"
                f" columns = {{{spec}}})",
                [self._spool.name],
            )
            self._spool.seek(0)
            self._spool.truncate()

    def close(self) -> None:
        self._spool.close()
        for rows in ("stage", "kept", "again", "met", "lost", "changed"):
            self.con.execute(f"DROP TABLE IF EXISTS temp.{rows}_{self.table}")

    @property
    def keys_by_page(self) -> str:
        """SQL: place, page_sha256 and keys of each page, with the rows that a later page brought again."""
        return (
            f"SELECT ordinal >> {PLACE_BITS} AS place, page_sha256, list({self.key}) AS keys"
            f" FROM (FROM stage_{self.table} UNION ALL FROM lost_{self.table}) GROUP BY ALL"
        )


def json_of(values: Iterable[object]) -> str:
    """Values as one JSON text for SQL: DuckDB's Python binding is slow at every single value of a list."""
    return to_json(values if isinstance(values, dict) else list(values)).decode()
