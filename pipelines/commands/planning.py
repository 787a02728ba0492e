"""`plan`, `undo`, `apply`: what would change in ftrack, and changing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands.shell import Shell, as_json, document, note, pass_shell, shared_options
from pipelines.outcome import Outcome
from pipelines.settings import ConfigError, Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from transforms.reconcile.guard import Trip
    from transforms.reconcile.plan import Plan


output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan to this file."
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json"]),
    help="How to show it; by default as text.",
)


@click.command()
@output_option
@click.option(
    "--show",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Make no plan, show the one in this file.",
)
@format_option
@as_json
@shared_options
@pass_shell
def plan(shell: Shell, output: Path | None, file: Path | None, form: str | None, as_json: bool) -> None:
    """Show what would change in ftrack, and write it to a file that `apply` takes."""
    from pipelines.plan import make_plan
    from transforms.reconcile.guard import evaluate

    form = _form(form, as_json)
    if file is not None:
        settings, made = shell.settings(secrets=False), _load_plan(file)
        trips = evaluate(made, settings.guards)
    else:
        settings = _with_ftrack(shell)
        made, trips = _made(shell, settings, "plan", make_plan)
    _tell(made, trips, output, form)


@click.command()
@click.argument("which", metavar="PLAN")
@output_option
@format_option
@as_json
@shared_options
@pass_shell
def undo(shell: Shell, which: str, output: Path | None, form: str | None, as_json: bool) -> None:
    """Show the plan that takes a pushed plan back, and write it to a file that `apply` takes.

    PLAN is the file of a plan that was pushed, or the beginning of its sha256 (`crewtally ledger`). What
    people or later plans have changed since is left alone.
    """
    from pipelines.undo import make_undo

    form = _form(form, as_json)
    settings = _with_ftrack(shell)
    sha256 = _load_plan(Path(which)).sha256 if Path(which).is_file() else which
    made, trips = _made(shell, settings, "undo", lambda settings, con: make_undo(settings, con, sha256))
    _tell(made, trips, output, form)


def _form(form: str | None, as_json: bool) -> str:
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} contradict each other.")
    return "json" if as_json else form or "text"


def _made(
    shell: Shell, settings: Settings, command: str, make: Callable[[Settings, DuckDBPyConnection], Plan]
) -> tuple[Plan, list[Trip]]:
    """A new plan, in the list of runs and kept beside the warehouse, and the guards it runs into."""
    from pipelines.plans import keep
    from pipelines.report import plan_line
    from pipelines.runs import recorded
    from transforms.reconcile.clocks import planners_clocks
    from transforms.reconcile.guard import evaluate

    with shell.writing(settings, command) as con, recorded(settings, con, command) as run:
        made = make(settings, con)
        keep(settings, made)
        run.detail = plan_line(made)
        trips = planners_clocks(con, made, settings.guards) + evaluate(made, settings.guards)
    return made, trips


def _tell(made: Plan, trips: Sequence[Trip], output: Path | None, form: str) -> None:
    """Shows the plan with the guards it runs into, and writes it."""
    from pipelines.tables import replacing

    if output is not None:
        with replacing(output) as temporary:
            temporary.write_bytes(made.dump())
    click.echo(_shown(made, trips, form), nl=form == "text")
    if form == "json":
        for trip in trips:
            note(f"A guard would stop this plan: {trip}")
    if output is not None:
        note(f"Wrote {output}. To push it: crewtally apply {output}")


def _shown(made: Plan, trips: Sequence[Trip], form: str) -> str:
    from pipelines.pages.plan import as_html
    from transforms.reconcile.markdown import as_markdown
    from transforms.reconcile.render import render

    match form:
        case "json":
            return made.dump().decode("utf-8")
        case "markdown":
            return as_markdown(made, trips)
        case "html":
            return as_html(made, trips)
    return render(made, trips)


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
