"""Backfill: pull a span of the past (or future) month by month, able to go on where it stopped.

The plan comes once, at the end, and deletes nothing outside the span. An unfinished backfill of the same
span and source is resumed for a day; after that its first chunks are too old to plan from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from uuid import uuid4

import duckdb

from connectors.errors import ConnectorError
from pipelines.pull import pull_source
from pipelines.runs import utc_now
from pipelines.settings import SOURCES, Settings
from pipelines.sync import Report, Step, SyncFailed, SyncResult, directly, push
from transforms import totals
from transforms.warehouse.publish import publish
from transforms.warehouse.snapshot import Snapshot

EARLIEST = date(2000, 1, 1)
LONGEST_DAYS = 3660
FURTHEST_AHEAD_DAYS = 3660
RESUMED_FOR = timedelta(days=1)
ALL = "all"


class SpanRefused(ValueError):
    """The span or the source makes no sense. The message says what would."""


@dataclass(frozen=True, slots=True)
class Request:
    """A checked backfill: inclusive dates, and the sources it pulls in the order of the configuration."""

    start: date
    end: date
    source: str
    sources: tuple[str, ...]


def check(settings: Settings, start: date, end: date, source: str | None = None) -> Request:
    """Raises SpanRefused unless the span is sane and the source configured."""
    if start > end:
        raise SpanRefused(f"The span ends ({end}) before it starts ({start}): swap start and end.")
    if start < EARLIEST:
        raise SpanRefused(f"The span starts on {start}; the earliest start is {EARLIEST}.")
    horizon = datetime.now(UTC).date() + timedelta(days=FURTHEST_AHEAD_DAYS)
    if end > horizon:
        raise SpanRefused(f"The span ends on {end}; the latest end is {horizon}.")
    if (end - start).days >= LONGEST_DAYS:
        raise SpanRefused(f"A span has at most {LONGEST_DAYS} days: split {start} to {end}.")
    configured = settings.source_order()
    if source is not None and source not in configured:
        known = " and ".join(configured) or "none"
        what = "is not configured" if source in SOURCES else "is not a source"
        raise SpanRefused(f"{source} {what} (configured: {known}).")
    return Request(start, end, source or ALL, (source,) if source else tuple(configured))


def months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """The calendar months of the span, the first and last cut to it."""
    while start <= end:
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield start, min(end, following - timedelta(days=1))
        start = following


def backfill(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    report: Report,
    request: Request,
    *,
    step: Step = directly,
    dry_run: bool = False,
) -> SyncResult:
    """Pulls every chunk that is not done yet, totals, plans, applies; only then is the backfill finished.

    Raises SyncFailed when a chunk could not be pulled whole; call again to pull what is missing.
    """
    backfill_id = _begin(con, request)
    snapshots, failures = _pull_chunks(settings, con, request, backfill_id, step)
    step("total", totals.build, con, settings.policy)
    step("publish", publish, con, settings.warehouse.published, utc_now())
    report.pulled(snapshots)
    if failures:
        raise SyncFailed("\n".join([*failures, "Run the same backfill again to pull what is missing."]))
    result = push(
        settings,
        con,
        report,
        snapshots,
        step=step,
        dry_run=dry_run,
        delete_window=(request.start, request.end),
    )
    if not dry_run:
        con.execute(
            "UPDATE meta_backfill SET finished_at = ? WHERE backfill_id = ?", [utc_now(), backfill_id]
        )
    return result


def _pull_chunks(
    settings: Settings, con: duckdb.DuckDBPyConnection, request: Request, backfill_id: str, step: Step
) -> tuple[tuple[Snapshot, ...], list[str]]:
    snapshots: list[Snapshot] = []
    failures: list[str] = []
    done = _finished(con, backfill_id)
    for source in request.sources:
        for start, end in months(request.start, request.end):
            if (source, start, end) in done:
                continue
            try:
                pulled = step(f"pull {source} {start:%Y-%m}", pull_source, settings, con, source, start, end)
            except ConnectorError as error:
                failures.append(f"{source} {start} to {end}: {error}")
                break  # the service is in trouble: the other source may not be
            snapshots += pulled
            holes = [f"{s.stream} {s.incomplete_reason}" for s in pulled if not s.complete]
            if holes:
                failures.append(f"{source} {start} to {end} is incomplete: {'; '.join(holes)}")
            else:
                con.execute(
                    "INSERT INTO meta_backfill_chunk VALUES (?, ?, ?, ?, ?)",
                    [backfill_id, source, start, end, utc_now()],
                )
    return tuple(snapshots), failures


def _begin(con: duckdb.DuckDBPyConnection, request: Request) -> str:
    """The id of the unfinished backfill of the same span and source, or of a new one."""
    con.execute(files(__package__).joinpath("backfill.sql").read_text())
    wanted = [request.start, request.end, request.source]
    unfinished = con.execute(
        "SELECT backfill_id FROM meta_backfill WHERE start_date = ? AND end_date = ? AND source = ?"
        " AND finished_at IS NULL AND started_at > ? ORDER BY started_at DESC LIMIT 1",
        [*wanted, utc_now() - RESUMED_FOR],
    ).fetchone()
    if unfinished:
        return str(unfinished[0])
    backfill_id = uuid4().hex
    con.execute("INSERT INTO meta_backfill VALUES (?, ?, ?, ?, ?, NULL)", [backfill_id, *wanted, utc_now()])
    return backfill_id


def _finished(con: duckdb.DuckDBPyConnection, backfill_id: str) -> set[tuple[str, date, date]]:
    rows = con.execute(
        "SELECT source, start_date, end_date FROM meta_backfill_chunk WHERE backfill_id = ?", [backfill_id]
    ).fetchall()
    return {(source, start, end) for source, start, end in rows}
