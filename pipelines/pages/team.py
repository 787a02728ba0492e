"""Who is booked when: by week for the whole team, by discipline, by person; as each planner has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from pipelines import queries
from pipelines.pages.blocks import NAMES, Section, details, note
from pipelines.pages.charts import Series, bars
from pipelines.pages.heat import Line, Load, heat, key
from pipelines.pages.html import Html, el, join

PEOPLE = 60
"""People of one planner; the others are in the totals."""
TEAMS = 30
"""Disciplines of one planner, the busiest."""


def team(con: duckdb.DuckDBPyConnection, sources: Sequence[str], weeks: Sequence[date], now: date) -> Section:
    """The planner that wins by default first; another one is there to open."""
    parts = [(source, _of_planner(con, source, weeks, now)) for source in sources] if weeks else []
    if not parts:
        return Section("team", "Who is booked when", el("p", "There are no totals yet: run crewtally pull."))
    (lead, first), *others = parts
    more = [details(f"The same as {NAMES[source]} has it", body) for source, body in others]
    head = el("h3", f"As {NAMES[lead]} has it") if others else None
    return Section("team", "Who is booked when", join(head, first, more))


def _of_planner(con: duckdb.DuckDBPyConnection, source: str, weeks: Sequence[date], now: date) -> Html:
    span = {"source": source, "first": weeks[0], "last": weeks[-1]}
    teams = queries.rows(con, "report_team", span, needs="mart_person_week")
    people = queries.rows(con, "report_people", {**span, "people": PEOPLE}, needs="mart_person_week")
    shown = len({row["person_key"] for row in people})
    total = people[0]["of_people"] if people else 0
    capped = (
        note(
            f"{shown} of {total:,} people: those most above their capacity, then the busiest. "
            "Everybody: crewtally totals --by person-week."
        )
        if shown < total
        else None
    )
    return join(
        _chart(source, teams, weeks, now),
        heat(f"By discipline, {NAMES[source]}", "team", weeks, _team_lines(teams), now),
        heat(f"By person, {NAMES[source]}", "person", weeks, _person_lines(people), now),
        key(),
        capped,
    )


def _chart(source: str, rows: list[dict[str, Any]], weeks: Sequence[date], now: date) -> Html:
    booked = dict.fromkeys(weeks, 0.0)
    tentative, capacity = booked.copy(), booked.copy()
    for row in rows:
        if row["resource_kind"] == "member":
            booked[row["week"]] += row["booked_hours"]
            tentative[row["week"]] += row["tentative_hours"]
            capacity[row["week"]] += row["capacity_hours"]
    firm = [booked[day] - tentative[day] for day in weeks]
    return bars(
        f"team-{source}",
        f"Hours of all members by week, {NAMES[source]}",
        weeks,
        [
            Series("firm", "s-firm", firm),
            Series("tentative", "s-tentative", [tentative[day] for day in weeks]),
        ],
        line=Series("capacity", "level", [capacity[day] for day in weeks]),
        now=now,
    )


def _team_lines(rows: list[dict[str, Any]]) -> list[Line]:
    """Disciplines of the members and all of them; then work that waits for somebody."""
    members = [row for row in rows if row["resource_kind"] == "member"]
    hours: dict[str, float] = {}
    for row in members:
        hours[row["discipline"]] = hours.get(row["discipline"], 0.0) + row["booked_hours"]
    busiest = sorted(hours, key=lambda name: (-hours[name], name))[:TEAMS]
    lines = [
        _sum(name or "No discipline", [row for row in members if row["discipline"] == name])
        for name in sorted(busiest)
        if len(hours) > 1  # else the planner names none, or there is but one
    ]
    if len(hours) > TEAMS:
        others = [row for row in members if row["discipline"] not in busiest]
        lines.append(_sum(f"{len(hours) - TEAMS} other disciplines", others))
    lines.append(_sum("All members", members))
    for kind, name in _OPEN.items():
        waiting = [row for row in rows if row["resource_kind"] == kind]
        loads = {day: Load(load.booked, None) for day, load in _sum(name, waiting).loads.items()}
        lines += [Line(name, loads)] if loads else []
    return lines


def _sum(name: str, rows: list[dict[str, Any]]) -> Line:
    loads: dict[date, Load] = {}
    for row in rows:
        had = loads.get(row["week"], Load(0, 0))
        booked, capacity = had.booked + row["booked_hours"], (had.capacity or 0) + row["capacity_hours"]
        loads[row["week"]] = Load(booked, capacity)
    return Line(name, loads)


_OPEN = {"placeholder": "Placeholders", "unassigned": "Unassigned"}


def _person_lines(rows: list[dict[str, Any]]) -> list[Line]:
    lines: dict[str, tuple[str, str, dict[date, Load]]] = {}
    for row in rows:
        name, group = row["person"] or row["person_key"], row["discipline"]
        load = Load(row["booked_hours"], row["capacity_hours"], row["over_days"])
        lines.setdefault(row["person_key"], (name, group, {}))[2][row["week"]] = load
    return [Line(name, loads, group) for name, group, loads in lines.values()]
