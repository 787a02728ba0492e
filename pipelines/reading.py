"""Read the pages of one stream: land each, and stage its rows by the cheapest way that is certain.

    known       the same bytes were read before, and the model still says what they say: their keys are enough
    in columns  every field keeps to its contract: pages go through SQL, many at a time (pipelines/bulk.py)
    row by row  any other page, and every page of a small list: pydantic judges, Python normalises

All three make the same of a page (docs/decisions/0010).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from types import TracebackType
from typing import Self

from connectors.listing import last_reading
from connectors.page import Look, Page
from connectors.wire import Reject
from pipelines.bulk import BulkReader
from pipelines.sources import Source, Stream
from transforms.model import Booking, Record
from transforms.normalise.rules import lists_sha256, rules_sha256
from transforms.normalise.shared import Unresolved
from transforms.warehouse.bulk import Bulk
from transforms.warehouse.known import Known
from transforms.warehouse.landing import Landing
from transforms.warehouse.load import Stages
from transforms.warehouse.snapshot import LandedPage


@dataclass(frozen=True, slots=True)
class Window:
    """Inclusive dates a windowed stream is asked for; `time_off_only` narrows Ruddr's listing."""

    start: date
    end: date
    time_off_only: bool = False


@dataclass(slots=True)
class Reading:
    """What has been read of one stream so far; pages by their place in the listing."""

    pages: dict[int, LandedPage] = field(default_factory=dict)
    rejects: list[tuple[LandedPage, Reject]] = field(default_factory=list)
    drift: Counter[str] = field(default_factory=Counter)
    elsewhere: set[str] = field(default_factory=set)
    rows: int = 0
    outside: int = 0


class Reader:
    """Reads one stream into `stages`; a context manager. `window` None: the stream has none."""

    def __init__(
        self, source: Source, stream: Stream, window: Window | None, landing: Landing, stages: Stages
    ) -> None:
        self.source, self.stream, self.window = source, stream, window
        self.landing, self.stages = landing, stages
        self.reading = Reading()
        self._lists = source.lists(stages.con) if stream.windowed else None
        self._open = ExitStack()
        self._bulk = self._bulk_reader()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def look(self) -> Look | None:
        """For the listing: what can be done with a page on the thread that fetched it."""
        return self._bulk.look if self._bulk else None

    def add(self, page: Page) -> None:
        """Lands a page and stages its rows, now or later."""
        glance = page.glance or (self._bulk.look(page.body) if self._bulk else None)
        landed = self._land(page, sha256=glance.made.sha256 if glance else None)
        if self._bulk is None or glance is None:
            self.stages.add(self._row_by_row(landed, page.body), page.place)
        else:
            self._bulk.take(page.place, glance.made)

    def finish(self) -> None:
        """Waits until the rows of all pages are staged."""
        if self._bulk is None:
            return
        self._bulk.finish()
        for place, page in self._bulk.done.items():
            self.reading.rows += self.reading.pages[place].rows
            self.reading.outside += page.outside
            self.reading.drift.update(page.unknown_fields)
        for place in sorted(self._bulk.left):
            landed = self.reading.pages[place]
            self.stages.add(self._row_by_row(landed, self.landing.get(landed.sha256)), place)

    def add_missing(self, page: Page, missing: Iterable[str]) -> None:
        """Lands a page read in search of missing bookings; stages those, wherever they lie, and no others."""
        place = max(self.reading.pages, default=0) + 1
        found = self._row_by_row(self._land(page, place=place), page.body, anywhere=True)
        wanted = [item for item in found if not isinstance(item, Booking) or item.source_key in missing]
        self.reading.outside += len(found) - len(wanted)
        self.stages.add(wanted, place)

    @property
    def last_reading(self) -> int:
        """The place where the last reading of the listing begins; the pages before it were given up."""
        return last_reading(self.reading.pages)

    def remember(self, known: datetime) -> None:
        """After the merge, in its transaction: which pages need not be read again."""
        if self._bulk is not None:
            self._bulk.remember((page.sha256 for page in self.reading.pages.values()), known)

    def _bulk_reader(self) -> BulkReader | None:
        stream, window = self.stream, self.window
        if stream.in_columns is None or window is None:
            return None
        dates = (window.start, window.end)
        under = f"{rules_sha256()} {lists_sha256(self._lists)} {dates}"
        reading = sha256(under.encode()).hexdigest()
        bulk = Bulk(stream.in_columns, self.stages["core_booking"], dates)
        known = Known(self.stages.con, self.source.name, stream.name, dates, reading)
        return self._open.enter_context(
            BulkReader(bulk, known, lambda body: self.source.columns(stream.name, body), self.landing)
        )

    def _land(self, page: Page, *, place: int | None = None, sha256: str | None = None) -> LandedPage:
        landed = LandedPage(
            page=0,  # numbered when the snapshot is stored
            url=page.url,
            sha256=sha256 or self.landing.put(page.body),
            fetched_at=page.fetched_at.astimezone(UTC).replace(tzinfo=None),
            rows=page.rows,
            bytes=len(page.body),
        )
        self.reading.pages[page.place if place is None else place] = landed
        return landed

    def _row_by_row(self, landed: LandedPage, body: bytes, *, anywhere: bool = False) -> list[Record]:
        """The records of a page; rows that cannot become any go to the rejects."""
        reading, stream = self.reading, self.stream
        parsed = self.source.parse(stream.name, body)
        reading.rows += len(parsed.rows) + len(parsed.rejects)
        reading.drift.update(parsed.unknown_fields)
        reading.rejects += [(landed, reject) for reject in parsed.rejects]
        records: list[Record] = []
        for position, row in parsed.rows:
            try:
                made = list(stream.normalise(row, self._lists, landed.sha256, position))
            except Unresolved as error:
                raw = row.model_dump_json(by_alias=True, exclude_unset=True)
                key = getattr(row, "source_key", str(row.id))
                reading.rejects.append((landed, Reject(position, key, str(error), raw)))
                continue
            if (key := stream.elsewhere(row)) is not None:
                reading.elsewhere.add(key)
            if not anywhere and self.window is not None and not _touches(made, self.window):
                reading.outside += 1
                continue
            records += made
        return records


def _touches(records: list[Record], window: Window) -> bool:
    """Whether the booking among the records touches the window: the service is asked a day wider."""
    return any(
        isinstance(item, Booking) and item.start_date <= window.end and item.end_date >= window.start
        for item in records
    )
