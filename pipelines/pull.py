"""Pull: a snapshot of every stream of the configured planners, then the totals."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb

from pipelines.reading import Window
from pipelines.settings import Settings
from pipelines.snapshot import Puller
from pipelines.sources import SOURCES
from transforms import totals
from transforms.reconcile.guard import clock
from transforms.warehouse.landing import Landing
from transforms.warehouse.snapshot import Snapshot

log = logging.getLogger("crewtally.pull")


@dataclass(frozen=True, slots=True)
class PullResult:
    """The snapshots of one pull, in the order they were made."""

    snapshots: tuple[Snapshot, ...]

    @property
    def complete(self) -> bool:
        return all(snapshot.complete for snapshot in self.snapshots)


def pull(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    *,
    source: str | None = None,
    start: date | None = None,
    end: date | None = None,
    now: datetime | None = None,
) -> PullResult:
    """Land, normalise and total one source or all configured ones.

    Dates not given come from `window`. Raises ConnectorError when a stream's first page cannot be had,
    ValueError for dates the wrong way round or a source that is not configured.
    """
    first, last = window(settings, now)
    start, end = start or first, end or last
    snapshots: list[Snapshot] = []
    for name in [source] if source else sources(settings):
        snapshots.extend(pull_source(settings, con, name, start, end))
    totals.build(con, settings.policy)
    return PullResult(tuple(snapshots))


def sources(settings: Settings) -> list[str]:
    """Names of the configured planners, in the order of the configuration."""
    return settings.source_order()


def window(settings: Settings, now: datetime | None = None) -> tuple[date, date]:
    """The configured window around the studio's today, rounded out to whole weeks (Monday to Sunday).

    Whole weeks, so that no week on the edge shows a part of its hours as if it were all.
    """
    today = (now or datetime.now(UTC)).astimezone(ZoneInfo(settings.window.timezone)).date()
    first = today - timedelta(days=settings.window.past_days)
    last = today + timedelta(days=settings.window.future_days)
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def pull_source(
    settings: Settings, con: duckdb.DuckDBPyConnection, source: str, start: date, end: date
) -> tuple[Snapshot, ...]:
    """All streams of one source, the lists before the bookings that refer to them."""
    if start > end:
        raise ValueError(f"the window ends ({end}) before it starts ({start})")
    if source not in sources(settings):
        raise ValueError(f"no [{source}] section in the configuration: nothing to pull from")
    spec = SOURCES[source]
    client = spec.connect(settings)
    puller = Puller(con, Landing(settings.landing.path), spec, client)
    snapshots = [puller.take(stream, Window(start, end)) for stream in spec.streams]
    if source == "ruddr":
        snapshots += [puller.take(spec.streams[-1], piece) for piece in _time_off_around(con, start, end)]
    for trip in clock(source, client.skew, settings.guards):
        log.warning("%s", trip)
    return tuple(snapshots)


def _time_off_around(con: duckdb.DuckDBPyConnection, start: date, end: date) -> Iterator[Window]:
    """Where bookings stick out of the window, the dates on either side whose time off shapes their hours.

    Ruddr counts hours on capacity after time off, over the whole span, week or month: without the time off
    outside the window the booking's total, and of a spread even its days inside, would be wrong.
    """
    [(first, last)] = con.execute(
        "SELECT least(date_trunc('week', min(start_date)), date_trunc('month', min(start_date)))::DATE,"
        " greatest(date_trunc('week', max(end_date)) + INTERVAL 6 DAY, last_day(max(end_date)))::DATE"
        " FROM core_booking_now"
        " WHERE source = 'ruddr' AND kind = 'work' AND start_date <= ? AND end_date >= ?",
        [end, start],
    ).fetchall()
    if first is not None and first < start:
        yield Window(first, start - timedelta(days=1), time_off_only=True)
    if last is not None and last > end:
        yield Window(end + timedelta(days=1), last, time_off_only=True)
