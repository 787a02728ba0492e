"""The list of runs in the warehouse (`meta_run`): what ran, when, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from uuid import uuid4

import duckdb

from pipelines.outcome import Outcome, judge
from pipelines.settings import Settings


@dataclass(slots=True)
class Run:
    """A run in progress; `detail` becomes its line in the list, `outcome` its word unless it raises."""

    run_id: str
    detail: str | None = None
    outcome: Outcome = Outcome.DONE


@contextmanager
def recorded(settings: Settings, con: duckdb.DuckDBPyConnection, command: str) -> Iterator[Run]:
    """Writes a row when the run begins, and how it ended when it does, error or not."""
    prepare(con)
    run = Run(uuid4().hex)
    con.execute(
        "INSERT INTO meta_run (run_id, command, started_at, policy) VALUES (?, ?, ?, ?)",
        [run.run_id, command, utc_now(), settings.policy.model_dump_json()],
    )
    try:
        yield run
    except BaseException as error:
        outcome, _ = judge(error)
        _finish(con, run.run_id, outcome, _one_line(error, settings))
        raise
    _finish(con, run.run_id, run.outcome, run.detail)


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the table in a warehouse that has none yet."""
    con.execute(files(__package__).joinpath("runs.sql").read_text())


def utc_now() -> datetime:
    """Now in UTC, without the mark: what the warehouse's TIMESTAMP columns mean."""
    return datetime.now(UTC).replace(tzinfo=None)


def _finish(con: duckdb.DuckDBPyConnection, run_id: str, outcome: Outcome, detail: str | None) -> None:
    con.execute(
        "UPDATE meta_run SET finished_at = ?, outcome = ?, detail = ? WHERE run_id = ?",
        [utc_now(), outcome.name.lower(), detail, run_id],
    )


def _one_line(error: BaseException, settings: Settings) -> str:
    text = " ".join((str(error) or type(error).__name__).split())
    for secret in settings.secret_values():
        text = text.replace(secret, "***")
    return text[:500]
