"""ftrack's time logs and estimates -> the common model. Names of people, projects and tasks are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.ftrack.usage import LoggedTime
from transforms.model import Task, Timelog
from transforms.normalise.shared import Unresolved

SOURCE: Final = "ftrack"


@dataclass(frozen=True, slots=True)
class Lists:
    """ftrack's own lists by id, as connectors/ftrack/dialects.py reads them."""

    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    projects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def timelog(row: LoggedTime, lists: Lists, zone: ZoneInfo) -> Timelog:
    """A time log on the studio's day. Raises Unresolved for one without a start or with a running timer."""
    if row.start is None:
        raise Unresolved("the time log has no start")
    if row.duration_seconds is None:
        raise Unresolved("the time log has no duration: its timer may still run")
    if row.duration_seconds < 0:
        raise Unresolved(f"the time log lasts {row.duration_seconds:g} seconds")
    user = lists.users.get(row.user_id or "", {})
    task = lists.tasks.get(row.context_id or "")
    project_key = task["project_id"] if task else row.context_id if row.context_id in lists.projects else None
    project = lists.projects.get(project_key or "", {})
    return Timelog(
        source=SOURCE,
        timelog_key=row.timelog_id,
        person=user.get("name") or user.get("username"),
        email=user.get("email"),
        task_key=row.context_id if task else None,
        project_key=project_key,
        project=project.get("name") or project.get("code"),
        project_code=project.get("code"),
        work_date=row.start.astimezone(zone).date(),
        duration_ms=round(row.duration_seconds * 1000),
    )


def task(row: Mapping[str, Any], lists: Lists) -> Task:
    """A task with its estimate; no bid is an estimate of nothing."""
    project = lists.projects.get(row["project_id"] or "", {})
    return Task(
        source=SOURCE,
        task_key=row["id"],
        task=row["name"] or f"task {row['id']}",
        project_key=row["project_id"],
        project=project.get("name") or project.get("code"),
        project_code=project.get("code"),
        bid_ms=max(round(float(row["bid"] or 0) * 1000), 0),
    )
