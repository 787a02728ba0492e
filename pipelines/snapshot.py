"""Take one snapshot: land a stream page by page, normalise, load with history, certify.

One stream is one transaction: a crash leaves it before or after, never between. Absence closes a row only
when the listing is complete, nothing unreadable was in it, and (for bookings) the service itself says of each
missing one that it is gone: a booking that moved out of the window is not a deleted one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from connectors.errors import ConnectorError
from connectors.page import Page
from connectors.wire import Reject
from pipelines.sources import TIME_OFF, Booked, Source, Stream
from transforms.model import Booking, Record
from transforms.normalise.shared import Unresolved
from transforms.warehouse.landing import Landing
from transforms.warehouse.load import Absence, Stages
from transforms.warehouse.snapshot import LandedPage, Snapshot, content_sha256, record

log = logging.getLogger("crewtally.pull")

# Up to this many missing bookings are asked for one by one; more, and one listing without dates is cheaper.
CONFIRM_ONE_BY_ONE = 100


@dataclass(frozen=True, slots=True)
class Window:
    """Inclusive dates a windowed stream is asked for; `time_off_only` narrows Ruddr's listing."""

    start: date
    end: date
    time_off_only: bool = False


@dataclass(slots=True)
class _Reading:
    """What has been read of one stream so far."""

    pages: list[LandedPage] = field(default_factory=list)
    rejects: list[tuple[LandedPage, Reject]] = field(default_factory=list)
    drift: Counter[str] = field(default_factory=Counter)
    elsewhere: set[str] = field(default_factory=set)
    rows: int = 0
    outside: int = 0


