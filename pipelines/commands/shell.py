"""What every command shares: the options --config and --debug, the two streams, and what an error becomes.

stdout carries results only (with --json: one document and nothing else); notes and progress go to stderr.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from pipelines.lock import WRITER_PATIENCE_SECONDS, reading, warehouse
from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    import duckdb

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Shell:
    """One call of the command line. `secrets` are blotted out of every error that is shown."""

    config: Path | None = None
    debug: bool = False
    secrets: set[str] = field(default_factory=set)

    def settings(self, *, secrets: bool = True) -> Settings:
        """The configuration; with `secrets`, references to Prefect Secret blocks are resolved."""
        settings = load_settings(self.config, secrets=secrets)
        self.secrets.update(settings.secret_values())
        return settings

    @contextmanager
    def writing(self, settings: Settings, command: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse, after waiting for whoever is in it."""
        with warehouse(settings, command, patience_seconds=WRITER_PATIENCE_SECONDS, waiting=note) as con:
            yield con

    @contextmanager
    def reading(self, settings: Settings, command: str) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """The warehouse for a look, or None where there is none yet."""
        with reading(settings, command, waiting=note) as con:
            yield con

    def redact(self, text: str) -> str:
        """`text` without any secret of the configuration."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def note(text: str) -> None:
    """A line for the person, never for the pipe."""
    click.echo(text, err=True)


def document(value: Any, file: IO[str] | None = None) -> None:
    """The one JSON document of a --json command."""
    click.echo(json.dumps(value, default=plain, ensure_ascii=False, allow_nan=False, indent=2), file=file)


def plain(value: object) -> object:
    """JSON for what the json module does not know: ISO dates, numbers for decimals, text for paths."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + ("" if value.tzinfo else "+00:00")  # naive is UTC here
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _set_config(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(Shell).config = value


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Shell).debug = True


def shared_options(command: Command) -> Command:
    """--config and --debug, before or after the command's name."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        expose_value=False,
        is_eager=True,
        callback=_set_config,
        help="The configuration file (else CREWTALLY_CONFIG, else ./crewtally.toml).",
    )
    debug = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_debug,
        help="Show the traceback of an error.",
    )
    return config(debug(command))


as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else.")
pass_shell = click.make_pass_decorator(Shell, ensure=True)


class Day(click.ParamType[date]):
    """A date written YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value) if len(value) == len("YYYY-MM-DD") else self._fail(value)
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-03-31.", param, context)

    @staticmethod
    def _fail(value: str) -> date:
        raise ValueError(value)


DAY = Day()
