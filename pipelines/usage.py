"""Read from ftrack what was worked and estimated, so that the marts can say what remains.

A reading of its own, beside the planners' pull: crewtally only ever compares with it, plans nothing from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
from pydantic_core import to_json

from connectors.ftrack import dialects
from connectors.ftrack.client import Ftrack
from connectors.ftrack.usage import LoggedTime, bids, time_logs
from connectors.wire import Reject
from pipelines.connect import ftrack_client
from pipelines.settings import Settings
from transforms.model import Record
from transforms.normalise import ftrack
from transforms.normalise.shared import Unresolved
from transforms.warehouse.load import Absence, Stages
from transforms.warehouse.snapshot import LandedPage, Snapshot, record

_WINDOW = Absence("core.work_date BETWEEN ? AND ?", present_in=("core.timelog_key",))


def pull_usage(
    settings: Settings, con: duckdb.DuckDBPyConnection, start: date, end: date
) -> tuple[Snapshot, ...]:
    """Time logs of these days (both included) and every task's estimate. Raises ConnectorError."""
    zone = ZoneInfo(settings.window.timezone)
    with ftrack_client(settings) as client:
        lists = _lists(client)
        tasks = [ftrack.task(row, lists) for row in bids(client)]
        logs = list(time_logs(client, _midnight(start, zone), _midnight(end + timedelta(days=1), zone)))
    records, rejects = _normalise(logs, lists, zone)
    window = (start, end)
    return (
        _store(con, "tasks", "core_task", tasks, [], Absence("true"), None),
        _store(con, "timelogs", "core_timelog", records, rejects, _WINDOW, window),
    )


def _lists(client: Ftrack) -> ftrack.Lists:
    return ftrack.Lists(
        users={row["user_id"]: row for row in dialects.users(client.query)},
        projects={row["project_id"]: row for row in dialects.projects(client.query)},
        tasks={row["task_id"]: row for row in dialects.tasks(client.query)},
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _normalise(
    logs: Iterable[LoggedTime], lists: ftrack.Lists, zone: ZoneInfo
) -> tuple[list[Record], list[Reject]]:
    records: list[Record] = []
    rejects: list[Reject] = []
    for position, row in enumerate(logs):
        try:
            records.append(ftrack.timelog(row, lists, zone))
        except Unresolved as error:
            rejects.append(Reject(position, row.timelog_id, str(error), to_json(row).decode()))
    return records, rejects


def _store(
    con: duckdb.DuckDBPyConnection,
    stream: str,
    table: str,
    records: Iterable[Record],
    rejects: list[Reject],
    absence: Absence,
    window: tuple[date, date] | None,
) -> Snapshot:
    """Merge one stream into its table; the answer was read whole, so what it lacks is gone."""
    started = datetime.now(UTC).replace(tzinfo=None)
    records = list(records)
    content = hashlib.sha256(b"\n".join(sorted(to_json(item) for item in records))).hexdigest()
    snapshot_id = f"{started:%Y%m%dT%H%M%S%f}-ftrack-{stream}-{content[:8]}"
    present = frozenset(reject.key for reject in rejects if reject.key)
    proof = Absence(absence.condition, window or (), present, absence.present_in)
    with Stages(con) as stages:
        stage = stages[table]
        stages.add(records)
        stages.materialise()
        con.begin()
        try:
            merged = stage.merge("ftrack", snapshot_id, started, proof)
            snapshot = Snapshot(
                snapshot_id=snapshot_id, source="ftrack", stream=stream, scope="all",
                window_start=window[0] if window else None, window_end=window[1] if window else None,
                started_at=started, finished_at=started, complete=True, incomplete_reason=None, pages=0,
                rows=len(records) + len(rejects), loaded=merged.loaded, repeated=merged.repeated,
                quarantined=len(rejects), outside=0, content_sha256=content,
            )  # fmt: skip
            answer = LandedPage(0, "the operations protocol: not landed", content, started, snapshot.rows, 0)
            record(con, snapshot, [], [(answer, reject) for reject in rejects], {})
            con.commit()
        except BaseException:
            con.rollback()
            raise
    return snapshot