@dataclass(slots=True)
class Puller:
    """One source, connected, with the places its pages and rows go to."""

    con: duckdb.DuckDBPyConnection
    landing: Landing
    source: Source
    client: Any

    def take(self, stream: Stream, window: Window) -> Snapshot:
        """Pull one stream. Raises ConnectorError when not even its first page could be had."""
        started = _utc_now()
        reading = _Reading()
        lists = self.source.lists(self.con) if stream.windowed else None
        with Stages(self.con) as stages:
            for table in (*stream.primary, *stream.absence):
                _ = stages[table]  # an empty listing is a listing too
            listing = self._list(stream, window)
            for page in listing:
                stages.add(self._read(stream, page, lists, reading, window if stream.windowed else None))
            reason = listing.incomplete_reason if not listing.complete else None
            stages.materialise()
            absences = self._absences(stream, window, reading) if reason is None else {}
            if reason is None and stream.windowed:
                reason = self._confirm(stream, absences["core_booking"], stages, lists, reading)
                absences = self._absences(stream, window, reading)
            return self._store(stream, window, stages, reading, started, reason, absences)

    def _list(self, stream: Stream, window: Window) -> Any:
        if not stream.windowed:
            return self.client.list(stream.name)
        narrowed = {"assignment_type": "time_off"} if window.time_off_only else {}
        return self.client.list(stream.name, start=window.start, end=window.end, **narrowed)

    def _read(
        self, stream: Stream, page: Page, lists: Any, reading: _Reading, window: Window | None
    ) -> list[Record]:
        """Land one page and turn its rows into records; rows that cannot be go to the reading's rejects."""
        landed = LandedPage(
            page=len(reading.pages) + 1,
            url=page.url,
            sha256=self.landing.put(page.body),
            fetched_at=_naive(page.fetched_at),
            rows=page.rows,
            bytes=len(page.body),
        )
        reading.pages.append(landed)
        parsed = self.source.parse(stream.name, page.body)
        reading.rows += len(parsed.rows) + len(parsed.rejects)
        reading.drift.update(parsed.unknown_fields)
        reading.rejects += [(landed, reject) for reject in parsed.rejects]
        records: list[Record] = []
        for position, row in parsed.rows:
            try:
                made = list(stream.normalise(row, lists, landed.sha256, position))
            except Unresolved as error:
                raw = row.model_dump_json(by_alias=True, exclude_unset=True)
                key = getattr(row, "source_key", str(row.id))
                reading.rejects.append((landed, Reject(position, key, str(error), raw)))
                continue
            if (key := stream.elsewhere(row)) is not None:
                reading.elsewhere.add(key)
            if window is not None and not _touches(made, window):
                reading.outside += 1
                continue
            records += made
        return records

    def _absences(self, stream: Stream, window: Window, reading: _Reading) -> dict[str, Absence]:
        """What this complete listing proves absent: nothing at all if a row had not even a readable id."""
        if any(reject.key is None for _, reject in reading.rejects):
            return {"core_booking": Absence("false")} if stream.windowed else {}
        broken = {part for _, reject in reading.rejects for part in _known_by(reject.key)}
        present = frozenset(broken | reading.elsewhere)
        absences = {table: replace(absence, present=present) for table, absence in stream.absence.items()}
        if stream.windowed:
            shown = TIME_OFF if window.time_off_only else absences["core_booking"]
            absences["core_booking"] = replace(shown, parameters=(window.end, window.start), present=present)
        return absences

    def _confirm(
        self, stream: Stream, absence: Absence, stages: Stages, lists: Any, reading: _Reading
    ) -> str | None:
        """Ask the service about each missing booking; read those that only moved. Returns why it failed."""
        missing = self._missing(stages["core_booking"].absent_keys(self.source.name, absence))
        if not missing:
            return None
        try:
            pages = list(self._search(stream, missing))
        except ConnectorError as error:
            return f"{len(missing)} bookings are missing, and the service could not confirm it: {error}"
        for page in pages:
            found = self._read(stream, page, lists, reading, None)
            wanted = [r for r in found if not isinstance(r, Booking) or r.source_key in missing]
            reading.outside += len(found) - len(wanted)
            stages.add(wanted)
        stages.materialise()
        return None

    def _missing(self, keys: list[str]) -> dict[str, Booked]:
        """The bookings to ask for, by key. Read-only rows have no address of their own."""
        rows = self.con.execute(
            "SELECT source_key, person_key, coalesce(work_item_key, project_key, leave_type_key)"
            " FROM core_booking_now WHERE source = ? AND list_contains(?::VARCHAR[], source_key)"
            " AND read_only_kind IS NULL ORDER BY source_key",
            [self.source.name, keys],
        ).fetchall()
        return {row[0]: Booked(*row) for row in rows}

    def _search(self, stream: Stream, missing: dict[str, Booked]) -> Iterator[Page]:
        if len(missing) <= CONFIRM_ONE_BY_ONE:
            for booking in missing.values():
                page = self.source.show(self.client, booking)
                if page is not None:
                    yield page
            return
        listing = self.client.list(stream.name)
        yield from listing
        if not listing.complete:
            raise ConnectorError(
                f"a listing without dates stayed incomplete: {listing.incomplete_reason}",
                service=self.source.name,
            )

    def _store(
        self,
        stream: Stream,
        window: Window,
        stages: Stages,
        reading: _Reading,
        started: datetime,
        reason: str | None,
        absences: dict[str, Absence],
    ) -> Snapshot:
        finished = _utc_now()
        content = content_sha256(reading.pages)
        snapshot_id = f"{finished:%Y%m%dT%H%M%S%f}-{self.source.name}-{stream.name}-{content[:8]}"
        self.con.begin()
        try:
            merged = {
                table: stage.merge(
                    self.source.name, snapshot_id, finished, absences.get(table) if reason is None else None
                )
                for table, stage in stages.items()
            }
            snapshot = Snapshot(
                snapshot_id=snapshot_id,
                source=self.source.name,
                stream=stream.name,
                scope="time_off" if window.time_off_only else "all",
                window_start=window.start if stream.windowed else None,
                window_end=window.end if stream.windowed else None,
                started_at=started,
                finished_at=finished,
                complete=reason is None,
                incomplete_reason=reason,
                pages=len(reading.pages),
                rows=reading.rows,
                loaded=sum(merged[table].loaded for table in stream.primary),
                repeated=sum(merged[table].repeated for table in stream.primary),
                quarantined=len(reading.rejects),
                outside=reading.outside,
                content_sha256=content,
            )
            record(self.con, snapshot, reading.pages, reading.rejects, dict(reading.drift))
            self.landing.certify(
                snapshot_id, {**asdict(snapshot), "pages": [asdict(page) for page in reading.pages]}
            )
            self.con.commit()
        except BaseException:
            self.con.rollback()
            raise
        _log(snapshot)
        return snapshot


def _known_by(key: str | None) -> tuple[str, ...]:
    """The keys a broken row may have had. A read-only row's key holds its dates: if those broke, only the id
    in the middle of the key still tells which row it was."""
    if key is None:
        return ()
    return (key, key.split(":")[1]) if ":" in key else (key,)


def _touches(records: list[Record], window: Window) -> bool:
    """Whether the booking among the records touches the window: the service is asked a day wider."""
    return any(
        isinstance(item, Booking) and item.start_date <= window.end and item.end_date >= window.start
        for item in records
    )


def _log(snapshot: Snapshot) -> None:
    log.info(
        "%s %s: %d rows on %d pages, %d in quarantine%s",
        snapshot.source,
        snapshot.stream,
        snapshot.rows,
        snapshot.pages,
        snapshot.quarantined,
        "" if snapshot.complete else f"; INCOMPLETE: {snapshot.incomplete_reason}",
    )


def _utc_now() -> datetime:
    return _naive(datetime.now(UTC))


def _naive(instant: datetime) -> datetime:
    """UTC without the mark: the warehouse's TIMESTAMP columns are UTC by definition."""
    return instant.astimezone(UTC).replace(tzinfo=None)
