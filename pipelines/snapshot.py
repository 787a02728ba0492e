"""Take one snapshot: land a stream page by page, normalise, load with history, certify.

One stream is one transaction: a crash leaves it before or after, never between. Absence closes a row only
when the listing is complete, nothing unreadable was in it, and (for bookings) the service itself says of each
missing one that it is gone: a booking that moved out of the window is not a deleted one.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import duckdb

from connectors.page import Look
from pipelines.missing import Search
from pipelines.reading import Reader, Reading, Window
from pipelines.sources import TIME_OFF, Source, Stream
from transforms.warehouse.landing import Landing
from transforms.warehouse.load import Absence, Stages
from transforms.warehouse.snapshot import Snapshot, content_sha256, record

log = logging.getLogger("crewtally.pull")


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
        asked = window if stream.windowed else None
        with Stages(self.con) as stages, Reader(self.source, stream, asked, self.landing, stages) as reader:
            for table in (*stream.primary, *stream.absence):
                _ = stages[table]  # an empty listing is a listing too
            listing = self._list(stream, window, reader.look)
            for page in listing:
                reader.add(page)
            reader.finish()
            reason = listing.incomplete_reason if not listing.complete else None
            stages.materialise()
            absences = self._absences(stream, window, reader.reading) if reason is None else {}
            if reason is None and stream.windowed:
                search = Search(reader, self.client, stages, absences["core_booking"])
                reason = search.confirm()
                absences = self._absences(stream, window, reader.reading)
                if reason is None and reader.last_reading:
                    gone = absences["core_booking"]
                    stages["core_booking"].withdraw(self.source.name, reader.last_reading, gone)
                if not search.absent:
                    absences = {}  # what nobody misses need not be looked for again
            return self._store(stream, window, stages, reader, started, reason, absences)

    def _list(self, stream: Stream, window: Window, look: Look | None) -> Any:
        if not stream.windowed:
            return self.client.list(stream.name)
        asked = self.source.hints(self.con)
        if window.time_off_only:
            asked["assignment_type"] = "time_off"
        return self.client.list(stream.name, start=window.start, end=window.end, look=look, **asked)

    def _absences(self, stream: Stream, window: Window, reading: Reading) -> dict[str, Absence]:
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

    def _store(
        self,
        stream: Stream,
        window: Window,
        stages: Stages,
        reader: Reader,
        started: datetime,
        reason: str | None,
        absences: dict[str, Absence],
    ) -> Snapshot:
        finished = _utc_now()
        reading = reader.reading
        pages = [replace(reading.pages[place], page=n) for n, place in enumerate(sorted(reading.pages), 1)]
        content = content_sha256(pages)
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
                pages=len(pages),
                rows=reading.rows,
                loaded=sum(merged[table].loaded for table in stream.primary),
                repeated=sum(merged[table].repeated for table in stream.primary),
                quarantined=len(reading.rejects),
                outside=reading.outside,
                content_sha256=content,
                clock_skew_seconds=int(self.client.skew.total_seconds()),
            )
            record(self.con, snapshot, pages, reading.rejects, dict(reading.drift))
            reader.remember(finished)
            self.landing.certify(
                snapshot_id, {**asdict(snapshot), "pages": [page.fields() for page in pages]}
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
