"""`explain`, `quarantine`, `dictionary`, `publish`: where numbers come from, what is left out, what it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines import tables
from pipelines.commands.shell import DAY, Shell, as_json, document, note, pass_shell, shared_options
from pipelines.settings import SOURCES, Settings

if TYPE_CHECKING:
    import duckdb

    from transforms.totals.explain import Explanation, Part
    from transforms.warehouse import Landing

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


def _explain(shell: Shell, as_json: bool, ask: Any) -> None:
    from transforms.warehouse import Landing

    settings = shell.settings(secrets=False)
    with shell.reading(settings, "explain") as con:
        if con is None:
            raise click.ClickException(NOTHING)
        try:
            explanations: list[Explanation] = ask(con)
        except LookupError as error:
            raise click.ClickException(str(error.args[0])) from error
    landing = Landing(settings.landing.path)
    if as_json:
        document([_as_object(explanation, landing) for explanation in explanations])
        return
    for explanation in explanations:
        _show(explanation, landing)


def _as_object(explanation: Explanation, landing: Landing) -> dict[str, Any]:
    parts = []
    for part in explanation.parts:
        item = asdict(part)
        item["days"] = [{"day": day, "hours": _hours(ms)} for day, ms in part.days.items()]
        item["hours"] = _hours(part.ms)
        for version in item["versions"]:
            version["raw"] = _raw(landing, version["page_sha256"], version["page_position"])
        parts.append(item)
    return {
        "title": explanation.title,
        "source": explanation.source,
        "hours": {kind: _hours(ms) for kind, ms in explanation.numbers.items()},
        "adds_up": explanation.adds_up,
        "parts": parts,
    }


def _show(explanation: Explanation, landing: Landing) -> None:
    numbers = ", ".join(f"{_hours(ms):g} h {kind}" for kind, ms in explanation.numbers.items())
    click.echo(f"{explanation.source}: {explanation.title}: {numbers}")
    for part in explanation.parts:
        click.echo(f"\n  {_hours(part.ms):g} h  {_what(part)}")
        click.echo("    " + ", ".join(f"{day:%a %d %b} {_hours(ms):g}" for day, ms in part.days.items()))
        for version in part.versions:
            until = f" until {version.known_to:%Y-%m-%d %H:%M}" if version.known_to else ""
            click.echo(f"    known from {version.known_from:%Y-%m-%d %H:%M}{until} UTC, from {version.url}")
            click.echo(f"    page {version.page_sha256[:12]}, row {version.page_position}")
        if part.versions:
            last = part.versions[-1]
            click.echo(f"    {json.dumps(_raw(landing, last.page_sha256, last.page_position))}")
    total = "add up to it" if explanation.adds_up else "DO NOT ADD UP TO IT: please report this"
    click.echo(f"\n  {len(explanation.parts)} bookings, which {total}.\n")


def _what(part: Part) -> str:
    from transforms.reconcile.render import safe

    subject = part.project if part.kind == "work" else part.leave_type or part.kind
    item = f" / {part.work_item}" if part.work_item else ""
    tentative = ", tentative" if part.is_tentative else ""
    text = f"{subject}{item}: booking {part.source_key}, {part.effort_amount:g} {part.effort_unit}"
    return safe(f"{text}, {part.start_date} to {part.end_date}{tentative}")


def _raw(landing: Landing, sha256: str, position: int) -> Any:
    """The row as it came: its place in the page's list, or the bare object a direct question answered."""
    try:
        page = json.loads(landing.get(sha256))
    except FileNotFoundError:
        return None
    rows = page.get("data", page.get("results"))
    return rows[position] if isinstance(rows, list) else page


def _hours(ms: int) -> float:
    return round(ms / 3_600_000, 6)


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
@shared_options
@pass_shell
def publish(shell: Shell) -> None:
    """Write the analysts' read-only copy and move the link [warehouse] published to it."""
    settings = shell.settings(secrets=False)
    with shell.writing(settings, "publish") as con:
        copy = publish_copy(settings, con)
    click.echo(f"{settings.warehouse.published} -> {copy.name}")


def publish_copy(settings: Settings, con: duckdb.DuckDBPyConnection) -> Path:
    """The published copy of `con`, named by this instant."""
    from pipelines.runs import utc_now
    from transforms.warehouse.publish import publish as write

    return write(con, settings.warehouse.published, utc_now())


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html"]), default="markdown", show_default=True
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def dictionary(form: str, output: Path | None) -> None:
    """What every table and column means. Needs no configuration and no data."""
    from transforms.policy import Policy
    from transforms.totals import build
    from transforms.warehouse import open_warehouse
    from transforms.warehouse.dictionary import as_html, as_markdown, describe

    with open_warehouse(":memory:") as con:
        build(con, Policy.model_validate({}))
        page = (as_html if form == "html" else as_markdown)(describe(con))
    if output is None:
        click.echo(page, nl=False)
        return
    with tables.replacing(output) as temporary:
        temporary.write_text(page, encoding="utf-8")
