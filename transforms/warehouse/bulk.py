"""Stage whole pages of bookings at once, from their columns (transforms/normalise/in_columns.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic_core import to_json

from connectors.columns import Columns
from connectors.parsing import MAX_SPAN_DAYS
from transforms.normalise.in_columns import REF, InColumns
from transforms.normalise.shared import CONTENT_KEY
from transforms.warehouse.load import PLACE_BITS, Stage


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A landed page in columns, as JSON; `place` is its place in the listing."""

    place: int
    sha256: str
    rows: int
    body: str

    @classmethod
    def of(cls, spec: InColumns, place: int, sha256: str, columns: Columns) -> PackedPage:
        body = to_json({name: columns.values[name] for name in spec.fields}).decode()
        return cls(place, sha256, columns.rows, body)


@dataclass(frozen=True, slots=True)
class BulkPage:
    """What became of a page: nothing of it was staged, or all but the rows outside the window."""

    place: int
    is_sound: bool
    outside: int


class Bulk:
    """Stages whole pages of one stream of bookings, and notes their keys in `bulk_page`.

    `window`: inclusive dates that a booking has to touch.
    """

    def __init__(self, spec: InColumns, stage: Stage, window: tuple[date, date]) -> None:
        self.con, self.spec, self.stage = stage.con, spec, stage
        self._select = _select(spec)
        self._fixed = {"first": window[0], "last": window[1], "most_days": MAX_SPAN_DAYS}
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE bulk_page (place BIGINT, page_sha256 VARCHAR, keys VARCHAR[])"
        )

    def add(self, pages: Sequence[PackedPage]) -> list[BulkPage]:
        """Stage the sound ones among these pages, and say which they are."""
        places = [page.place for page in pages]
        bodies = {"hashes": [page.sha256 for page in pages], "bodies": [page.body for page in pages]}
        self.stage.insert(self._select, {**self._fixed, **bodies, "places": places})
        self._note_keys(places)
        found = self.con.execute(
            "SELECT place, len(keys), len(keys) = list_count(keys) FROM bulk_page"
            " WHERE list_contains($places::BIGINT[], place)",
            {"places": places},
        ).fetchall()
        staged = {place: rows for place, rows, is_sound in found if is_sound}
        flawed = [place for place, _, is_sound in found if not is_sound]
        if flawed:
            self.stage.remove(flawed)
            self.con.execute("DELETE FROM bulk_page WHERE list_contains(?::BIGINT[], place)", [flawed])
        return [
            BulkPage(page.place, page.place not in flawed, page.rows - staged.get(page.place, 0))
            for page in pages
        ]

    def _note_keys(self, places: list[int]) -> None:
        self.con.execute(
            f"INSERT INTO bulk_page SELECT ordinal >> {PLACE_BITS}, page_sha256,"
            f" list(source_key ORDER BY ordinal) FROM stage_{self.stage.table}"
            f" WHERE ordinal BETWEEN $first AND $last AND"
            f" list_contains($places::BIGINT[], ordinal >> {PLACE_BITS}) GROUP BY ALL",
            {
                "places": places,
                "first": min(places) << PLACE_BITS,
                "last": (max(places) + 1) << PLACE_BITS,
            },
        )

    def use_threads(self, number: int) -> int:
        """Sets how many threads SQL may use, and tells how many it might before."""
        [(before,)] = self.con.execute("SELECT current_setting('threads')").fetchall()
        self.con.execute(f"SET threads = {number:d}")
        return int(before)


def _select(spec: InColumns) -> str:
    """Rows for the stage, from $places, $hashes and $bodies of pages. A row that is not sound has no key."""
    shape = to_json({name: [_shape(kind)] for name, (_, kind) in spec.fields.items()}).decode()
    columns = ", ".join(f'unnest(c."{name}") AS {column}' for name, (column, _) in spec.fields.items())
    position = f'(generate_subscripts(c."{next(iter(spec.fields))}", 1) - 1)::INTEGER AS page_position'
    return (
        "WITH page AS (SELECT unnest($places::BIGINT[]) AS place, unnest($hashes::VARCHAR[]) AS page_sha256,"
        f" from_json(unnest($bodies::VARCHAR[])::JSON, '{shape}') AS c),"
        f" wire_row AS (SELECT place, page_sha256, {position}, {columns} FROM page),"
        f" made AS ({spec.sql})"
        f" SELECT * EXCLUDE (place, is_sound) REPLACE (CASE WHEN is_sound THEN source_key END AS source_key),"
        f" {CONTENT_KEY} AS content_key, (place << {PLACE_BITS}) + page_position AS ordinal"
        " FROM made WHERE NOT is_sound OR (start_date <= $last AND end_date >= $first)"
    )


def _shape(kind: str) -> object:
    return {"id": "VARCHAR"} if kind == REF else kind
