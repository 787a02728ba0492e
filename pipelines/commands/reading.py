"""`totals` and `status`: numbers and state, from the warehouse alone."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines import tables
from pipelines.commands.shell import DAY, Shell, as_json, document, note, pass_shell, shared_options
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

GRAINS = (
    *("person-week", "person-day", "person-month"),
    *("project-week", "project-month"),
    *("discipline-week", "bench-week", "planner-week", "usage-week"),
    "booking",
)
# What the eye needs; files carry every column.
_SHOWN = {
    "person-week": (
        "source",
        "person",
        "week",
        "booked_hours",
        "tentative_hours",
        "leave_hours",
        "holiday_hours",
        "capacity_hours",
        "utilisation",
    ),
    "person-day": ("source", "person", "day", "booked_hours", "leave_hours", "capacity_hours", "over_hours"),
    "person-month": (
        "source",
        "person",
        "month",
        "booked_hours",
        "leave_hours",
        "capacity_hours",
        "utilisation",
    ),
    "project-week": ("source", "project", "week", "booked_hours", "tentative_hours", "people"),
    "project-month": ("source", "project", "month", "booked_hours", "tentative_hours", "people"),
    "discipline-week": (
        "source",
        "discipline",
        "week",
        "people",
        "booked_hours",
        "free_hours",
        "utilisation",
    ),
    "bench-week": ("source", "discipline", "week", "person", "free_hours", "capacity_hours"),
    "usage-week": ("source", "person", "project", "week", "allocated_hours", "used_hours", "remaining_hours"),
    "planner-week": ("person", "project", "week", "status", "tenthousandft_hours", "ruddr_hours"),
    "booking": ("source", "person", "project", "start", "end", "total_hours", "vendor_hours", "flag"),
}


@click.command()
@click.option("--by", type=click.Choice(GRAINS), default="person-week", show_default=True, help="The grain.")
@click.option("--from", "start", type=DAY, help="Only what touches this day or later.")
@click.option("--to", "end", type=DAY, help="Only what touches this day or earlier.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    help="How to write it; by default a table, with -o what the file's ending says.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@as_json
@shared_options
@pass_shell
def totals(
    shell: Shell,
    by: str,
    start: date | None,
    end: date | None,
    form: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Hours per person and week, project and week, or booking."""
    form = _format(form, output, as_json)
    if start and end and start > end:
        raise click.UsageError(f"--to ({end}) is before --from ({start}).")
    settings = shell.settings(secrets=False)
    with _totalled(shell, settings) as con:
        from transforms.totals import totals as ask

        _write(ask(con, by, start, end), by, form, output)


def _format(form: str | None, output: Path | None, as_json: bool) -> str:
    if as_json:
        if form not in (None, "json"):
            raise click.UsageError(f"--json and --format {form} contradict each other.")
        return "json"
    endings = {".csv": "csv", ".json": "json", ".parquet": "parquet"}
    chosen = form or (endings.get(output.suffix, "table") if output else "table")
    if chosen == "parquet" and output is None:
        raise click.UsageError("Parquet goes to a file: add -o FILE.")
    return chosen


@contextmanager
def _totalled(shell: Shell, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse; where nothing was ever pulled, an empty one, so that the columns are the same."""
    from transforms.totals import build
    from transforms.warehouse import open_warehouse

    with shell.reading(settings, "totals") as con:
        if (
            con is not None
            and con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'mart_person_week'").fetchall()
        ):
            yield con
            return
        note("Nothing was pulled yet: run `crewtally pull`, then ask again.")
        empty = open_warehouse(":memory:")
        build(empty, settings.policy)
        yield empty
        empty.close()


def _write(relation: duckdb.DuckDBPyRelation, by: str, form: str, output: Path | None) -> None:
    if form == "parquet" and output is not None:
        tables.write_parquet(relation, output)
        return
    if output is None:
        _print(relation, by, form)
        return
    text = io.StringIO()
    _print(relation, by, form, text)
    with tables.replacing(output) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def _print(relation: duckdb.DuckDBPyRelation, by: str, form: str, file: Any = None) -> None:
    columns, rows = relation.columns, relation.fetchall()
    if form == "json":
        document(tables.objects(columns, rows), file)
    elif form == "csv":
        tables.write_csv(columns, rows, file or sys.stdout)
    else:
        places = [columns.index(name) for name in _SHOWN[by]]
        tables.show(_SHOWN[by], [[row[place] for place in places] for row in rows], file=file)


@click.command()
@as_json
@shared_options
@pass_shell
def status(shell: Shell, as_json: bool) -> None:
    """How fresh the numbers are, the last runs, what is in quarantine, what was pushed."""
    from pipelines.status import read, show

    settings = shell.settings(secrets=False)
    with shell.reading(settings, "status") as con:
        state = read(settings, con)
    if not state["streams"]:
        note("Nothing was pulled yet: run `crewtally pull`.")
    if as_json:
        document(state)
    else:
        show(state)
