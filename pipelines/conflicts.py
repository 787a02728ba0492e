"""Where the planners, ftrack and people contradict each other, in groups, with hours and what to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines import queries, tables
from pipelines.plans import KeptPlan, last_plan
from pipelines.settings import Settings
from transforms.reconcile.drift import moved_snapshots
from transforms.reconcile.overlaps import overlaps
from transforms.reconcile.plan import Blocked, Change, Image, Plan

SHOWN = 20
"""Rows of one group on the terminal; --json has them all."""

_HEADINGS = {
    "winner": "pushed",
    "winner_hours": "hours",
    "loser": "left out",
    "loser_hours": "hours",
    "tenthousandft_hours": "10,000ft",
    "ruddr_hours": "Ruddr",
}

# Rules and reasons of transforms/reconcile/diff.sql that are about what people did in ftrack.
EDITED = ("changed in ftrack by somebody", "deleted in ftrack by somebody")
OVERWRITTEN = ("overwrites an edit made in ftrack, by policy", "deleted in ftrack, made again by policy")
DOUBLED = ("somebody made the same record", "the ledger does not know this record")


@dataclass(frozen=True, slots=True)
class Group:
    """Conflicts of one kind: `hours` at stake in all `items`, and what a person can do about them.

    `columns` are those the eye needs; each item has them, and more for programs.
    """

    name: str
    title: str
    advice: str
    columns: tuple[str, ...]
    items: list[dict[str, Any]]
    hours: float


@dataclass(frozen=True, slots=True)
class Conflicts:
    """The groups that hold something; `drifts` says what was pulled since the plan was made."""

    groups: tuple[Group, ...]
    kept: KeptPlan | None
    drifts: tuple[str, ...]


def read(settings: Settings, con: duckdb.DuckDBPyConnection) -> Conflicts:
    """Conflicts by the last plan and by the planners' totals; no service is asked."""
    kept = last_plan(settings, con)
    planners = queries.rows(con, "conflicts_planners", needs="mart_planner_week")
    doubled = queries.rows(con, "conflicts_doubled", needs="mart_booking")
    groups = (*(_of_plan(kept.plan) if kept else ()), *_of_planners(planners), _doubled_bookings(doubled))
    drifts = tuple(moved_snapshots(con, kept.plan)) if kept else ()
    return Conflicts(tuple(group for group in groups if group.items), kept, drifts)


def _of_plan(plan: Plan) -> tuple[Group, ...]:
    edits = [_edit(blocked) for blocked in plan.blocked if blocked["reason"] in EDITED]
    edits += [_overwritten(change) for change in plan.changes if change["rule"] in OVERWRITTEN]
    doubled = [_edit(blocked) for blocked in plan.blocked if blocked["reason"] in DOUBLED]
    left_out = _left_out(plan)
    return (
        Group(
            "left_out",
            "Booked in both planners on the same days, with different hours",
            "Only the planner that wins is pushed. Correct the other one, or name who wins: [authority] "
            "projects.",
            ("person", "project", "weeks", "first_week", "winner", "winner_hours", "loser", "loser_hours"),
            left_out,
            _sum(left_out, "loser_hours"),
        ),
        Group(
            "edited",
            "Changed or deleted in ftrack by people",
            "Put the change into the planner, or take it back in ftrack. To let plans overwrite such edits: "
            "[push] human_edits, human_deletes.",
            ("person", "project", "kind", "reason", "differs", "hours"),
            edits,
            _sum(edits, "hours"),
        ),
        Group(
            "doubled_records",
            "In ftrack already, made by somebody else",
            "Ours are not added on top. Keep theirs, or delete them, and the next run makes ours.",
            ("person", "project", "kind", "reason", "hours"),
            doubled,
            _sum(doubled, "hours"),
        ),
    )


