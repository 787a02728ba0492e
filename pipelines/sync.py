"""The whole way: pull every source, total, plan, apply. Plain functions; a flow hands in its own `step`.

A step is one unit of work that can be watched and timed: a source, the totals, the plan, the push; never a
page or a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb

from connectors.errors import ConnectorError
from pipelines.apply import ApplyResult, apply_plan
from pipelines.outcome import Outcome
from pipelines.plan import make_plan
from pipelines.plans import keep
from pipelines.pull import pull_source, window
from pipelines.report import applied_line, plan_line
from pipelines.runs import utc_now
from pipelines.settings import Settings
from pipelines.usage import pull_usage
from transforms import totals
from transforms.reconcile.plan import Plan
from transforms.warehouse.publish import publish
from transforms.warehouse.snapshot import Snapshot


class SyncFailed(Exception):
    """Some part of the run failed while the rest went on. The message lists what failed, one a line."""


class Step(Protocol):
    """Calls `function(*arguments, **options)`, under a name."""

    def __call__(
        self, name: str, function: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> Any: ...


class Report(Protocol):
    """Who is told of what a run has done, as soon as it is done."""

    def pulled(self, snapshots: tuple[Snapshot, ...]) -> None: ...

    def planned(self, plan: Plan, file: Path) -> None: ...

    def applied(self, result: ApplyResult) -> None: ...


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a run did; `plan` is None without an [ftrack] section, `applied` None when nothing was pushed."""

    snapshots: tuple[Snapshot, ...]
    plan: Plan | None = None
    plan_file: Path | None = None
    applied: ApplyResult | None = None

    @property
    def outcome(self) -> Outcome:
        """FAILED when some change was refused or is not in ftrack as planned, although the rest is."""
        trouble = self.applied is not None and (self.applied.failures or self.applied.mismatches)
        return Outcome.FAILED if trouble else Outcome.DONE

    def line(self) -> str:
        """The run in one line."""
        holes = sum(1 for snapshot in self.snapshots if not snapshot.complete)
        parts = [f"Pulled {sum(s.rows for s in self.snapshots)} rows in {len(self.snapshots)} listings"]
        parts[0] += f", {holes} of them INCOMPLETE." if holes else "."
        if self.plan is not None:
            parts.append(plan_line(self.plan))
        if self.applied is not None:
            parts.append(applied_line(self.applied))
        elif self.plan is not None:
            parts.append("Nothing was pushed.")
        return " ".join(parts)


def directly(_name: str, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The step without Prefect: a call."""
    return function(*arguments, **options)


def sync(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    report: Report,
    *,
    step: Step = directly,
    dry_run: bool = False,
    now: datetime | None = None,
) -> SyncResult:
    """Pulls the configured window, totals and publishes it, plans and (unless `dry_run`) applies.

    Raises SyncFailed if a source could not be pulled (the others are, and nothing is planned), GuardTripped,
    PlanStale, or ConnectorError from ftrack.
    """
    start, end = window(settings, now)
    snapshots = refresh(settings, con, settings.source_order(), start, end, step=step, usage=True)
    step("publish", publish, con, settings.warehouse.published, utc_now())
    report.pulled(snapshots)
    return push(settings, con, report, snapshots, step=step, dry_run=dry_run)


def refresh(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    sources: list[str],
    start: date,
    end: date,
    *,
    step: Step = directly,
    usage: bool = False,
) -> tuple[Snapshot, ...]:
    """Pulls each source and totals. A source that fails does not keep the others from being read.

    With `usage` also what ftrack says was worked, if there is an [ftrack] section.
    """
    snapshots: list[Snapshot] = []
    failures: list[str] = []
    for source in sources:
        try:
            snapshots += step(f"pull {source}", pull_source, settings, con, source, start, end)
        except ConnectorError as error:
            failures.append(str(error))
    if usage and settings.ftrack is not None:
        try:
            snapshots += step("pull ftrack", pull_usage, settings, con, start, end)
        except ConnectorError as error:
            failures.append(str(error))
    step("total", totals.build, con, settings.policy)
    if failures:
        raise SyncFailed("\n".join(failures))
    return tuple(snapshots)


def push(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    report: Report,
    snapshots: tuple[Snapshot, ...] = (),
    *,
    step: Step = directly,
    dry_run: bool = False,
    delete_window: tuple[date, date] | None = None,
) -> SyncResult:
    """Plans from the warehouse, keeps the plan as a file, and applies it unless told otherwise or empty."""
    if settings.ftrack is None:
        return SyncResult(snapshots)
    plan: Plan = step("plan", make_plan, settings, con, delete_window=delete_window)
    file = keep(settings, plan)
    report.planned(plan, file)
    if dry_run or not plan.changes:
        return SyncResult(snapshots, plan, file)
    applied: ApplyResult = step("apply", apply_plan, settings, con, plan)
    report.applied(applied)
    return SyncResult(snapshots, plan, file, applied)
