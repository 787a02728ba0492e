"""`report`: pages for people who have no terminal."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.shell import Shell, as_json, document, pass_shell, shared_options


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to, made if need be; by default `report` beside the warehouse.",
)
@as_json
@shared_options
@pass_shell
def report(shell: Shell, output: Path | None, as_json: bool) -> None:
    """Write the report: freshness, who is booked when, the planners side by side, the last plan and push.

    A folder with pages that need nothing else: to open, to print, to send. No service is asked.
    """
    from pipelines.pages.report import write

    settings = shell.settings(secrets=False)
    folder = output or settings.warehouse.path.parent / "report"
    with shell.reading(settings, "report") as con:
        page = write(settings, con, folder)
    if as_json:
        document({"report": page})
    else:
        click.echo(page)
