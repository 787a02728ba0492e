"""Pages of bookings of which no row has to be looked at in Python: those known, and those without a flaw.

A page is looked at on the thread that fetched it: landed, and either known, or judged and packed. What was
packed goes through SQL on a thread of its own, which alone uses the warehouse's connection from the first
page until `finish` returns. While a statement runs the next pages gather: the slower SQL is, the more of them
it gets at once. That matters because DuckDB asks for Python's lock some fifty times a statement, and waits
each time until pydantic has judged a page (docs/decisions/0010).
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from types import TracebackType
from typing import Self

from connectors.columns import Columns
from connectors.page import Glance
from transforms.warehouse.bulk import Bulk, PackedPage
from transforms.warehouse.known import Known, KnownPage
from transforms.warehouse.landing import Landing

BATCH_BYTES = 1_600_000
"""A statement is worth its while from so much on: some 16,000 bookings of 10,000ft, packed."""

MOST_BYTES_WAITING = 2 * BATCH_BYTES
"""Beyond it the listing waits for SQL."""

IDS_SHOWN = 50
"""Of either end of a page: neighbours that overlap have one of these in common."""

MEMORY = "120MB"
"""What SQL may take: beyond it DuckDB puts rows aside on disk, so that a long listing takes little more."""

# Rows by the hundred thousand, none of them in a cycle: looking for cycles takes a tenth of the time.
OBJECTS_BETWEEN_COLLECTIONS = 100_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A landed page that need not be read row by row: known, or packed."""

    sha256: str
    known: KnownPage | None = None
    packed: PackedPage | None = None
    unknown_fields: Counter[str] = field(default_factory=Counter)


class BulkReader:
    """Stages pages of one stream of bookings; a context manager for its thread.

    `columns` judges a page. After `finish`, `done` are the pages read here, by place, with what they add
    besides their rows, and `left` the places of those to be read row by row after all.
    """

    def __init__(
        self, bulk: Bulk, known: Known, columns: Callable[[bytes], Columns | None], landing: Landing
    ) -> None:
        self.done: dict[int, KnownPage] = {}
        self.left: list[int] = []
        self._bulk, self._known, self._columns, self._landing = bulk, known, columns, landing
        self._collections = gc.get_threshold()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="normalise")
        # More threads would get in the way of fetching, and take twice the time. FSST compression of texts
        # takes a seventh of the time of merging, and saves 35 bytes a booking.
        self._before = bulk.use(threads=1, memory_limit=MEMORY, disabled_compression_methods="fsst")
        self._recalled = self._worker.submit(known.recall, IDS_SHOWN)
        self._flawed: set[str] = set()
        self._kept: dict[int, str] = {}
        self._drift: dict[int, Counter[str]] = {}
        self._waiting: dict[int, PackedPage] = {}
        self._bytes_waiting = 0
        self._under_way: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown(cancel_futures=True)
        gc.set_threshold(*self._collections)
        self._bulk.use(**self._before)

    def look(self, body: bytes) -> Glance | None:
        """Lands a page that is known, or has rows and no flaw; None: it is to be read row by row.

        For any thread. A page without rows may lie beyond the end of a listing, and be no part of it.
        """
        name = sha256(body).hexdigest()
        known = self._recalled.result().get(name)
        if known is not None:
            self._landing.put(body, name)
            return Glance(known.rows, known.ids, Seen(name, known=known))
        columns = None if name in self._flawed else self._columns(body)
        if columns is None or not columns.rows:
            self._flawed.add(name)
            return None
        self._landing.put(body, name)
        packed = PackedPage.of(self._bulk.spec, name, columns)
        ids = columns.values["id"]
        shown = frozenset(map(str, ids[:IDS_SHOWN] + ids[-IDS_SHOWN:]))
        return Glance(columns.rows, shown, Seen(name, None, packed, columns.unknown_fields))

    def take(self, place: int, seen: Seen) -> None:
        """A page of the listing: dealt with here, if it need not be `left` in the end."""
        if seen.known is not None:
            self._kept[place] = seen.sha256
            self.done[place] = seen.known
        elif seen.packed is not None:
            self._drift[place] = seen.unknown_fields
            self._waiting[place] = seen.packed
            self._bytes_waiting += len(seen.packed.wire)
            if self._bytes_waiting >= (BATCH_BYTES if self._is_idle() else MOST_BYTES_WAITING):
                self._send()

    def finish(self) -> None:
        """Waits until all pages taken are staged."""
        self._send()
        self._settle()
        for page in self._bulk.finish():
            if page.is_sound:
                self.done[page.place] = KnownPage(page.outside, self._drift[page.place])
            else:
                self.left.append(page.place)
        if self._kept:
            self._known.keep(self._bulk.stage, self._kept.items())

    def remember(self, present: Iterable[str], known: datetime) -> None:
        """Notes the pages read here for the next time, in the caller's transaction; `present`: all hashes."""
        outdated = self._bulk.stage.outdated_places()
        fresh = {
            place: page
            for place, page in self.done.items()
            if place not in self._kept and place not in outdated
        }
        # Lists of keys cannot be put aside. Whatever else ran without the limit would fill memory with pages.
        self._bulk.use(memory_limit=self._before["memory_limit"])
        self._known.remember(self._bulk.stage, fresh, present, known)

    def _is_idle(self) -> bool:
        return self._under_way is None or self._under_way.done()

    def _settle(self) -> None:
        """Waits for the statement under way, and raises what went wrong in it."""
        if self._under_way is not None:
            self._under_way.result()

    def _send(self) -> None:
        self._settle()
        if self._waiting:
            self._under_way = self._worker.submit(self._bulk.add, self._waiting)
        self._waiting, self._bytes_waiting = {}, 0
