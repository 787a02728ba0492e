"""Stage whole pages of bookings at once, from their columns (transforms/normalise/in_columns.py)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import duckdb
import msgspec
from pydantic_core import to_json

from connectors.columns import Columns
from connectors.parsing import MAX_SPAN_DAYS
from transforms.normalise.in_columns import REF, InColumns
from transforms.normalise.shared import CONTENT_KEY
from transforms.warehouse.load import Stage
from transforms.warehouse.staging import PLACE_BITS


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page in columns: `wire` is the JSON of the fields that the bookings are made of."""

    sha256: str
    rows: int
    wire: bytes

    @classmethod
    def of(cls, spec: InColumns, sha256: str, columns: Columns) -> PackedPage:
        wire = msgspec.json.encode({name: columns.values[name] for name in spec.fields})
        return cls(sha256, columns.rows, wire)

    def line(self, place: int) -> bytes:
        """A line for `_wire_rows`, once the page has a place in the listing."""
        return b'{"place":%d,"page_sha256":"%b","wire":%b}' % (place, self.sha256.encode(), self.wire)


@dataclass(frozen=True, slots=True)
class BulkPage:
    """What became of a page: nothing of it was staged, or all but the rows outside the window."""

    place: int
    is_sound: bool
    outside: int


class Bulk:
    """Stages whole pages of one stream of bookings. `window`: inclusive dates that a booking has to touch."""

    def __init__(self, spec: InColumns, stage: Stage, window: tuple[date, date]) -> None:
        self.con, self.spec, self.stage = stage.con, spec, stage
        self._rows: dict[int, int] = {}
        self._select = _select(spec)
        self._rules = {"first": window[0], "last": window[1], "most_days": MAX_SPAN_DAYS}

    def add(self, pages: Mapping[int, PackedPage]) -> None:
        """Stage the rows of these pages, by place."""
        self._rows.update((place, page.rows) for place, page in pages.items())
        lines = b"\n".join(page.line(place) for place, page in pages.items()).decode()
        self.stage.insert(self._select, {**self._rules, "pages": lines})

    def finish(self) -> list[BulkPage]:
        """Take the pages with a flaw off again, and say which they are."""
        if not self._rows:
            return []
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


def _select(spec: InColumns) -> str:
    """Rows for the stage from $pages, a line of JSON each. A row that is not sound has no key."""
    return (
        f"WITH wire_row AS MATERIALIZED ({_wire_rows(spec)}), made AS ({spec.sql})"
        " SELECT * EXCLUDE (place, is_sound) REPLACE (CASE WHEN is_sound THEN source_key END AS source_key),"
        f" {CONTENT_KEY} AS content_key, (place << {PLACE_BITS}) + page_position AS ordinal"
        " FROM made WHERE NOT is_sound OR (start_date <= $last AND end_date >= $first)"
    )


def _wire_rows(spec: InColumns) -> str:
    """The rows on the pages as they are on the wire."""
    wire = {name: [_shape(kind)] for name, (_, kind) in spec.fields.items()}
    shape = to_json({"place": "BIGINT", "page_sha256": "VARCHAR", "wire": wire}).decode()
    columns = ", ".join(f'unnest(page.wire."{name}") AS {one}' for name, (one, _) in spec.fields.items())
    first = next(iter(spec.fields))
    position = f'(generate_subscripts(page.wire."{first}", 1) - 1)::INTEGER AS page_position'
    # By line: what reads a parameter alone is worked out while planning, value by value.
    pages = f"SELECT from_json(unnest(string_split($pages, chr(10)))::JSON, '{shape}') AS page"
    return f"SELECT page.place, page.page_sha256, {position}, {columns} FROM ({pages})"


def _shape(kind: str) -> object:
    return {"id": "VARCHAR"} if kind == REF else kind
