"""`explain`, `quarantine`, `dictionary`, `publish`: where numbers come from, what is left out, what it is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from pipelines import tables
from pipelines.commands.shell import DAY, Shell, as_json, document, note, pass_shell, shared_options
from pipelines.settings import SOURCES, Settings

if TYPE_CHECKING:
    import duckdb

    from transforms.reconcile.trace import Trace
    from transforms.totals.explain import Explanation
    from transforms.warehouse import Landing
    from transforms.warehouse.dictionary import Table

_SOURCE = click.option("--source", type=click.Choice(SOURCES), help="Only this planner.")
NOTHING = "Nothing was pulled yet: run `crewtally pull` first."


@click.group()
def explain() -> None:
    """Where a number comes from: bookings, days, versions, raw pages. The parts must add up."""


@explain.command("person-week")
@click.argument("who")
@click.argument("week", type=DAY)
@_SOURCE
@as_json
@shared_options
@pass_shell
def person_week(shell: Shell, who: str, week: date, source: str | None, as_json: bool) -> None:
    """Hours of WHO (e-mail, exact name, key, or "unassigned") in the week of the day WEEK."""
    from transforms.totals.explain import person_week as ask

    _explain(shell, as_json, lambda con: ask(con, who, week, source))


@explain.command("project-week")
@click.argument("project")
@click.argument("week", type=DAY)
@_SOURCE
@as_json
@shared_options
@pass_shell
def project_week(shell: Shell, project: str, week: date, source: str | None, as_json: bool) -> None:
    """Hours of PROJECT (code, exact name or key) in the week of the day WEEK."""
    from transforms.totals.explain import project_week as ask

    _explain(shell, as_json, lambda con: ask(con, project, week, source))


@explain.command("booking")
@click.argument("source", type=click.Choice(SOURCES))
@click.argument("source_key")
@as_json
@shared_options
@pass_shell
def booking(shell: Shell, source: str, source_key: str, as_json: bool) -> None:
    """One booking: its days, every version we knew, and the JSON it came as."""
    from transforms.totals.explain import booking as ask

    _explain(shell, as_json, lambda con: [ask(con, source, source_key)])


@explain.command("record")
@click.argument("record_id")
@as_json
@shared_options
@pass_shell
def record(shell: Shell, record_id: str, as_json: bool) -> None:
    """A record in ftrack (its id, or the beginning): plans, changes, bookings, and the JSON they came as."""
    from pipelines import traced
    from transforms.reconcile.trace import record as ask

    def found(con: duckdb.DuckDBPyConnection) -> list[tuple[Trace, traced.Bookings]]:
        return [(trace, traced.explanations(con, trace)) for trace in ask(con, record_id)]

    traces, landing = _asked(shell, found)
    if as_json:
        document([traced.as_object(trace, bookings, landing) for trace, bookings in traces])
    else:
        _say(line for trace, bookings in traces for line in traced.lines(trace, bookings, landing))


def _explain(
    shell: Shell, as_json: bool, ask: Callable[[duckdb.DuckDBPyConnection], list[Explanation]]
) -> None:
    from pipelines import explained, traced
    from transforms.reconcile.trace import records_of

    def found(con: duckdb.DuckDBPyConnection) -> list[tuple[Explanation, Any]]:
        return [(e, records_of(con, e.source, [part.source_key for part in e.parts])) for e in ask(con)]

    explanations, landing = _asked(shell, found)
    if as_json:
        document([explained.as_object(explanation, landing, held) for explanation, held in explanations])
        return
    for explanation, held in explanations:
        _say(explained.lines(explanation, landing))
        _say(traced.back(held, explanation.source))


def _asked(shell: Shell, ask: Callable[[duckdb.DuckDBPyConnection], list[Any]]) -> tuple[list[Any], Landing]:
    """What the warehouse answers, and where its raw pages lie."""
    from transforms.reconcile.render import safe
    from transforms.warehouse import Landing

    settings = shell.settings(secrets=False)
    with shell.reading(settings, "explain") as con:
        if con is None:
            raise click.ClickException(NOTHING)
        try:
            return ask(con), Landing(settings.landing.path)
        except LookupError as error:
            raise click.ClickException(safe(error.args[0])) from error


def _say(lines: Iterable[str]) -> None:
    from transforms.reconcile.render import safe

    for line in lines:
        click.echo(safe(line))  # names and notes are other people's: none may steer the terminal


@click.command()
@_SOURCE
@as_json
@shared_options
@pass_shell
def quarantine(shell: Shell, source: str | None, as_json: bool) -> None:
    """Rows that broke the contract in each stream's last pull, with the reason. Nothing of them counts."""
    settings = shell.settings(secrets=False)
    with shell.reading(settings, "quarantine") as con:
        rows = _quarantined(con, source) if con is not None else []
    columns = ("source", "stream", "source_key", "reason", "page_sha256", "page_position", "raw")
    if as_json:
        document(tables.objects(columns, rows))
    elif rows:
        tables.show(columns[:4], [row[:4] for row in rows])
    else:
        note("Nothing is in quarantine.")


