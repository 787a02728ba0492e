"""`pull`, `sync`, `backfill`: reading the planners, and the whole way."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from pipelines.commands.shell import DAY, Shell, as_json, document, note, pass_shell, shared_options
from pipelines.outcome import Outcome
from pipelines.prefect_api import api_url, flow_run
from pipelines.settings import SOURCES, ConfigError, Settings, Source

if TYPE_CHECKING:
    from pipelines.sync import SyncResult

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
