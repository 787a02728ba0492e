"""The report: one folder with a page to open, print or send; nothing in it is loaded from elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines import conflicts, pushed, queries, status, tables
from pipelines.pages import planners, tiles
from pipelines.pages.blocks import NAMES, page
from pipelines.pages.freshness import freshness, quarantine
from pipelines.pages.html import Html, el, join
from pipelines.pages.plan import as_html, last_plan
from pipelines.pages.push import attention, last_push
from pipelines.pages.team import team
from pipelines.plans import KeptPlan, last_pushed
from pipelines.settings import Settings
from transforms.reconcile.guard import evaluate
from transforms.warehouse import open_warehouse

INDEX, PLAN = "index.html", "plan.html"
WEEKS = 18
AHEAD = 4
"""Weeks that the figures on top speak of."""


def write(
    settings: Settings, con: duckdb.DuckDBPyConnection | None, folder: Path, *, now: datetime | None = None
) -> Path:
    """Writes the report of the warehouse as it is (None: there is none yet); returns its first page.

    Asks no service. Files of an earlier report are replaced, each whole or not at all.
    """
    instant = now or datetime.now(UTC)
    if con is None:
        with open_warehouse(":memory:") as empty:
            pages = _pages(settings, empty, instant)
    else:
        pages = _pages(settings, con, instant)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        with tables.replacing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    if PLAN not in pages:
        (folder / PLAN).unlink(missing_ok=True)
    return folder / INDEX


def _pages(settings: Settings, con: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, str]:
    today = now.astimezone(ZoneInfo(settings.window.timezone)).date()
    monday = today - timedelta(days=today.weekday())
    state = status.read(settings, con)
    found = conflicts.read(settings, con)
    ledger = pushed.read(con)
    sides = queries.rows(con, "report_planner_weeks", needs="mart_planner_week")
    pushed_at = _pushed_at(ledger, found.kept)
    trips = evaluate(found.kept.plan, settings.guards) if found.kept and not pushed_at else []
    sources = _sources(settings)
    fresh = freshness(state)
    sections = [
        team(con, sources, _weeks(con, monday), monday),
        planners.planners(sides, found.groups, monday),
        last_plan(found.kept, trips, found.drifts, link=PLAN, pushed_at=pushed_at),
        last_push(ledger, last_pushed(con)),
        attention(found.groups),
        fresh,
        quarantine(
            queries.rows(con, "report_quarantine", needs="raw_quarantine"),
            queries.rows(con, "report_drift", needs="raw_drift"),
        ),
    ]
    if not all(stream["complete"] for stream in state["streams"]):  # then nothing else comes before it
        sections.sort(key=lambda section: section is not fresh)
    span = {"first": monday, "last": monday + timedelta(weeks=AHEAD - 1)}
    figures = [
        *tiles.of_pulls(state["streams"]),
        *tiles.of_load(queries.rows(con, "report_over", span, needs="mart_person_week"), sources[0], AHEAD),
        *tiles.of_planners(planners.agreement(sides)),
        *tiles.of_push(ledger, len(found.kept.plan.unmatched) if found.kept else 0),
    ]
    head = join(
        el("h1", "Who is booked, and what ftrack knows of it"), _dated(settings, now), tiles.tiles(figures)
    )
    written = {INDEX: page("crewtally report", head, [s for s in sections if s], _foot(con))}
    if found.kept:
        written[PLAN] = as_html(found.kept.plan, trips)
    return written


def _pushed_at(ledger: pushed.Pushed, kept: KeptPlan | None) -> datetime | None:
    """When the push of that plan began (UTC); None if it did not."""
    begun = {plan["plan_sha256"]: plan["started_at"] for plan in ledger.plans}
    return begun.get(kept.plan.sha256) if kept else None


def _sources(settings: Settings) -> list[str]:
    """The configured planners, the one that wins by default first."""
    order = settings.source_order()
    return sorted(order, key=lambda source: (source != settings.authority.default, order.index(source)))


def _weeks(con: duckdb.DuckDBPyConnection, monday: date) -> list[date]:
    """The weeks to draw: from the last one on, or the last there are where all is past."""
    weeks: list[date] = [row["week"] for row in queries.rows(con, "report_weeks", needs="mart_person_week")]
    ahead = [week for week in weeks if week >= monday - timedelta(weeks=1)]
    return ahead[:WEEKS] if len(ahead) >= 2 else weeks[-WEEKS:]


def _dated(settings: Settings, now: datetime) -> Html:
    here = now.astimezone(ZoneInfo(settings.window.timezone))
    sources = " and ".join(NAMES[source] for source in settings.source_order()) or "no planner"
    zone = settings.window.timezone
    return el(
        "p",
        f"{here:%A, %d %B %Y, %H:%M} ({zone}). From {sources}",
        ", pushed to ftrack." if settings.ftrack else ".",
    )


def _foot(con: duckdb.DuckDBPyConnection) -> Html:
    rules: list[Any] = []
    if queries.has(con, "mart_policy"):
        rules = con.execute("SELECT policy FROM mart_policy").fetchall()
    return join(
        el("p", "Hours are those of each planner, counted by its own rules. Weeks begin on Monday."),
        el("p", "Where a number comes from: ", el("code", "crewtally explain person-week WHO WEEK"), "."),
        el("p", "Policies: ", el("code", rules[0][0])) if rules else None,
    )
