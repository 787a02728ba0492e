"""Stage whole pages of bookings at once, from their columns (transforms/normalise/in_columns.py)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import duckdb
from pydantic_core import to_json

from connectors.columns import Columns
from connectors.parsing import MAX_SPAN_DAYS
from transforms.normalise.in_columns import REF, InColumns
from transforms.normalise.shared import CONTENT_KEY
from transforms.warehouse.load import PLACE_BITS, Stage


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A landed page in columns: its place in the listing, and a line of JSON for `_select`."""

    place: int
    rows: int
    body: bytes

    @classmethod
    def of(cls, spec: InColumns, place: int, sha256: str, columns: Columns) -> PackedPage:
        wire = {name: columns.values[name] for name in spec.fields}
        return cls(place, columns.rows, to_json({"place": place, "page_sha256": sha256, "wire": wire}))


@dataclass(frozen=True, slots=True)
class BulkPage:
    """What became of a page: nothing of it was staged, or all but the rows outside the window."""

    place: int
    is_sound: bool
    outside: int


class Bulk:
    """Stages whole pages of one stream of bookings. `window`: inclusive dates that a booking has to touch.

    `add` gathers rows as they are on the wire in the temporary table `wire_row`; what becomes of them is one
    statement at the end, `finish`: a tenth of it for each tenth of the pages takes twice the time.
    """

    def __init__(self, spec: InColumns, stage: Stage, window: tuple[date, date]) -> None:
        self.con, self.spec, self.stage, self.window = stage.con, spec, stage, window
        self._rows: dict[int, int] = {}
        fields = ", ".join(f"{column} {kind}" for column, kind in spec.fields.values())
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE wire_row"
            f" (place BIGINT, page_sha256 VARCHAR, page_position INTEGER, {fields})"
        )
        self._insert = f"INSERT INTO wire_row {_wire_rows(spec)}"

    def add(self, pages: Sequence[PackedPage]) -> None:
        """Gather the rows of these pages."""
        self._rows.update((page.place, page.rows) for page in pages)
        lines = b"\n".join(page.body for page in pages).decode()
        self.con.execute(self._insert, {"pages": lines})

    def finish(self) -> list[BulkPage]:
        """Stage the sound ones among the pages, and say which they are."""
        first, last = self.window
        self.stage.insert(_select(self.spec), {"first": first, "last": last, "most_days": MAX_SPAN_DAYS})
        self.con.execute("DROP TABLE wire_row")
        staged = {place: (rows, is_sound) for place, rows, is_sound in self._staged()}
        flawed = {place for place, (_, is_sound) in staged.items() if not is_sound}
        if flawed:
            self.stage.remove(flawed)
        return [
            BulkPage(place, place not in flawed, rows - staged.get(place, (0, True))[0])
            for place, rows in self._rows.items()
        ]

    def _staged(self) -> list[tuple[int, int, bool]]:
        """Of each page with rows in the window: its place, how many, and whether all of them are sound."""
        return self.con.execute(
            f"SELECT ordinal >> {PLACE_BITS} AS place, count(*), count(source_key) = count(*)"
            f" FROM stage_{self.stage.table} GROUP BY ALL"
        ).fetchall()

    def use(self, **settings: object) -> dict[str, object]:
        """Changes settings of the connection, and tells what they were before."""
        before: dict[str, object] = {}
        for name, value in settings.items():
            [(before[name],)] = self.con.execute("SELECT current_setting(?)", [name]).fetchall()
            with suppress(duckdb.OutOfMemoryException):  # a warehouse in memory may hold more already
                self.con.execute(f"SET {name} = '{value}'")
        return before


def _wire_rows(spec: InColumns) -> str:
    """Rows of `wire_row` from $pages, a line of JSON each."""
    wire = {name: [_shape(kind)] for name, (_, kind) in spec.fields.items()}
    shape = to_json({"place": "BIGINT", "page_sha256": "VARCHAR", "wire": wire}).decode()
    columns = ", ".join(f'unnest(page.wire."{name}")' for name in spec.fields)
    position = f'(generate_subscripts(page.wire."{next(iter(spec.fields))}", 1) - 1)::INTEGER'
    # By line: what reads a parameter alone is worked out while planning, value by value.
    pages = f"SELECT from_json(unnest(string_split($pages, chr(10)))::JSON, '{shape}') AS page"
    return f"SELECT page.place, page.page_sha256, {position}, {columns} FROM ({pages})"


def _select(spec: InColumns) -> str:
    """Rows for the stage from `wire_row`. A row that is not sound has no key."""
    return (
        f"WITH made AS ({spec.sql})"
        " SELECT * EXCLUDE (place, is_sound) REPLACE (CASE WHEN is_sound THEN source_key END AS source_key),"
        f" {CONTENT_KEY} AS content_key, (place << {PLACE_BITS}) + page_position AS ordinal"
        " FROM made WHERE NOT is_sound OR (start_date <= $last AND end_date >= $first)"
    )


def _shape(kind: str) -> object:
    return {"id": "VARCHAR"} if kind == REF else kind
