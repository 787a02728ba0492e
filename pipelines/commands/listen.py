"""`listen`: a run soon after a change in ftrack, instead of at the next full hour."""

from __future__ import annotations

import click

from pipelines.commands.shell import Shell, note, pass_shell, shared_options
from pipelines.settings import ConfigError

seconds = click.FloatRange(min=0)


@click.command()
@click.option(
    "--quiet", type=seconds, default=10, show_default=True, help="Seconds without a change that end a burst."
)
@click.option(
    "--rest", type=seconds, default=300, show_default=True, help="Seconds between two runs at least."
)
@shared_options
@pass_shell
def listen(shell: Shell, quiet: float, rest: float) -> None:
    """Ask for a run when something changes in ftrack, until Ctrl-C.

    A flow run of sync/sync-hourly where a Prefect API is configured, else `sync` in this process. Needs
    ftrack's own client: pip install 'crewtally[events]'.
    """
    from pipelines.listen import Listener, Pace, until_signalled
    from pipelines.run_request import requester

    settings = shell.settings()
    if settings.ftrack is None:
        raise ConfigError("There is no [ftrack] section in the configuration: add url, user and key.")
    if not settings.source_order():
        raise ConfigError("No planner is configured: add a [tenthousandft] or [ruddr] section.")

    def tell(text: str) -> None:
        note(shell.redact(text))

    pace = Pace(quiet_seconds=quiet, patience_seconds=max(60.0, 6 * quiet), rest_seconds=rest)
    with until_signalled() as stop:
        Listener(settings.ftrack, requester(settings, tell), note=tell, pace=pace).run(stop)
    note("Stopped listening.")
