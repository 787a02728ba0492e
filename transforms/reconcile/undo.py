"""The inverse of a plan that was pushed: what it made is deleted, what it changed or deleted is put back.

Reviewed and applied like any other plan. What somebody, or a later plan, has changed since is left alone.
The planners still say what they said: unless that changes too, the next sync asks for the same again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from transforms.reconcile.plan import FORMAT, Action, Blocked, Change, Content, Image, Moved, Plan


@dataclass(frozen=True, slots=True)
class Holding:
    """What is known of a record now: `written` is what we last wrote, `found` what ftrack has.

    `changed_by` is the sha256 of the plan that touched it last, `found` None when ftrack does not have it.
    """

    state: str
    changed_by: str
    written: Image
    found: Image | None


def inverse(
    plan: Plan, done: Iterable[Change], holdings: Mapping[str, Holding], *, today: date, owned: int
) -> Plan:
    """The plan that takes `done`, the changes of `plan` that were carried out, back.

    `owned` is the number of records that are ours on the server, for the guards.
    """
    changes: list[Change] = []
    blocked: list[Blocked] = []
    for change in done:
        holding = holdings.get(change["id"])
        reason = _obstacle(plan, change, holding)
        if holding is None or reason:
            blocked.append(_left(change, reason or "the ledger does not know this record"))
        else:
            changes.append(_inverse(change, holding))
    return Plan.of(_content(plan, changes, blocked, today, owned))


def _obstacle(plan: Plan, change: Change, holding: Holding | None) -> str | None:
    if holding is None:
        return None
    if holding.changed_by != plan.sha256:
        return "a later plan changed it"
    if change["action"] == "delete":
        return "somebody made it again in ftrack" if holding.found is not None else None
    if holding.found is None:
        return "deleted in ftrack by somebody"
    return "changed in ftrack by somebody" if holding.found != holding.written else None


_INVERSE: dict[Action, Action] = {"create": "delete", "update": "update", "delete": "create"}


def _inverse(change: Change, holding: Holding) -> Change:
    action = _INVERSE[change["action"]]
    inverted = change.copy()
    inverted["action"] = action
    inverted["before"] = holding.written if action == "delete" else change["after"]
    inverted["after"] = change["before"]
    inverted["rule"] = "undo"
    inverted["hours"] = {"before": change["hours"]["after"], "after": change["hours"]["before"]}
    inverted.pop("moved_from", None)
    inverted.pop("moved_to", None)
    return inverted


def _left(change: Change, reason: str) -> Blocked:
    return {
        "what": change["kind"],
        "reason": reason,
        "source": str(change["origin"]["source"]),
        "booking": str(change["origin"]["source_key"]),
        "person": change["person"],
        "project": change["project"],
        "hours": max(change["hours"]["before"], change["hours"]["after"]),
        "id": change["id"],
    }


def _moved(changes: Iterable[Change]) -> list[Moved]:
    added: defaultdict[str, float] = defaultdict(float)
    removed: defaultdict[str, float] = defaultdict(float)
    for change in changes:
        hours = change["hours"]["after"] - change["hours"]["before"]
        (added if hours > 0 else removed)[change["person"]] += abs(hours)
    names = sorted(added.keys() | removed.keys())
    return [
        {"person": name, "added_hours": added[name], "removed_hours": removed[name]}
        for name in names
        if added[name] or removed[name]
    ]


def _content(plan: Plan, changes: list[Change], blocked: list[Blocked], today: date, owned: int) -> Content:
    by_action: dict[str, dict[str, int]] = {"create": {}, "update": {}, "delete": {}}
    for (action, kind), number in sorted(Counter((c["action"], c["kind"]) for c in changes).items()):
        by_action[action][kind] = number
    return {
        "format": FORMAT,
        "dialect": plan.content["dialect"],
        "server": plan.content["server"],
        "day": today.isoformat(),
        "previous": plan.sha256,
        "undoes": plan.sha256,
        "delete_window": None,
        "snapshots": [],  # it rests on the ledger, not on a pull
        "changes": changes,
        "blocked": blocked,
        "conflicts": [],
        "unmatched": [],
        "summary": {
            "changes": by_action,
            "people": _moved(changes),
            "kept": 0,
            "blocked": len(blocked),
            "outside_window": 0,
            "gone": 0,
        },
        "impact": {"records": owned, "people": 0, "people_emptied": [], "sources": [], "projects": []},
    }
