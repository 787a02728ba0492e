"""A plan as sections of sentences and tables, for whatever writes it: Markdown, HTML.

Cells are texts and numbers as they are; whoever writes them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transforms.reconcile.guard import Trip
from transforms.reconcile.overlaps import overlaps
from transforms.reconcile.plan import Change, Plan
from transforms.reconcile.render import blocked_groups, head, in_order, what, why

Cell = str | float | int | None

MOVED = "Hours that move"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, and a table whose `rows` are the first of `total`."""

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    total: int = 0

    @property
    def more(self) -> int:
        """Rows that are left to the plan file."""
        return self.total - len(self.rows)


def outline(plan: Plan, trips: Sequence[Trip] = (), *, limit: int) -> list[Section]:
    """The plan from the whole to the single change; of each table the first `limit` rows.

    `trips` are the guards it runs into. Sections with nothing in them are left out.
    """
    first, *sentences = head(plan)
    return [
        Section(first, tuple(sentences)),
        *_guards(plan, trips),
        *(
            section
            for section in (
                _people(plan, limit),
                _changes(plan, limit),
                _blocked(plan, limit),
                _unmatched(plan, limit),
                _conflicts(plan, limit),
            )
            if section.total
        ),
    ]


def _guards(plan: Plan, trips: Sequence[Trip]) -> Iterator[Section]:
    if trips:
        allow = f"If all of this is meant, this very plan can be applied: --allow {plan.sha256}"
        yield Section("Stopped by the guards", (*(str(trip) for trip in trips), allow))


def _table(
    title: str, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]], limit: int, *sentences: str
) -> Section:
    return Section(title, sentences, tuple(columns), tuple(rows[:limit]), len(rows))


def _people(plan: Plan, limit: int) -> Section:
    moved = sorted(
        plan.content["summary"]["people"],
        key=lambda item: (-item["added_hours"] - item["removed_hours"], item["person"]),
    )
    rows = [(item["person"], item["added_hours"], item["removed_hours"]) for item in moved]
    return _table(MOVED, ("person", "hours added", "hours removed"), rows, limit)


def _changes(plan: Plan, limit: int) -> Section:
    columns = ("action", "kind", "project", "person", "what", "hours", "because")
    rows = [
        (
            change["action"],
            change["kind"],
            change["project"],
            change["person"],
            what(change),
            _delta(change),
            why(change),
        )
        for change in in_order(plan)
    ]
    return _table("Changes", columns, rows, limit)


def _delta(change: Change) -> float | None:
    """Booked hours that a change adds; None where the record has none."""
    hours = change["hours"]
    return round(hours["after"] - hours["before"], 4) if hours["after"] or hours["before"] else None


def _blocked(plan: Plan, limit: int) -> Section:
    rows = [(number, item, reason, hours) for item, reason, number, hours in blocked_groups(plan)]
    return _table("Left alone", ("number", "kind", "reason", "hours"), rows, limit)


def _unmatched(plan: Plan, limit: int) -> Section:
    columns = ("kind", "name", "source", "key", "reason", "hours", "perhaps")
    rows = [
        (
            item["kind"].replace("_", " "),
            item["name"],
            item["source"],
            item["key"],
            item["reason"],
            item["hours"],
            ", ".join(item["suggestions"]),
        )
        for item in sorted(plan.unmatched, key=lambda item: -item["hours"])
    ]
    return _table("Without a certain counterpart in ftrack", columns, rows, limit)


def _conflicts(plan: Plan, limit: int) -> Section:
    """By person and project, all weeks together: the plan file has the weeks."""
    columns = ("person", "project", "weeks", "first week", "pushed", "hours", "left out", "hours left out")
    found = overlaps(plan)
    rows = [
        (
            item.person,
            item.project,
            len(item.weeks),
            item.weeks[0]["week"],
            item.winner,
            item.winner_hours,
            item.loser,
            item.loser_hours,
        )
        for item in found
    ]
    agreeing = len(plan.conflicts) - sum(len(item.weeks) for item in found)
    sentence = f"In {agreeing} more weeks of a person on a project the planners agree."
    return _table("Booked in both planners, with different hours", columns, rows, limit, sentence)
