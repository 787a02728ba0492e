"""The report: one folder with a page to open, print or send; nothing in it is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines import conflicts, pushed, queries, status, tables
from pipelines.pages import planners, tiles
from pipelines.pages.blocks import NAMES, Section, page
from pipelines.pages.freshness import freshness, quarantine
from pipelines.pages.html import Html, el, join
from pipelines.pages.plan import as_html, last_plan
from pipelines.pages.push import attention, last_push
from pipelines.pages.team import team
from pipelines.plans import last_pushed
from pipelines.settings import Settings
from transforms.reconcile.guard import Trip, evaluate
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


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the pages say, read from the warehouse and the last plan before anything is written."""

    monday: date  # of the studio's week
    sources: list[str]  # the planner that wins by default first
    state: dict[str, Any]
    conflicts: conflicts.Conflicts
    ledger: pushed.Pushed
    planners: list[dict[str, Any]]
    load: list[dict[str, Any]]

    @property
    def pushed_at(self) -> datetime | None:
        """When the push of the last plan began (UTC); None if it did not."""
        begun = {plan["plan_sha256"]: plan["started_at"] for plan in self.ledger.plans}
        return begun.get(self.conflicts.kept.plan.sha256) if self.conflicts.kept else None


def _facts(settings: Settings, con: duckdb.DuckDBPyConnection, today: date) -> _Facts:
    monday = today - timedelta(days=today.weekday())
    span = {"first": monday, "last": monday + timedelta(weeks=AHEAD - 1)}
    return _Facts(
        monday=monday,
        sources=_sources(settings),
        state=status.read(settings, con),
        conflicts=conflicts.read(settings, con),
        ledger=pushed.read(con),
        planners=queries.rows(con, "report_planner_weeks", needs="mart_planner_week"),
        load=queries.rows(con, "report_over", span, needs="mart_person_week"),
    )


def _pages(settings: Settings, con: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, str]:
    """The text of each page, by the name of its file."""
    here = now.astimezone(ZoneInfo(settings.window.timezone))
    facts = _facts(settings, con, here.date())
    kept = facts.conflicts.kept
    trips = evaluate(kept.plan, settings.guards) if kept and not facts.pushed_at else []
    title = el("h1", "Who is booked, and what ftrack knows of it")
    head = join(title, _dated(settings, here), tiles.tiles(_figures(facts)))
    written = {INDEX: page("crewtally report", head, _sections(con, facts, trips), _foot(con))}
    if kept:
        written[PLAN] = as_html(kept.plan, trips)
    return written


def _sections(con: duckdb.DuckDBPyConnection, facts: _Facts, trips: Sequence[Trip]) -> list[Section]:
    found, fresh = facts.conflicts, freshness(facts.state)
    sections = [
        team(con, facts.sources, _weeks(con, facts.monday), facts.monday),
        planners.planners(facts.planners, found.groups, facts.monday),
        last_plan(found.kept, trips, found.drifts, link=PLAN, pushed_at=facts.pushed_at),
        last_push(facts.ledger, last_pushed(con)),
        attention(found.groups),
        fresh,
        quarantine(
            queries.rows(con, "report_quarantine", needs="raw_quarantine"),
            queries.rows(con, "report_drift", needs="raw_drift"),
        ),
    ]
    if not all(stream["complete"] for stream in facts.state["streams"]):  # then nothing comes before it
        sections.sort(key=lambda section: section is not fresh)
    return [section for section in sections if section is not None]


def _figures(facts: _Facts) -> list[tiles.Tile]:
    lead = facts.sources[0] if facts.sources else None
    unmatched = len(facts.conflicts.kept.plan.unmatched) if facts.conflicts.kept else 0
    return [
        *tiles.of_pulls(facts.state["streams"]),
        *tiles.of_load(facts.load, lead, AHEAD),
        *tiles.of_planners(planners.agreement(facts.planners)),
        *tiles.of_push(facts.ledger, unmatched),
    ]


def _sources(settings: Settings) -> list[str]:
    """The configured planners, the one that wins by default first."""
    order = settings.source_order()
    return sorted(order, key=lambda source: (source != settings.authority.default, order.index(source)))


def _weeks(con: duckdb.DuckDBPyConnection, monday: date) -> list[date]:
    """The weeks to draw: from the last one on, or the last there are where all is past."""
    weeks: list[date] = [row["week"] for row in queries.rows(con, "report_weeks", needs="mart_person_week")]
    ahead = [week for week in weeks if week >= monday - timedelta(weeks=1)]
    return ahead[:WEEKS] if len(ahead) >= 2 else weeks[-WEEKS:]


def _dated(settings: Settings, here: datetime) -> Html:
    """When this was written, in the studio's time, and of which services."""
    sources = " and ".join(NAMES[source] for source in settings.source_order()) or "no planner"
    written = f"{here:%A, %d %B %Y, %H:%M} ({settings.window.timezone})"
    return el("p", f"{written}. From {sources}", ", pushed to ftrack." if settings.ftrack else ".")


def _foot(con: duckdb.DuckDBPyConnection) -> Html:
    rules: list[Any] = []
    if queries.has(con, "mart_policy"):
        rules = con.execute("SELECT policy FROM mart_policy").fetchall()
    return join(
        el("p", "Hours are those of each planner, counted by its own rules. Weeks begin on Monday."),
        el("p", "Where a number comes from: ", el("code", "crewtally explain person-week WHO WEEK"), "."),
        el("p", "Policies: ", el("code", rules[0][0])) if rules else None,
    )
