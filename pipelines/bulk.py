"""Pages of bookings of which no row has to be looked at in Python: those known, and those without a flaw.

SQL runs on a thread of its own, which alone uses the warehouse's connection from the first page until
`finish` returns; meanwhile further pages are fetched and judged. At most a few batches wait, however long
the listing is.
"""

from __future__ import annotations

import gc
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Self

from connectors.columns import Columns
from transforms.warehouse.bulk import Bulk, PackedPage
from transforms.warehouse.known import Known, KnownPage

BATCH_PAGES = 16
BATCHES_UNDER_WAY = 2

MEMORY = "200MB"
"""What SQL may take: beyond it DuckDB puts rows aside on disk, so that a long listing takes no more."""

# Rows by the hundred thousand, none of them in a cycle: looking for cycles takes a tenth of the time.
OBJECTS_BETWEEN_COLLECTIONS = 100_000


class BulkReader:
    """Stages pages of one stream of bookings; a context manager for its thread.

    `columns` judges a page. After `finish`, `done` are the pages read here, by place, with what they add
    besides their rows, and `left` the places of those to be read row by row after all.
    """

    def __init__(self, bulk: Bulk, known: Known, columns: Callable[[bytes], Columns | None]) -> None:
        self.done: dict[int, KnownPage] = {}
        self.left: list[int] = []
        self._bulk, self._known, self._columns = bulk, known, columns
        self._collections = gc.get_threshold()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="normalise")
        # More threads would get in the way of fetching, and take twice the time.
        self._before = bulk.use(threads=1, memory_limit=MEMORY)
        self._recalled = self._worker.submit(known.recall)
        self._kept: dict[int, str] = {}
        self._drift: dict[int, Counter[str]] = {}
        self._batch: list[PackedPage] = []
        self._under_way: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown(cancel_futures=True)
        gc.set_threshold(*self._collections)
        self._bulk.use(**self._before)

    def take(self, place: int, sha256: str, body: bytes) -> bool:
        """Whether the page is dealt with here, or may be (see `left`); else it has to be read row by row."""
        known = self._recalled.result().get(sha256)
        if known is not None:
            self._kept[place] = sha256
            self.done[place] = known
            return True
        columns = self._columns(body)
        if columns is None:
            return False
        self._drift[place] = columns.unknown_fields
        self._batch.append(PackedPage.of(self._bulk.spec, place, sha256, columns))
        if len(self._batch) == BATCH_PAGES:
            self._send()
        return True

    def finish(self) -> None:
        """Waits until all pages taken are staged."""
        self._send()
        while self._under_way:
            self._under_way.popleft().result()
        self._bulk.use(threads=self._before["threads"])
        for page in self._bulk.finish():
            if page.is_sound:
                self.done[page.place] = KnownPage(page.outside, self._drift[page.place])
            else:
                self.left.append(page.place)
        if self._kept:
            self._known.keep(self._bulk.stage, self._kept.items())

    def remember(self, present: Iterable[str], known: datetime) -> None:
        """Notes the pages read here for the next time, in the caller's transaction; `present`: all hashes."""
        self._bulk.use(**self._before)  # lists of keys cannot be put aside
        outdated = self._bulk.stage.outdated_places()
        fresh = {
            place: page
            for place, page in self.done.items()
            if place not in self._kept and place not in outdated
        }
        self._known.remember(self._bulk.stage, fresh, present, known)

    def _send(self) -> None:
        if not self._batch:
            return
        if len(self._under_way) == BATCHES_UNDER_WAY:
            self._under_way.popleft().result()
        self._under_way.append(self._worker.submit(self._bulk.add, self._batch))
        self._batch = []