def _quarantined(con: duckdb.DuckDBPyConnection, source: str | None) -> list[tuple[Any, ...]]:
    return con.execute(
        "SELECT q.source, q.stream, q.source_key, q.reason, q.page_sha256, q.page_position, q.raw"
        " FROM raw_quarantine AS q SEMI JOIN ("
        "   SELECT arg_max(snapshot_id, finished_at) AS snapshot_id FROM raw_snapshot"
        "   GROUP BY source, stream, scope"
        " ) AS last USING (snapshot_id)"
        " WHERE $1 IS NULL OR q.source = $1 ORDER BY q.source, q.stream, q.source_key, q.page_position",
        [source],
    ).fetchall()


@click.command()
@as_json
@shared_options
@pass_shell
def publish(shell: Shell, as_json: bool) -> None:
    """Write the analysts' read-only copy and move the link [warehouse] published to it."""
    settings = shell.settings(secrets=False)
    with shell.writing(settings, "publish") as con:
        copy = publish_copy(settings, con)
    if as_json:
        document({"published": settings.warehouse.published, "file": copy})
    else:
        click.echo(f"{settings.warehouse.published} -> {copy.name}")


def publish_copy(settings: Settings, con: duckdb.DuckDBPyConnection) -> Path:
    """The published copy of `con`, named by this instant."""
    from pipelines.runs import utc_now
    from transforms.warehouse.publish import publish as write

    return write(con, settings.warehouse.published, utc_now())


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html", "json"]), help="By default markdown."
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@as_json
def dictionary(form: str | None, output: Path | None, as_json: bool) -> None:
    """What every table and column means. Needs no configuration and no data."""
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} contradict each other.")
    page = _dictionary_page("json" if as_json else form or "markdown")
    if output is None:
        click.echo(page, nl=False)
        return
    with tables.replacing(output) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _dictionary_page(form: str) -> str:
    from transforms.warehouse.dictionary import as_html, as_markdown

    described = _described()
    match form:
        case "html":
            return as_html(described)
        case "json":
            page = io.StringIO()
            document([asdict(table) for table in described], page)
            return page.getvalue()
        case _:
            return as_markdown(described)


def _described() -> list[Table]:
    """The tables as analysts meet them in the published copy, and those only the working file has."""
    import duckdb

    from pipelines import runs
    from transforms.policy import Policy
    from transforms.totals import build
    from transforms.warehouse import open_warehouse
    from transforms.warehouse.dictionary import describe
    from transforms.warehouse.ledger import Ledger
    from transforms.warehouse.publish import publish as write

    with TemporaryDirectory(prefix="crewtally-") as folder, open_warehouse(":memory:") as con:
        build(con, Policy.model_validate({}))
        Ledger(con)  # the ledger and the lists of runs make their own tables when they first write
        runs.prepare(con)
        con.execute(files("pipelines").joinpath("backfill.sql").read_text())
        copy = write(con, Path(folder) / "current.duckdb", runs.utc_now())
        with duckdb.connect(str(copy), read_only=True) as published:
            described = {table.name: table for table in (*describe(con), *describe(published))}
    return [described[name] for name in sorted(described)]
