"""What people made by hand since a plan was made, and what the plan would make a second time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from transforms.reconcile.plan import Change, Image, Plan

Meaning = tuple[str | float | bool | None, ...]


def meaning(kind: str, fields: Image) -> Meaning:
    """Equal for records that say the same, whoever made them: the rule of desired.sql and diff.sql."""
    names = {
        "assignment": ("task_id", "user_id"),
        "team": ("project_id", "user_id"),
        "allocation": ("user_id", "start", "end", "value", "allocation_type"),
    }[kind]
    about = fields.get("leave") or fields.get("project_id") if kind == "allocation" else None
    return (kind, *(fields.get(name) for name in names), about)


def twins(
    plan: Plan, creates: Sequence[Change], found: Iterable[tuple[str, str, Image]], ours: Collection[str]
) -> list[tuple[Change, str]]:
    """Changes that would make what somebody has made meanwhile, each with the id of that record.

    `found`: (kind, id, image) of records in ftrack; `ours` the ids of those we made. Those the plan saw, and
    for which it left as many records out, do not count.
    """
    theirs: defaultdict[Meaning, list[str]] = defaultdict(list)
    for kind, record_id, image in found:
        if record_id not in ours:
            theirs[meaning(kind, image)].append(record_id)
    if not theirs:
        return []
    seen = Counter(
        meaning(blocked["what"], blocked["after"])
        for blocked in plan.blocked
        if blocked["what"] != "booking" and "after" in blocked and "before" not in blocked
    )
    return [
        (change, theirs[said][0])
        for change in creates
        if len(theirs.get(said := meaning(change["kind"], change["after"] or {}), ())) > seen[said]
    ]
