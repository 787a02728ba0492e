"""`pull`, `plan`, `apply`, `sync`, `backfill`: the steps of the way, alone and together."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands.shell import DAY, Shell, as_json, document, note, pass_shell, shared_options
from pipelines.outcome import Outcome
from pipelines.prefect_api import api_url, flow_run
from pipelines.settings import SOURCES, ConfigError, Settings, Source

if TYPE_CHECKING:
    from pipelines.sync import SyncResult
    from transforms.reconcile.plan import Plan

source_option = click.option("--source", type=click.Choice(SOURCES), help="Only this planner.")


@click.command()
@source_option
@click.option("--start", type=DAY, help="First day to ask for, instead of the configured window's.")
@click.option("--end", type=DAY, help="Last day to ask for, instead of the configured window's.")
@as_json
@shared_options
@pass_shell
def pull(shell: Shell, source: str | None, start: date | None, end: date | None, as_json: bool) -> Outcome:
    """Read the planners into the warehouse and total the hours."""
    from pipelines.backfill import check
    from pipelines.pull import window
    from pipelines.report import TerminalReport
    from pipelines.runs import recorded
    from pipelines.sync import SyncResult, refresh

    settings = shell.settings()
    names = _sources(settings, source)
    first, last = window(settings)
    if start or end:
        request = check(settings, start or first, end or last, source)
        first, last = request.start, request.end
    with shell.writing(settings, "pull") as con, recorded(settings, con, "pull") as run:
        snapshots = refresh(settings, con, names, first, last)
        run.detail = f"{sum(s.rows for s in snapshots)} rows"
    if not as_json:
        TerminalReport().pulled(snapshots)
    return _finish(SyncResult(snapshots), as_json)


def _sources(settings: Settings, source: str | None) -> list[str]:
    configured = settings.source_order()
    if not configured:
        raise ConfigError("No planner is configured: add a [tenthousandft] or [ruddr] section.")
    if source and source not in configured:
        raise ConfigError(f"There is no [{source}] section in the configuration: nothing to pull from.")
    return [source] if source else configured


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan to this file."
)
@as_json
@shared_options
@pass_shell
def plan(shell: Shell, output: Path | None, as_json: bool) -> None:
    """Show what would change in ftrack, and write it to a file that `apply` takes."""
    from pipelines.plan import make_plan
    from pipelines.report import plan_line
    from pipelines.runs import recorded
    from pipelines.tables import replacing
    from transforms.reconcile.guard import evaluate
    from transforms.reconcile.render import render

    settings = _with_ftrack(shell)
    with shell.writing(settings, "plan") as con, recorded(settings, con, "plan") as run:
        made = make_plan(settings, con)
        run.detail = plan_line(made)
    trips = evaluate(made, settings.guards)
    if output is not None:
        with replacing(output) as temporary:
            temporary.write_bytes(made.dump())
    if as_json:
        click.echo(made.dump().decode("utf-8"), nl=False)
        for trip in trips:
            note(f"A guard would stop this plan: {trip}")
    else:
        click.echo(render(made, trips))
    if output is not None:
        note(f"Wrote {output}. To push it: crewtally apply {output}")


def _with_ftrack(shell: Shell) -> Settings:
    settings = shell.settings()
    if settings.ftrack is None:
        raise ConfigError("There is no [ftrack] section in the configuration: add url, user and key.")
    return settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--allow", metavar="SHA256", help="Let this very plan through a tripped guard, once.")
@as_json
@shared_options
@pass_shell
def apply(shell: Shell, file: Path, allow: str | None, as_json: bool) -> Outcome:
    """Push a plan to ftrack, each change exactly once, and read it back."""
    from pipelines.apply import apply_plan
    from pipelines.report import applied_document, applied_line, trouble
    from pipelines.runs import recorded
    from pipelines.sync import SyncResult

    settings = _with_ftrack(shell)
    made = _load_plan(file)
    with shell.writing(settings, "apply") as con, recorded(settings, con, "apply") as run:
        result = apply_plan(settings, con, made, allow=allow)
        run.detail, run.outcome = applied_line(result), SyncResult((), applied=result).outcome
    for line in trouble(result):
        note(line)
    if as_json:
        document(applied_document(result))
    else:
        click.echo(applied_line(result))
    return run.outcome


def _load_plan(file: Path) -> Plan:
    """The plan in `file`. One that was edited since it was made no longer holds, like any stale plan."""
    from pipelines.apply import PlanStale
    from transforms.reconcile.plan import Plan, PlanError

    data = file.read_bytes()
    try:
        return Plan.load(data)
    except PlanError as error:
        if b'"plan"' in data and b'"sha256"' in data:
            raise PlanStale([str(error)]) from error
        raise


@click.command()
@click.option("--dry-run", is_flag=True, help="Plan, but push nothing.")
@as_json
@shared_options
@pass_shell
def sync(shell: Shell, dry_run: bool, as_json: bool) -> Outcome:
    """The whole way: pull, total, plan, apply. A flow run where a Prefect API is configured."""
    settings = shell.settings()
    _sources(settings, None)
    if _by_prefect():
        from pipelines import flows

        result = flow_run(flows.sync, config=_config(shell), dry_run=dry_run)
    else:
        from pipelines.report import TerminalReport
        from pipelines.runs import recorded
        from pipelines.sync import sync as run_sync

        with shell.writing(settings, "sync") as con, recorded(settings, con, "sync") as run:
            result = run_sync(settings, con, TerminalReport(), dry_run=dry_run)
            run.detail, run.outcome = result.line(), result.outcome
    return _finish(result, as_json)


@click.command()
@click.option("--start", type=DAY, required=True, help="First day of the span.")
@click.option("--end", type=DAY, required=True, help="Last day of the span.")
@source_option
@click.option("--dry-run", is_flag=True, help="Pull and plan, but push nothing.")
@as_json
@shared_options
@pass_shell
def backfill(
    shell: Shell, start: date, end: date, source: Source | None, dry_run: bool, as_json: bool
) -> Outcome:
    """Pull a span month by month, then plan and apply for it. Goes on where it stopped."""
    from pipelines.backfill import backfill as run_backfill
    from pipelines.backfill import check

    settings = shell.settings()
    _sources(settings, source)
    request = check(settings, start, end, source)
    if _by_prefect():
        from pipelines import flows

        span = {"start": start, "end": end, "source": source}
        result = flow_run(flows.backfill, **span, dry_run=dry_run, config=_config(shell))
    else:
        from pipelines.report import TerminalReport
        from pipelines.runs import recorded

        with shell.writing(settings, "backfill") as con, recorded(settings, con, "backfill") as run:
            result = run_backfill(settings, con, TerminalReport(), request, dry_run=dry_run)
            run.detail, run.outcome = f"{start} to {end}: {result.line()}", result.outcome
    return _finish(result, as_json)


def _by_prefect() -> bool:
    url = api_url()
    note(f"As a flow run on {url}." if url else "No Prefect API is configured: running the steps here.")
    return url is not None


def _config(shell: Shell) -> str | None:
    from pipelines.settings import find_config

    file = find_config(shell.config)
    return str(file) if file else None


def _finish(result: SyncResult, as_json: bool) -> Outcome:
    from pipelines.report import sync_document

    if as_json:
        document(sync_document(result))
    else:
        click.echo(result.line())
    return result.outcome
