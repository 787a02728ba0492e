"""A plan for the terminal: grouped by project and person, counted, with the hours that move."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from transforms.reconcile.guard import Trip
from transforms.reconcile.plan import Change, Image, Plan

ACTIONS = ("create", "update", "delete")
MARKS = {"create": "+", "update": "~", "delete": "-"}
SHOWN = 50
"""Lines of one section; the rest is counted and in the plan file."""


def render(plan: Plan, trips: Sequence[Trip] = ()) -> str:
    """The plan as text, ending without a line break. `trips` are the guards it runs into."""
    sections = (
        head(plan),
        _guards(plan, trips),
        _changes(plan),
        _blocked(plan),
        _unmatched(plan),
        _conflicts(plan),
    )
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section)))


def safe(text: object) -> str:
    """Text from outside without what could steer a terminal or reorder a line: each such character is '?'."""
    return "".join(
        "?" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else c for c in str(text)
    )


def head(plan: Plan) -> Iterator[str]:
    """What the plan is and does on the whole, in a few lines."""
    content = plan.content
    yield f"Plan {plan.sha256}"
    yield f"for {safe(content['server'])} ({content['dialect']} dialect), as of {content['day']}"
    if not plan.changes:
        yield "Nothing to change in ftrack."
    else:
        yield ", ".join(_count(plan, action) for action in ACTIONS if content["summary"]["changes"][action])
        yield _hours(plan.changes)
    kept, later = content["summary"]["kept"], content["summary"]["outside_window"]
    yield f"{kept} record{'s' if kept != 1 else ''} of ours stay as they are."
    if content["undoes"]:
        yield f"This plan undoes plan {content['undoes']}."
    if later:
        yield f"{later} deletes lie outside the window and are left for a full run."
    for snapshot in content["snapshots"]:
        if not snapshot["complete"]:
            name = safe(f"{snapshot['source']} {snapshot['stream']}")
            yield f"The latest pull of {name} is INCOMPLETE: it may add and change, but not delete."


def _count(plan: Plan, action: str) -> str:
    kinds = plan.content["summary"]["changes"][action]
    detail = ", ".join(
        f"{number} {kind}{'s' if number != 1 else ''}" for kind, number in sorted(kinds.items())
    )
    return f"{sum(kinds.values())} to {action} ({detail})"


def _hours(changes: Sequence[Change]) -> str:
    people = {change["person"] for change in changes}
    moves = [change["hours"]["after"] - change["hours"]["before"] for change in changes]
    added, removed = sum(m for m in moves if m > 0), -sum(m for m in moves if m < 0)
    return f"{added:,.1f} h added, {removed:,.1f} h removed, {len(people)} people affected."


def _guards(plan: Plan, trips: Sequence[Trip]) -> Iterator[str]:
    if trips:
        yield "STOPPED by the guards:"
        yield from (f"  ! {safe(trip)}" for trip in trips)
        yield f"  To apply it all the same: --allow {plan.sha256}"


def _changes(plan: Plan) -> Iterator[str]:
    ordered = in_order(plan)
    shown = 0
    for (project, person), group in groupby(
        ordered, key=lambda change: (change["project"], change["person"])
    ):
        changes = list(group)
        if shown < SHOWN:
            delta = sum(change["hours"]["after"] - change["hours"]["before"] for change in changes)
            yield f"{safe(project)} / {safe(person)}  {delta:+,.1f} h"
            yield from (f"  {_line(change)}" for change in changes)
        shown += len(changes)
        if shown >= SHOWN and shown - len(changes) < SHOWN and shown < len(ordered):
            yield f"... and {len(ordered) - shown} more changes in the plan file"


def in_order(plan: Plan) -> list[Change]:
    """The changes as people read them: by project, person, kind and date."""
    return sorted(plan.changes, key=_place)


def _place(change: Change) -> tuple[str, str, str, str, str]:
    image = change["after"] or change["before"] or {}
    return change["project"], change["person"], change["kind"], str(image.get("start") or ""), change["id"]


def _line(change: Change) -> str:
    return safe(f"{MARKS[change['action']]} {change['kind']} {what(change)} [{why(change)}]")


def what(change: Change) -> str:
    """What a change makes, takes away, or turns into what; `2026-03-02 to 2026-03-06 50.0% Project Work`."""
    if change["action"] == "update":
        return _differences(change["before"] or {}, change["after"] or {})
    return change.get("task") or _image(change["after"] or change["before"] or {})


def why(change: Change) -> str:
    """Which booking asks for a change, by which rule; `ruddr b1: booking changed, from Ada Lovelace`."""
    notes = [change["rule"], f"from {change['moved_from']}" if "moved_from" in change else ""]
    notes.append(f"now {change['moved_to']}'s" if "moved_to" in change else "")
    reason = ", ".join(note for note in notes if note)
    return f"{change['origin']['source']} {change['origin']['source_key']}: {reason}"


def _image(image: Image) -> str:
    if "start" not in image:
        return str(image.get("assignment_type") or "")
    value = image.get("value")
    share = f"{value:.1%}" if isinstance(value, float | int) else "no value"
    name = image.get("allocation_type") or image.get("name") or ""
    return f"{image['start']} to {image['end']} {share} {name}".strip()


def _differences(before: Image, after: Image) -> str:
    return ", ".join(f"{name} {before.get(name)} -> {after[name]}" for name in sorted(after))


def _blocked(plan: Plan) -> Iterator[str]:
    if plan.blocked:
        yield f"Left alone: {len(plan.blocked)}"
        for item, reason, count, hours in blocked_groups(plan):
            yield f"  {count} {item}{'s' if count != 1 else ''}: {safe(reason)} ({hours:,.1f} h)"


def blocked_groups(plan: Plan) -> list[tuple[str, str, int, float]]:
    """What is left alone, by kind and reason: how many, and the hours in them."""
    number: Counter[tuple[str, str]] = Counter()
    hours: defaultdict[tuple[str, str], float] = defaultdict(float)
    for item in plan.blocked:
        number[item["what"], item["reason"]] += 1
        hours[item["what"], item["reason"]] += item["hours"]
    return [(*group, count, hours[group]) for group, count in sorted(number.items())]


def _unmatched(plan: Plan) -> Iterator[str]:
    if plan.unmatched:
        yield f"Without a certain counterpart in ftrack: {len(plan.unmatched)}"
    lines = []
    for item in plan.unmatched:
        perhaps = f"; perhaps {', '.join(item['suggestions'])}" if item["suggestions"] else ""
        what = f"{item['kind'].replace('_', ' ')} {item['name']} ({item['source']} {item['key']})"
        lines.append(safe(f"  {what}: {item['reason']}, {item['hours']:,.1f} h{perhaps}"))
    yield from _capped(lines)


def _conflicts(plan: Plan) -> Iterator[str]:
    real = [item for item in plan.conflicts if not item["agrees"]]
    if not plan.conflicts:
        return
    same = len(plan.conflicts) - len(real)
    yield f"Booked in both planners: {same} weeks agree, {len(real)} differ (the first named wins)"
    yield from _capped(
        safe(
            f"  {item['person']}, {item['project']}, week of {item['week']}: "
            f"{item['winner']} {item['winner_hours']:,.1f} h, {item['loser']} {item['loser_hours']:,.1f} h"
        )
        for item in real
    )


def _capped(lines: Iterable[str]) -> Iterator[str]:
    every = list(lines)
    yield from every[:SHOWN]
    if len(every) > SHOWN:
        yield f"  ... and {len(every) - SHOWN} more in the plan file"
