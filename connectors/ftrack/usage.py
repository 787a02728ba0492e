"""Time worked and estimated, as ftrack keeps it: Timelog.duration and Task.bid, both in seconds.

Source: docs/sources. Works in both dialects; they share these types.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.ftrack.client import Ftrack, quote, quote_all, read_datetime

IDS_PER_QUERY = 200


@dataclass(frozen=True, slots=True)
class LoggedTime:
    """One Timelog. `start` is UTC, `duration_seconds` as ftrack gives it (None: a timer still runs)."""

    timelog_id: str
    user_id: str | None
    context_id: str | None
    start: datetime | None
    duration_seconds: float | None


@dataclass(frozen=True, slots=True)
class TaskUsage:
    """A task's estimate against its time logs. `remaining_seconds` is negative once more was worked."""

    task_id: str
    planned_seconds: float
    used_seconds: float

    @property
    def remaining_seconds(self) -> float:
        return self.planned_seconds - self.used_seconds


def time_logs(client: Ftrack, start: datetime, end: datetime) -> Iterator[LoggedTime]:
    """Time logs that start at or after `start` and before `end` (both with a time zone)."""
    rows = client.query(
        "select id, user_id, context_id, start, duration from Timelog"  # noqa: S608 - quoted
        f" where start >= {quote(start)} and start < {quote(end)}"
    )
    yield from map(_logged, rows)


def task_usage(client: Ftrack, task_ids: list[str]) -> list[TaskUsage]:
    """Planned, used and remaining time of these tasks, in their order. Raises KeyError for an unknown id."""
    planned: dict[str, float] = {}
    used: dict[str, float] = {}
    for first in range(0, len(task_ids), IDS_PER_QUERY):
        listed = quote_all(task_ids[first : first + IDS_PER_QUERY])
        for task in client.query(f"select id, bid from Task where id in ({listed})"):  # noqa: S608 - quoted
            planned[task["id"]] = float(task["bid"] or 0)
        for row in client.query(
            f"select id, context_id, duration from Timelog where context_id in ({listed})"  # noqa: S608 - quoted
        ):
            used[row["context_id"]] = used.get(row["context_id"], 0.0) + float(row["duration"] or 0)
    return [TaskUsage(key, planned[key], used.get(key, 0.0)) for key in task_ids]


def bids(client: Ftrack) -> Iterator[dict[str, Any]]:
    """Every task: id, name, project_id, bid (seconds)."""
    yield from client.query("select id, name, project_id, bid from Task")


def _logged(row: dict[str, Any]) -> LoggedTime:
    duration = row["duration"]
    return LoggedTime(
        timelog_id=row["id"],
        user_id=row["user_id"],
        context_id=row["context_id"],
        start=read_datetime(row["start"]),
        duration_seconds=None if duration is None else float(duration),
    )
