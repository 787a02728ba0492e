"""`demo`, `sandbox`, `init`, `doctor`: from nothing to a working configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from pipelines.commands.shell import Shell, as_json, document, note, pass_shell, shared_options
from pipelines.outcome import Outcome
from pipelines.settings import CONFIG_VARIABLE, DEFAULT_FILE

people_option = click.option(
    "--people",
    type=click.IntRange(1, 100_000),
    default=40,
    show_default=True,
    help="Size of the invented studio.",
)
seed_option = click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same studio."
)


@click.command()
@people_option
@seed_option
@click.option("--keep", is_flag=True, help="Keep the folder with the configuration and the warehouse.")
@shared_options
def demo(people: int, seed: int, keep: bool) -> None:
    """The whole way on an invented studio: nothing to configure, nothing leaves this machine."""
    from pipelines.demo import run

    run(people=people, seed=seed, keep=keep)


@click.command()
@click.option("--port-base", type=click.IntRange(1, 65_533), help="Use ports P, P+1, P+2 (else free ones).")
@people_option
@seed_option
@click.option("--dialect", type=click.Choice(["seed", "studio"]), default="seed", show_default=True)
@click.option("--rate-limits", type=click.Choice(["on", "off"]), default="off", show_default=True)
@click.option("--faults", metavar="SPEC", help="Misbehave on purpose: see docs/sandbox.md.")
@shared_options
def sandbox(
    port_base: int | None, people: int, seed: int, dialect: str, rate_limits: str, faults: str | None
) -> None:
    """Serve 10,000ft, Ruddr and ftrack on 127.0.0.1 until Ctrl-C.

    Prints one line of JSON when ready: the addresses and credentials for the configuration.
    """
    from connectors.sandbox import serve

    try:
        serve(
            _announce,
            people=people,
            seed=seed,
            dialect=dialect,
            port_base=port_base,
            rate_limits=rate_limits == "on",
            faults=faults,
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from error


def _announce(ready: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(ready))  # click flushes: a waiting script must see the line at once


@click.command()
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@shared_options
@pass_shell
def init(shell: Shell, force: bool) -> None:
    """Write a starter crewtally.toml, with what a start needs explained."""
    from pipelines.starter import STARTER

    file = shell.config or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_FILE)
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force overwrites it.")
    file.write_text(STARTER, encoding="utf-8")
    note(f"Wrote {file}. Fill it in, set the secrets in the environment, then run `crewtally doctor`.")


@click.command()
@as_json
@shared_options
@pass_shell
def doctor(shell: Shell, as_json: bool) -> Outcome:
    """Check configuration, credentials, services, dialect, warehouse and clock; say what to fix."""
    from pipelines.doctor import diagnose, show

    checks = list(diagnose(shell.settings))
    if as_json:
        document([check.as_dict() for check in checks])
    else:
        show(checks)
    if checks[0].ok is False:  # the configuration itself
        return Outcome.USAGE
    return Outcome.FAILED if any(check.ok is False for check in checks) else Outcome.DONE
