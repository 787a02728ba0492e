"""`conflicts`, `identity`, `ledger`: what stands between the plans and ftrack, and what to do about it."""

from __future__ import annotations

import click

from pipelines.commands.shell import Shell, as_json, document, note, pass_shell, shared_options
from pipelines.settings import SOURCES, Settings

NOTHING = "Nothing was pulled yet: run `crewtally pull` first."

_kind = click.Choice(["person", "project", "work_item", "phase", "task"])
_source = click.Choice(SOURCES)


@click.command()
@as_json
@shared_options
@pass_shell
def conflicts(shell: Shell, as_json: bool) -> None:
    """Where the planners disagree, people edited ftrack, or something is there twice; and what to do.

    By the last plan and the planners' totals: no service is asked.
    """
    from pipelines.conflicts import Conflicts, as_document, read, show

    settings = shell.settings(secrets=False)
    with shell.reading(settings, "conflicts") as con:
        found = read(settings, con) if con is not None else Conflicts((), None, ())
    if as_json:
        document(as_document(found))
    else:
        show(found)
    if found.kept is None:
        note("There is no plan yet: run `crewtally plan` to compare with ftrack.")
    for drift in found.drifts:
        note(f"Since the last plan {drift}: run `crewtally plan` to see how things stand now.")
    if not found.groups:
        note("No conflicts.")


@click.command()
@click.option("--failed", is_flag=True, help="Only changes that failed and were not dealt with since.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="First take back what is provably ours in ftrack, where the warehouse was lost. Pull before.",
)
@as_json
@shared_options
@pass_shell
def ledger(shell: Shell, failed: bool, rebuild: bool, as_json: bool) -> None:
    """Plans that were pushed, what came of their changes, what failed or is still open."""
    from pipelines.pushed import Pushed, as_document, read, show

    settings = shell.settings(secrets=rebuild)
    if rebuild:
        _rebuild(shell, settings)
    with shell.reading(settings, "ledger") as con:
        pushed = read(con) if con is not None else Pushed([], {}, [], [], [])
    if as_json:
        document(as_document(pushed, failed_only=failed))
    elif failed and not any(change["is_open"] for change in pushed.failed):
        note("Nothing is failed.")
    elif pushed.plans or pushed.records:
        show(pushed, failed_only=failed)
    else:
        note("Nothing was pushed yet.")


def _rebuild(shell: Shell, settings: Settings) -> None:
    from pipelines.rebuild import rebuild_ledger
    from pipelines.runs import recorded

    with shell.writing(settings, "ledger") as con, recorded(settings, con, "ledger --rebuild") as run:
        taken = rebuild_ledger(settings, con)
        run.detail = f"Took {taken} records of ours in ftrack back into the ledger."
    note(run.detail)


@click.command()
@click.option(
    "--accept",
    type=(_kind, _source, str, str),
    multiple=True,
    metavar="KIND SOURCE KEY FTRACK_ID",
    help="Write into the exceptions file who this is in ftrack. May be given several times.",
)
@click.option(
    "--leave-out",
    type=(_kind, _source, str),
    multiple=True,
    metavar="KIND SOURCE KEY",
    help="Write into the exceptions file that this is never pushed. May be given several times.",
)
@as_json
@shared_options
@pass_shell
def identity(
    shell: Shell,
    accept: tuple[tuple[str, str, str, str], ...],
    leave_out: tuple[tuple[str, str, str], ...],
    as_json: bool,
) -> None:
    """People, projects, phases and tasks without a certain counterpart in ftrack, with suggestions.

    KIND is person, project, phase or task. ftrack is asked; nothing in it is changed. Lines go to the end of
    [identity] exceptions, all or none, after a look whether ftrack knows the id.
    """
    from pipelines.identity import Word, lines, read
    from transforms.reconcile.render import safe

    settings = shell.settings()
    words = [Word(*accepted) for accepted in accept] + [Word(*left, None) for left in leave_out]
    with shell.reading(settings, "identity") as con:
        if con is None:
            raise click.ClickException(NOTHING)
        items = read(settings, con, words)
    if words:
        note(f"Wrote {len(words)} line{'s' if len(words) != 1 else ''} to {settings.identity.exceptions}.")
    if as_json:
        document(items)
        return
    for line in lines(items, settings.identity.exceptions):
        click.echo(safe(line))  # names are other people's: none may steer the terminal
    if not items:
        note("Everybody and everything that is booked has a counterpart in ftrack.")
