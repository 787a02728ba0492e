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

import duckdb

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
from transforms.warehouse.staging import PLACE_BITS, Rows, json_of

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


class Stage(Rows):
    """Rows read, and what becomes of them in the history of their core table."""

    def absent_keys(self, source: str, absence: Absence, since: int = 0) -> list[str]:
        """Keys of current rows that the pages from the place `since` on should have shown and did not."""
        rows = self.con.execute(
            f"SELECT core.{self.key} FROM {self.table} AS core {self._absent_where(absence, since)}"
            f" ORDER BY core.{self.key}",
            [source, *absence.parameters, json_of(sorted(absence.present))],
        ).fetchall()
        return [key for (key,) in rows]

    def withdraw(self, source: str, since: int, absence: Absence) -> None:
        """Take off the rows that only pages before the place `since` have shown, as far as absence proves.

        They count as repeated: the pages since then told of them, by not showing them.
        """
        parameters = [since << PLACE_BITS, source, *absence.parameters, json_of(sorted(absence.present))]
        withdrawn = f"ordinal < ? AND core.source = ? AND ({absence.condition}) AND NOT {_is_broken(absence)}"
        # With those that came again: what makes a page known is all of its rows.
        [(lost,)] = self.con.execute(
            f"INSERT INTO lost_{self.table} FROM stage_{self.table} AS core WHERE {withdrawn}", parameters
        ).fetchall()
        self._lost += lost
        self.con.execute(f"DELETE FROM stage_{self.table} AS core WHERE {withdrawn}", parameters)
        self.con.execute(
            f"DELETE FROM kept_{self.table} AS kept USING {self.table} AS core"
            f" WHERE core.known_to IS NULL AND core.{self.key} = kept.{self.key} AND {withdrawn}",
            parameters,
        )

    def merge(self, source: str, snapshot_id: str, known: datetime, absence: Absence | None) -> Merged:
        """Merge `stage_<table>` into the history as of `known`; inside the caller's transaction."""
        absent = self._close_absent(source, snapshot_id, known, absence) if absence else 0
        # In two steps: an UPDATE from a join that does not fit in memory goes through the table without any
        # order, and took a minute for a million rows (docs/decisions/0010).
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE changed_{self.table} AS"
            f" SELECT core.source, core.{self.key} FROM {self.table} AS core"
            f" JOIN stage_{self.table} AS stage USING (source, {self.key})"
            f" WHERE core.known_to IS NULL AND NOT ({self._same})"
        )
        self.con.execute(
            f"UPDATE {self.table} AS core SET known_to = ?, closed_by = ?"
            f" FROM changed_{self.table} AS changed WHERE core.known_to IS NULL"
            f" AND core.source = changed.source AND core.{self.key} = changed.{self.key}",
            [known, snapshot_id],
        )
        opened = self.con.execute(
            f"INSERT INTO {self.table}"
            f" SELECT stage.* EXCLUDE (ordinal), ?, NULL, ?, NULL FROM stage_{self.table} AS stage"
            f" ANTI JOIN (SELECT * FROM {self.table} WHERE known_to IS NULL) AS core"
            f" USING (source, {self.key})",
            [known, snapshot_id],
        ).fetchall()[0][0]
        loaded = self.con.execute(
            f"SELECT (SELECT count(*) FROM stage_{self.table}) + (SELECT count(*) FROM kept_{self.table})"
        ).fetchall()[0][0]
        return Merged(opened, absent, loaded, self.staged - loaded)

    def outdated_places(self) -> set[int]:
        """After `merge`: pages with a row that came again in another version, the one that stayed."""
        if not self._lost:
            return set()
        lost, met = f"lost_{self.table}", f"(FROM met_{self.table} WHERE ordinal = last)"
        outdated = self._places_of_others(lost, f"{met} AS core")
        kept = f"(FROM {lost} ANTI JOIN {met} AS met USING (source, {self.key}))"
        if self.con.execute(f"SELECT 1 FROM {kept} LIMIT 1").fetchall():  # going through the history is dear
            outdated |= self._places_of_others(kept, f"{self.table}_now AS core")
        return outdated

    def _places_of_others(self, lost: str, stayed: str) -> set[int]:
        """The pages of those rows `lost` that another version of themselves has outlived."""
        rows = self.con.execute(
            f"SELECT DISTINCT stage.ordinal >> {PLACE_BITS} FROM {stayed}"
            f" JOIN {lost} AS stage USING (source, {self.key}) WHERE NOT ({self._same})"
        ).fetchall()
        return {place for (place,) in rows}

    @property
    def _same(self) -> str:
        return " AND ".join(
            f"core.{c} IS NOT DISTINCT FROM stage.{c}" for c in self.columns if c not in NOT_COMPARED
        )

    def _close_absent(self, source: str, snapshot_id: str, known: datetime, absence: Absence) -> int:
        closed: int = self.con.execute(
            f"UPDATE {self.table} AS core SET known_to = ?, closed_by = ? {self._absent_where(absence)}",
            [known, snapshot_id, source, *absence.parameters, json_of(sorted(absence.present))],
        ).fetchall()[0][0]
        return closed

    def _absent_where(self, absence: Absence, since: int = 0) -> str:
        first = since << PLACE_BITS
        return (
            f"WHERE core.known_to IS NULL AND core.source = ? AND ({absence.condition})"
            f" AND core.{self.key} NOT IN"
            f" (SELECT {self.key} FROM stage_{self.table} WHERE ordinal >= {first}"
            f"  UNION ALL SELECT {self.key} FROM kept_{self.table} WHERE ordinal >= {first})"
            f" AND NOT {_is_broken(absence)}"
        )


def _is_broken(absence: Absence) -> str:
    keys = ", ".join(absence.present_in)
    return f"""list_has_any(from_json(?::JSON, '["VARCHAR"]'), [{keys}]::VARCHAR[])"""


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
            stage.close()
        self._folder.cleanup()

    def __getitem__(self, table: str) -> Stage:
        if table not in self._stages:
            self._stages[table] = Stage(self.con, table, KEY_OF[table], Path(self._folder.name))
        return self._stages[table]

    def items(self) -> list[tuple[str, Stage]]:
        return list(self._stages.items())

    def materialise(self) -> None:
        for stage in self._stages.values():
            stage.materialise()

    def add(self, records: Iterable[Record], place: int = 0) -> None:
        """Stage records of any mix of types, in order, as read from the page at `place`."""
        by_table: dict[str, list[Record]] = {}
        for item in records:
            by_table.setdefault(TABLE_OF[type(item)], []).append(item)
        for table, items in by_table.items():
            self[table].add(items, place)
