"""The Prefect flows: wiring only. The work is in `sync` and `backfill`, which know nothing of Prefect.

A task is a source or a step, never a page or a row: a server records some forty tasks a second. No task has
Prefect retries, since the connectors have already waited and retried; the next run is the retry. Tasks take
no parameters, so that no setting, and no secret in one, ever reaches the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import duckdb
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from pydantic import Field

from pipelines import plans
from pipelines.apply import ApplyResult, GuardTripped, apply_plan
from pipelines.approval import wait
from pipelines.backfill import backfill as backfill_steps
from pipelines.backfill import check
from pipelines.lock import warehouse
from pipelines.outcome import Outcome
from pipelines.report import applied_line, plan_line, snapshot_line, trouble
from pipelines.runs import recorded, utc_now
from pipelines.settings import Settings, Source, load_settings
from pipelines.sync import SyncFailed, SyncResult
from pipelines.sync import sync as sync_steps
from transforms.reconcile.markdown import as_markdown, escaped
from transforms.reconcile.plan import Plan
from transforms.totals import build, totals
from transforms.warehouse.ledger import Ledger
from transforms.warehouse.publish import publish as write_copy
from transforms.warehouse.snapshot import Snapshot

ARTIFACT_ROWS = 100
ARTIFACT_CHARACTERS = 50_000

Days = Annotated[int, Field(ge=0, le=3660)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]
PlanName = Annotated[str, Field(pattern="^[0-9a-fA-F]{8,64}$")]


@flow(name="sync")
def sync(
    config: str | None = None,
    dry_run: bool = False,
    past_days: Days | None = None,
    future_days: Days | None = None,
) -> SyncResult:
    """Pull, total, plan and apply the configured window, or one of `past_days` and `future_days`.

    `config` is the path of crewtally.toml where the worker runs; by default CREWTALLY_CONFIG or the working
    folder. `dry_run` stops after the plan. A tripped guard fails the run, with the plan as an artefact, or
    pauses it ([guards] when_tripped).
    """
    settings = _widened(_load(config), past_days, future_days)
    try:
        with _run(settings, "sync") as (con, run):
            result = sync_steps(settings, con, FlowReport(con), step=as_task, dry_run=dry_run)
            run.detail = result.line()
            _fail_if_records_failed(result)
    except GuardTripped as tripped:
        return _approved(settings, tripped)
    return result


@flow(name="backfill")
def backfill(
    start: date, end: date, source: Source | None = None, dry_run: bool = False, config: str | None = None
) -> SyncResult:
    """Pull `start` to `end` (inclusive) month by month, then plan and apply; resumes an unfinished one.

    Deletes nothing outside the span. `source`: one planner; by default all that are configured.
    """
    settings = _load(config)
    request = check(settings, start, end, source)
    try:
        with _run(settings, "backfill") as (con, run):
            result = backfill_steps(settings, con, FlowReport(con), request, step=as_task, dry_run=dry_run)
            run.detail = f"{start} to {end}: {result.line()}"
            _fail_if_records_failed(result)
    except GuardTripped as tripped:
        return _approved(settings, tripped)
    return result


@flow(name="apply")
def apply(plan: PlanName, allow: Sha256 | None = None, config: str | None = None) -> SyncResult:
    """Push a plan that somebody has read, made before by `plan-only` or `crewtally plan` on this machine.

    `plan`: its sha256, or the first eight characters of it or more. `allow`: the whole of it, to let this
    very plan through a tripped guard. A plan that no longer fits fails the run, which says what drifted.
    """
    settings = _load(config)
    try:
        return _apply(settings, plans.find(settings, plan), allow)
    except GuardTripped as tripped:
        return _approved(settings, tripped)


@flow(name="publish")
def publish(config: str | None = None) -> str:
    """Total by the policies as they are now, publish, and forget old plans; no service is asked.

    Returns the name of the analysts' new copy.
    """
    settings = _load(config)
    with _run(settings, "publish") as (con, run):
        as_task("total", build, con, settings.policy)
        copy: Path = as_task("publish", write_copy, con, settings.warehouse.published, utc_now())
        as_task("forget", Ledger(con).forget, settings.push.keep_plans_days)
        run.detail = f"Published {copy.name}."
        get_run_logger().info("%s -> %s", settings.warehouse.published, copy.name)
    return copy.name


def _approved(settings: Settings, tripped: GuardTripped) -> SyncResult:
    """The push of a plan that a guard stopped, once a person said so. The warehouse is free until then."""
    wait(settings, tripped)
    return _apply(settings, tripped.plan, tripped.plan.sha256)


def _apply(settings: Settings, plan: Plan, allow: str | None) -> SyncResult:
    """The push of a plan that a person has read."""
    with _run(settings, "apply") as (con, run):
        applied = as_task("apply", apply_plan, settings, con, plan, allow=allow)
        FlowReport(con).applied(applied)
        result = SyncResult((), plan, None, applied)
        run.detail = f"Plan {plan.sha256[:8]}, approved: {applied_line(applied)}"
        _fail_if_records_failed(result)
    return result


def as_task(name: str, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The step as a Prefect task run in this process, without a cache and without parameters."""

    def call() -> Any:
        return function(*arguments, **options)

    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(call)()


