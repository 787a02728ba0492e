"""Pages that were read before and need not be read again: the table `known_page`.

A page is known when the same bytes were normalised under the same rules, lists and window (`reading`),
without a flaw, and the model still holds each of its rows as it was read then: no later snapshot has changed
or closed one. Then its keys are all that a new snapshot needs (docs/decisions/0010).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import duckdb
from pydantic_core import from_json

from transforms.warehouse.connection import beside
from transforms.warehouse.load import Stage
from transforms.warehouse.staging import PLACE_BITS, json_of

FORGET_AFTER = timedelta(days=30)
"""Windows move on: what nobody asked for since is forgotten, and the rest read once more."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What a page adds to a snapshot besides its keys.

    `rows` are those on the page, `ids` a few of its keys, the first and the last ones.
    """

    outside: int
    unknown_fields: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """The known pages of one stream in one window."""

    con: duckdb.DuckDBPyConnection
    source: str
    stream: str
    window: tuple[date, date]
    reading: str

    def recall(self, shown: int) -> dict[str, KnownPage]:
        """Pages by sha256; whatever is not among them has to be read. On a connection of its own.

        `shown`: how many keys of either end of a page to tell.
        """
        rows = (
            beside(self.con)
            .execute(
                """
            WITH candidate AS (
                SELECT page_sha256, outside, unknown_fields, read_at, keys
                FROM known_page
                WHERE source = $source AND stream = $stream AND reading = $reading
            ),
            stale AS (
                SELECT DISTINCT k.page_sha256
                FROM (SELECT page_sha256, read_at, unnest(keys) AS source_key FROM candidate) AS k
                ANTI JOIN core_booking AS b
                    ON b.source = $source AND b.source_key = k.source_key
                    AND b.known_to IS NULL AND b.known_from <= k.read_at
            )
            SELECT
                page_sha256, outside, unknown_fields, len(keys) + outside,
                list_concat(keys[:$shown], keys[-$shown:])
            FROM candidate ANTI JOIN stale USING (page_sha256)
            """,
                {"source": self.source, "stream": self.stream, "reading": self.reading, "shown": shown},
            )
            .fetchall()
        )
        return {
            sha256: KnownPage(outside, Counter(from_json(fields)), count, frozenset(keys))
            for sha256, outside, fields, count, keys in rows
        }

    def keep(self, stage: Stage, pages: Iterable[tuple[int, str]]) -> None:
        """Count the rows of known pages (place, sha256) as read."""
        asked = [{"place": place, "page_sha256": sha256} for place, sha256 in pages]
        stage.keep(
            f"SELECT unnest(k.keys) AS source_key, (p.place << {PLACE_BITS}) + generate_subscripts(k.keys, 1)"
            " AS ordinal FROM known_page AS k JOIN"
            """ (SELECT unnest(from_json($pages::JSON, '[{"place":"BIGINT","page_sha256":"VARCHAR"}]'),"""
            " max_depth := 2)) AS p USING (page_sha256)"
            " WHERE k.source = $source AND k.stream = $stream AND k.reading = $reading",
            {"pages": json_of(asked), "source": self.source, "stream": self.stream, "reading": self.reading},
        )

    def remember(
        self, stage: Stage, pages: dict[int, KnownPage], present: Iterable[str], known: datetime
    ) -> None:
        """Replace what is known of this stream and window, after the merge, in the caller's transaction.

        `pages`: those read in bulk into `stage`, by place; `present`: sha256 of all pages.
        """
        self.con.execute(
            "DELETE FROM known_page WHERE source = $source AND stream = $stream AND (read_at < $old"
            " OR window_start = $start AND window_end = $end AND NOT (reading = $reading"
            """ AND page_sha256 IN (SELECT unnest(from_json($present::JSON, '["VARCHAR"]')))))""",
            {
                "source": self.source, "stream": self.stream, "old": known - FORGET_AFTER,
                "start": self.window[0], "end": self.window[1],
                "reading": self.reading, "present": json_of(present),
            },
        )  # fmt: skip
        told = [
            {"place": place, "outside": page.outside, "unknown_fields": json_of(page.unknown_fields)}
            for place, page in pages.items()
        ]
        self.con.execute(
            "INSERT INTO known_page SELECT $source, $stream, $start, $end, $reading, page_sha256, $known,"
            " any_value(p.outside), any_value(p.unknown_fields), any_value(b.keys)"
            f" FROM ({stage.keys_by_page}) AS b JOIN (SELECT unnest(from_json($pages::JSON,"
            """ '[{"place":"BIGINT","outside":"INTEGER","unknown_fields":"VARCHAR"}]'), max_depth := 2))"""
            " AS p USING (place)"
            " ANTI JOIN known_page AS k ON k.page_sha256 = b.page_sha256 AND k.source = $source"
            "  AND k.stream = $stream AND k.reading = $reading"
            " GROUP BY page_sha256",
            {
                "source": self.source, "stream": self.stream, "start": self.window[0], "end": self.window[1],
                "reading": self.reading, "known": known, "pages": json_of(told),
            },
        )  # fmt: skip
