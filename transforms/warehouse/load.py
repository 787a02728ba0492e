"""Load records of the common model: stage them in bulk, then merge them into the history.

Loading the same rows twice changes nothing. A row that differs closes the old version and opens a new one;
a row that is absent is closed only where the caller holds proof (a complete listing), see `Absence`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import duckdb
from pydantic_core import to_json

from transforms.model import (
    Availability,
    Booking,
    Holiday,
    LeaveType,
    Person,
    Project,
    Record,
    Task,
    Timelog,
    WorkItem,
)
from transforms.warehouse.connection import model_columns

# Table -> key columns beside `source`. Types are the model's; the schema has the same columns.
TABLE_OF: dict[type[Record], str] = {
    Person: "core_person",
    Project: "core_project",
    WorkItem: "core_work_item",
    LeaveType: "core_leave_type",
    Availability: "core_availability",
    Holiday: "core_holiday",
    Booking: "core_booking",
    Timelog: "core_timelog",
    Task: "core_task",
}
KEY_OF = {
    "core_person": "person_key",
    "core_project": "project_key",
    "core_work_item": "work_item_key",
    "core_leave_type": "leave_type_key",
    "core_availability": "availability_key",
    "core_holiday": "holiday_key",
    "core_booking": "source_key",
    "core_timelog": "timelog_key",
    "core_task": "task_key",
}
# The raw pointer says where a version was first seen. It moves with every shift of the paging, and a shift
# is no change of the plan: not compared, so an unchanged row keeps its first pointer.
NOT_COMPARED = {"page_sha256", "page_position"}


@dataclass(frozen=True, slots=True)
class Absence:
    """Which current rows a complete listing would have shown: their absence closes them.

    `condition` is SQL of ours over the core table (alias `core`), `parameters` its values. A row is broken,
    not absent, when one of the `present_in` (SQL over `core`) is among `present`, the keys in quarantine.
    """

    condition: str
    parameters: tuple[object, ...] = ()
    present: frozenset[str] = frozenset()
    present_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """Counts of one merge: versions opened (new or changed), versions closed for absence, repeats dropped."""

    opened: int
    absent: int
    loaded: int
    repeated: int


class Stage:
    """Records on their way into one core table, kept on disk so that memory stays flat."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
        self.con, self.table, self.key = con, table, KEY_OF[table]
        self.path = folder / f"{table}.ndjson"
        self.staged = 0
        self._file: BinaryIO = self.path.open("wb")

    def add(self, records: Iterable[Record]) -> None:
        lines = [to_json(record) for record in records]
        self.staged += len(lines)
        self._file.write(b"".join(line + b"\n" for line in lines))

    def materialise(self) -> None:
        """(Re)make the temporary table `stage_<table>`; of repeated keys the last one read stays."""
        self._file.flush()
        columns = model_columns(self.con, self.table)
        spec = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE stage_{self.table} AS "
            "SELECT * EXCLUDE (ordinal) FROM ("
            "  SELECT *, row_number() OVER () AS ordinal"
            f"  FROM read_json(?, format = 'newline_delimited', columns = {{{spec}}})"
            f") QUALIFY row_number() OVER (PARTITION BY {self.key} ORDER BY ordinal DESC) = 1",
            [str(self.path)],
        )

    def absent_keys(self, source: str, absence: Absence) -> list[str]:
        """Keys of current rows that the listing should have shown and did not (after `materialise`)."""
        rows = self.con.execute(
            f"SELECT core.{self.key} FROM {self.table} AS core {self._absent_where(absence)}"
            f" ORDER BY core.{self.key}",
            [source, *absence.parameters, sorted(absence.present)],
        ).fetchall()
        return [key for (key,) in rows]

    def merge(self, source: str, snapshot_id: str, known: datetime, absence: Absence | None) -> Merged:
        """Merge `stage_<table>` into the history as of `known`; inside the caller's transaction."""
        columns = list(model_columns(self.con, self.table))
        same = " AND ".join(
            f"core.{c} IS NOT DISTINCT FROM stage.{c}" for c in columns if c not in NOT_COMPARED
        )
        absent = self._close_absent(source, snapshot_id, known, absence) if absence else 0
        self.con.execute(
            f"UPDATE {self.table} AS core SET known_to = ?, closed_by = ? FROM stage_{self.table} AS stage"
            f" WHERE core.known_to IS NULL AND core.source = stage.source"
            f" AND core.{self.key} = stage.{self.key} AND NOT ({same})",
            [known, snapshot_id],
        )
        opened = self.con.execute(
            f"INSERT INTO {self.table} SELECT stage.*, ?, NULL, ?, NULL FROM stage_{self.table} AS stage"
            f" ANTI JOIN (SELECT * FROM {self.table} WHERE known_to IS NULL) AS core"
            f" USING (source, {self.key})",
            [known, snapshot_id],
        ).fetchall()[0][0]
        loaded = self.con.execute(f"SELECT count(*) FROM stage_{self.table}").fetchall()[0][0]
        return Merged(opened, absent, loaded, self.staged - loaded)

    def _close_absent(self, source: str, snapshot_id: str, known: datetime, absence: Absence) -> int:
        closed: int = self.con.execute(
            f"UPDATE {self.table} AS core SET known_to = ?, closed_by = ? {self._absent_where(absence)}",
            [known, snapshot_id, source, *absence.parameters, sorted(absence.present)],
        ).fetchall()[0][0]
        return closed

    def _absent_where(self, absence: Absence) -> str:
        return (
            f"WHERE core.known_to IS NULL AND core.source = ? AND ({absence.condition})"
            f" AND core.{self.key} NOT IN (SELECT {self.key} FROM stage_{self.table})"
            f" AND NOT list_has_any(?::VARCHAR[], [{', '.join(absence.present_in)}]::VARCHAR[])"
        )


class Stages:
    """One stage per core table, opened as records of that type arrive; a context manager for their files."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._folder = tempfile.TemporaryDirectory(prefix="crewtally-stage-")
        self._stages: dict[str, Stage] = {}

    def __enter__(self) -> Stages:
        return self

    def __exit__(self, *_: object) -> None:
        for stage in self._stages.values():
            stage._file.close()
            self.con.execute(f"DROP TABLE IF EXISTS temp.stage_{stage.table}")
        self._folder.cleanup()

    def __getitem__(self, table: str) -> Stage:
        if table not in self._stages:
            self._stages[table] = Stage(self.con, table, Path(self._folder.name))
        return self._stages[table]

    def items(self) -> list[tuple[str, Stage]]:
        return list(self._stages.items())

    def materialise(self) -> None:
        for stage in self._stages.values():
            stage.materialise()

    def add(self, records: Iterable[Record]) -> None:
        """Stage records of any mix of types, in order."""
        by_table: dict[str, list[Record]] = {}
        for item in records:
            by_table.setdefault(TABLE_OF[type(item)], []).append(item)
        for table, items in by_table.items():
            self[table].add(items)