def _left_out(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "person": item.person,
            "project": item.project,
            "winner": item.winner,
            "loser": item.loser,
            "weeks": len(item.weeks),
            "first_week": item.weeks[0]["week"],
            "last_week": item.weeks[-1]["week"],
            "winner_hours": item.winner_hours,
            "loser_hours": item.loser_hours,
            "by_week": item.weeks,
        }
        for item in overlaps(plan)
    ]


def _edit(blocked: Blocked) -> dict[str, Any]:
    return {
        "person": blocked["person"],
        "project": blocked["project"],
        "kind": blocked["what"],
        "reason": blocked["reason"],
        "hours": blocked["hours"],
        "id": blocked.get("id"),
        "source": blocked["source"],
        "booking": blocked["booking"],
        **_images(blocked.get("before"), blocked.get("after")),
    }


def _overwritten(change: Change) -> dict[str, Any]:
    return {
        "person": change["person"],
        "project": change["project"],
        "kind": change["kind"],
        "reason": change["rule"],
        "hours": max(change["hours"]["before"], change["hours"]["after"]),
        "id": change["id"],
        "source": change["origin"]["source"],
        "booking": change["origin"]["source_key"],
        **_images(change["before"], change["after"]),
    }


def _images(in_ftrack: Image | None, wanted: Image | None) -> dict[str, Any]:
    """What is there, what the planner wants, and in which fields the two differ."""
    differs = ", ".join(sorted({*(in_ftrack or ())} & {*(wanted or ())}))
    return {"differs": differs, "in_ftrack": in_ftrack, "wanted": wanted}


def _of_planners(rows: list[dict[str, Any]]) -> tuple[Group, ...]:
    both = [row for row in rows if row["status"] == "disagree"]
    one = [row for row in rows if row["status"] != "disagree"]
    hours = ("tenthousandft_hours", "ruddr_hours")
    return (
        Group(
            "disagree",
            "In both planners, with different weekly hours",
            "Agree on one figure and correct the other planner. Days that only one of them books are pushed.",
            ("person", "project", "weeks", "first_week", *hours, "apart_hours"),
            both,
            _sum(both, "apart_hours"),
        ),
        Group(
            "only_one",
            "In one planner only",
            "Nothing to do where the planners share the work between them; else book it in both.",
            ("person", "project", "status", "weeks", "first_week", *hours),
            one,
            _sum(one, "apart_hours"),
        ),
    )


def _doubled_bookings(rows: list[dict[str, Any]]) -> Group:
    return Group(
        "doubled_bookings",
        "Booked twice in one planner: same person, work, days and effort",
        "All of them count. If that is a slip, delete all but one in the planner.",
        ("source", "person", "project", "start_date", "end_date", "bookings", "hours"),
        rows,
        _sum(rows, "hours"),
    )


def _sum(items: list[dict[str, Any]], column: str) -> float:
    return round(math.fsum(item[column] for item in items), 4)


def as_document(conflicts: Conflicts) -> dict[str, Any]:
    """The JSON: `plan` (None before the first; sha256, made_at, file, stale) and `groups`."""
    kept = conflicts.kept
    return {
        "plan": kept
        and {
            "sha256": kept.plan.sha256,
            "made_at": kept.made_at,
            "file": kept.file,
            "stale": list(conflicts.drifts),
        },
        "groups": [
            {
                "group": group.name,
                "title": group.title,
                "advice": group.advice,
                "count": len(group.items),
                "hours": group.hours,
                "items": group.items,
            }
            for group in conflicts.groups
        ],
    }


def show(conflicts: Conflicts) -> None:
    """Prints the groups for a person."""
    for group in conflicts.groups:
        rows = [[item[column] for column in group.columns] for item in group.items]
        headings = [_HEADINGS.get(column, column) for column in group.columns]
        tables.show(headings, rows[:SHOWN], title=f"{group.title}: {len(rows)}, {group.hours:,.1f} h")
        say = tables.console().print
        if len(rows) > SHOWN:
            say(f"... and {len(rows) - SHOWN} more: crewtally conflicts --json")
        say(f"{group.advice}\n", markup=False)
