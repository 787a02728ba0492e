"""Allocation, used, remaining: what ftrack's time logs say beside what the planners booked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.ftrack.usage import task_usage
from connectors.sandbox import Sandbox
from pipelines.connect import ftrack_client
from pipelines.pull import pull
from pipelines.settings import Settings
from pipelines.usage import pull_usage
from transforms import totals
from transforms.warehouse import open_warehouse

DIALECTS = ("seed", "studio")


@pytest.fixture(params=DIALECTS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(people=12, seed=3, dialect=request.param) as running:
        yield running


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            **sandbox.ready,
            "warehouse": {"path": tmp_path / "warehouse.duckdb"},
            "landing": {"path": tmp_path / "landing"},
            "window": {"timezone": "America/Los_Angeles"},
        }
    )


@pytest.fixture
def con(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(settings.warehouse.path) as con:
        yield con


def ftrack_ids(sandbox: Sandbox, email: str, code: str) -> tuple[str, str] | None:
    """(user, a task of the project) in ftrack, if it knows both."""
    entities = sandbox.ftrack.entities
    users = [u["id"] for u in entities["User"].values() if (u["email"] or "").lower() == email.lower()]
    projects = [p["id"] for p in entities["Project"].values() if p["name"] == code]
    tasks = [t["id"] for t in entities["Task"].values() if projects and t["project_id"] == projects[0]]
    return (users[0], tasks[0]) if users and tasks else None


def test_time_logged_is_taken_from_the_allocation(
    sandbox: Sandbox, settings: Settings, con: duckdb.DuckDBPyConnection
) -> None:
    start, end = date(sandbox.studio.year, 1, 5), date(sandbox.studio.year, 12, 27)
    for log in list(sandbox.ftrack.entities["Timelog"]):
        sandbox.ftrack.remove("Timelog", log)
    pull(settings, con, start=start, end=end)
    pairs = con.execute(
        "SELECT email, project_code, week, allocated_ms FROM mart_usage_week"
        " WHERE source = 'tenthousandft' AND email IS NOT NULL AND project_code IS NOT NULL AND week > ?"
        " ORDER BY ALL",
        [start],
    ).fetchall()
    email, code, week, allocated, (user, task) = next(
        (*pair, ids) for pair in pairs if (ids := ftrack_ids(sandbox, pair[0], pair[1]))
    )
    # Monday 01:00 UTC is still Sunday in Los Angeles: the studio's day decides, so this one is last week's.
    monday = datetime.combine(week, datetime.min.time())
    for begin, hours in ((monday + timedelta(hours=20), 5.5), (monday + timedelta(hours=1), 3)):
        sandbox.ftrack.add("Timelog", user_id=user, context_id=task, start=begin, duration=hours * 3600)
    tasks, logs = pull_usage(settings, con, start, end)
    assert (tasks.stream, logs.rows, logs.loaded) == ("tasks", 2, 2)
    totals.build(con, settings.policy)
    rows = {row["week"]: row for row in usage(con, email, code)}
    assert rows[week]["used_hours"] == 5.5
    assert rows[week]["remaining_hours"] == pytest.approx(allocated / 3_600_000 - 5.5)
    before = rows.get(week - timedelta(days=7))
    assert before is None or before["used_hours"] == 3
    [(used,)] = con.execute("SELECT used_ms FROM mart_task_usage WHERE task_key = ?", [task]).fetchall()
    assert used == 8.5 * 3_600_000


def usage(con: duckdb.DuckDBPyConnection, email: str, code: str) -> list[dict[str, Any]]:
    relation = totals.totals(con, "usage-week").filter(
        f"lower(email) = '{email.lower()}' AND project_code = '{code}' AND source = 'tenthousandft'"
    )
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def test_a_log_that_went_is_closed_and_the_same_again_changes_nothing(
    sandbox: Sandbox, settings: Settings, con: duckdb.DuckDBPyConnection
) -> None:
    start, end = sandbox.studio.first, sandbox.studio.last
    first = pull_usage(settings, con, start, end)[1]
    assert first.rows == len(sandbox.ftrack.entities["Timelog"])
    pull_usage(settings, con, start, end)
    assert con.execute("SELECT count(*) FROM core_timelog").fetchall() == [(first.rows,)]
    gone = next(iter(sandbox.ftrack.entities["Timelog"]))
    sandbox.ftrack.remove("Timelog", gone)
    pull_usage(settings, con, start, end)
    assert con.execute(
        "SELECT timelog_key, closed_by IS NOT NULL FROM core_timelog WHERE known_to IS NOT NULL"
    ).fetchall() == [(gone, True)]


def test_scripts_may_ask_for_tasks_directly(sandbox: Sandbox, settings: Settings) -> None:
    entities = sandbox.ftrack.entities
    task = next(log["context_id"] for log in entities["Timelog"].values())
    logged = sum(log["duration"] for log in entities["Timelog"].values() if log["context_id"] == task)
    with ftrack_client(settings) as client:
        [one] = task_usage(client, [task])
        with pytest.raises(KeyError):
            task_usage(client, ["00000000-0000-0000-0000-000000000000"])
    assert (one.planned_seconds, one.used_seconds) == (entities["Task"][task]["bid"], logged)
    assert one.remaining_seconds == one.planned_seconds - logged