class FlowReport:
    """The `Report` of a flow run: lines in its log, and small artefacts."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def pulled(self, snapshots: tuple[Snapshot, ...]) -> None:
        for snapshot in snapshots:
            get_run_logger().info(snapshot_line(snapshot))
        columns = ("source", "stream", "complete", "rows", "loaded", "quarantined", "incomplete_reason")
        rows = [[getattr(snapshot, name) for name in columns] for snapshot in snapshots]
        _table("crewtally-snapshots", columns, rows, "What was pulled")
        hours = totals(self.con, "project-week", start=date.today())  # noqa: DTZ011 - a sample, not a rule
        _table(
            "crewtally-totals", hours.columns, hours.fetchall(), "Hours by project and week, from today on"
        )

    def planned(self, plan: Plan, file: Path) -> None:
        get_run_logger().info("%s Kept in %s.", plan_line(plan), file)
        head = f"{escaped(plan_line(plan))} Kept in {escaped(str(file))}.\n\n"
        _markdown("crewtally-plan", head + as_markdown(plan), f"Plan {plan.sha256}")

    def applied(self, result: ApplyResult) -> None:
        get_run_logger().info(applied_line(result))
        lines = [applied_line(result), *trouble(result)]
        _markdown("crewtally-pushed", "".join(f"- {escaped(line)}\n" for line in lines), "What was pushed")


def _load(config: str | None) -> Settings:
    return load_settings(Path(config) if config else None)


def _widened(settings: Settings, past_days: int | None, future_days: int | None) -> Settings:
    given = {"past_days": past_days, "future_days": future_days}
    changed = {key: value for key, value in given.items() if value is not None}
    return settings.model_copy(update={"window": settings.window.model_copy(update=changed)})


@contextmanager
def _run(settings: Settings, command: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Any]]:
    """The warehouse, alone, with this run in its list. A server's limit cannot see the CLI; the lock can."""
    name = f"{command}, flow run {flow_run.get_name()}"
    with (
        warehouse(settings, name, waiting=get_run_logger().info) as con,
        recorded(settings, con, command) as run,
    ):
        yield con, run


def _fail_if_records_failed(result: SyncResult) -> None:
    if result.applied is not None and result.outcome is not Outcome.DONE:
        raise SyncFailed("\n".join([applied_line(result.applied), *trouble(result.applied)]))


def _markdown(key: str, text: str, description: str) -> None:
    """A page artefact: its first lines. Text of others in it is `escaped`."""
    if len(text) > ARTIFACT_CHARACTERS:
        whole_lines = text[:ARTIFACT_CHARACTERS].rpartition("\n")[0]
        text = f"{whole_lines}\n\n... the rest is in the plan's file"
    create_markdown_artifact(key=key, markdown=text, description=description)


def _table(key: str, columns: Any, rows: list[Any], description: str) -> None:
    """A table artefact: its first rows, as JSON the server accepts (dates are text)."""
    sample = [
        {name: _json_safe(value) for name, value in zip(columns, row, strict=True)}
        for row in rows[:ARTIFACT_ROWS]
    ]
    shown = f" (the first {ARTIFACT_ROWS} of {len(rows)})" if len(rows) > ARTIFACT_ROWS else ""
    create_table_artifact(key=key, table=sample, description=description + shown)


def _json_safe(value: object) -> object:
    return value if isinstance(value, bool | int | float | None) else str(value)
