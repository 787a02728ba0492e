"""The two planners side by side: by week, and where they differ most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pipelines.conflicts import Group
from pipelines.pages.blocks import Cell, Section, hours, note, table
from pipelines.pages.charts import Series, bars
from pipelines.pages.html import Html, el, join

ROWS = 20

STATUSES = {
    "agree": ("the same in both", "s-agree"),
    "disagree": ("in both, with different hours", "s-differ"),
    "only tenthousandft": ("only in 10,000ft", "s-a"),
    "only ruddr": ("only in Ruddr", "s-b"),
}


def planners(rows: list[dict[str, Any]], groups: Sequence[Group], now: date) -> Section | None:
    """`rows`: week, status, pairs, hours; `groups` of pipelines.conflicts. None with a single planner."""
    if not rows:
        return None
    return Section(
        "planners",
        "The two planners side by side",
        join(
            _sentence(rows),
            _chart(rows, now),
            *(_differences(group) for group in groups if group.name in ("disagree", "only_one")),
        ),
    )


def _sentence(rows: list[dict[str, Any]]) -> Html:
    pairs = {status: sum(row["pairs"] for row in rows if row["status"] == status) for status in STATUSES}
    total = sum(pairs.values())
    said = ", ".join(f"{pairs[status]:,} are {said}" for status, (said, _) in STATUSES.items())
    return el("p", f"Of {total:,} weeks of a person on a project, {said}.")


def _chart(rows: list[dict[str, Any]], now: date) -> Html:
    weeks = sorted({row["week"] for row in rows})
    found = {(row["week"], row["status"]): row["hours"] for row in rows}
    series = [
        Series(said, look, [found.get((day, status), 0.0) for day in weeks])
        for status, (said, look) in STATUSES.items()
    ]
    chart = bars("planners-chart", "Hours on projects by week, and in which planner", weeks, series, now=now)
    return join(chart, note("Where both planners book a person on a project, the higher figure is drawn."))


_COLUMNS = {
    "person": "person",
    "project": "project",
    "status": "status",
    "weeks": "weeks",
    "first_week": "first",
    "tenthousandft_hours": "10,000ft h",
    "ruddr_hours": "Ruddr h",
    "apart_hours": "apart h",
}


def _differences(group: Group) -> Html:
    columns = [name for name in _COLUMNS if name != "status" or group.name == "only_one"]
    rows: list[list[Cell]] = [
        [STATUSES[item[name]][0] if name == "status" else item[name] for name in columns]
        for item in group.items[:ROWS]
    ]
    caption = f"{group.title}: {len(group.items):,}, {hours(group.hours)} apart"
    headings = [_COLUMNS[name] for name in columns]
    where = "All of them: crewtally conflicts --json."
    made = table(caption, headings, rows, total=len(group.items), elsewhere=where)
    return join(made, note(group.advice))


def agreement(rows: list[dict[str, Any]]) -> float | None:
    """Share of the weeks of a person on a project in which both planners say the same; None without any."""
    total = sum(row["pairs"] for row in rows)
    return sum(row["pairs"] for row in rows if row["status"] == "agree") / total if total else None
