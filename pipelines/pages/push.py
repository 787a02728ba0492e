"""What was pushed: the last plan that went to ftrack, what came of it, what failed; what needs somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.conflicts import Group
from pipelines.pages.blocks import Cell, Section, hours, mark, note, table
from pipelines.pages.html import Child, Html, el, join
from pipelines.plans import KeptPlan
from pipelines.pushed import Pushed, still_failed
from transforms.reconcile.plan import Moved

ROWS = 15
PLANS = 8
_ACTIONS = (("create", "created"), ("update", "updated"), ("delete", "deleted"))


def last_push(pushed: Pushed, kept: KeptPlan | None) -> Section:
    """`kept` is the plan that was pushed last, if this version can read it."""
    title = "What was pushed"
    if not pushed.plans:
        return Section("push", title, el("p", "Nothing was pushed yet."))
    owned = ", ".join(f"{row['records']:,} {row['kind']}s" for row in pushed.records) or "none"
    return Section(
        "push",
        title,
        join(
            _sentence(pushed.plans[0], kept),
            el("p", f"Records of ours in ftrack: {owned}."),
            _failed(pushed),
            _moved(kept) if kept else None,
            _plans(pushed),
        ),
    )


def _sentence(plan: dict[str, Any], kept: KeptPlan | None) -> Html:
    counts = {action: plan["changes"].get(action, {}) for action, _ in _ACTIONS}
    done = ", ".join(f"{counts[action].get('done', 0):,} {word}" for action, word in _ACTIONS)
    failed = sum(outcomes.get("failed", 0) for outcomes in counts.values())
    unsettled = sum(outcomes.get(word, 0) for outcomes in counts.values() for word in ("intended", "sending"))
    people = len(kept.plan.content["summary"]["people"]) if kept else 0
    undo = "It undoes an earlier plan. " if kept and kept.plan.content["undoes"] else ""
    trouble: list[Child] = []
    if failed:
        trouble += [" ", mark("bad", f"{failed:,} failed")]
    if unsettled:
        trouble += [" ", mark("warn", f"{unsettled:,} neither done nor failed")]
    about = f" It moves hours of {people:,} {'person' if people == 1 else 'people'}." if people else ""
    allowed = plan["allowed_trips"]
    let = f" Guards that had stopped it were allowed: {', '.join(allowed)}." if allowed else ""
    which = f"{plan['started_at']:%Y-%m-%d %H:%M} UTC, plan {plan['plan_sha256'][:8]}"
    return el(
        "p",
        f"The last push, {which}: {undo}{done}.",
        trouble or [" ", mark("good", "nothing failed")],
        ".",
        about,
        let,
    )


def _failed(pushed: Pushed) -> Html | None:
    failed = still_failed(pushed)
    waiting = [*failed, *(row for row in pushed.open if row["is_open"])]
    if not waiting:
        return None
    rows: list[list[Cell]] = [
        [
            row["person"],
            row["project"],
            f"{row['action']} {row['kind']}",
            row["status"],
            row["error"],
            row["tries"],
            row["next_try"],
        ]
        for row in waiting[:ROWS]
    ]
    columns = ("person", "project", "change", "state", "what ftrack said", "tries", "next try")
    where = "All of them: crewtally ledger."
    return table("Failed or open changes", columns, rows, total=len(waiting), elsewhere=where)


def _moved(kept: KeptPlan) -> Html | None:
    people = kept.plan.content["summary"]["people"]
    if not people:
        return None

    def size(moved: Moved) -> tuple[float, str]:
        return -(moved["added_hours"] + moved["removed_hours"]), moved["person"]

    rows: list[list[Cell]] = [
        [moved["person"], moved["added_hours"], moved["removed_hours"]] for moved in sorted(people, key=size)
    ]
    added, removed = sum(m["added_hours"] for m in people), sum(m["removed_hours"] for m in people)
    caption = f"Hours that it moves: {hours(added)} added, {hours(removed)} removed"
    columns = ("person", "hours added", "hours removed")
    where = "All of them are in the plan file."
    return table(caption, columns, rows[:ROWS], total=len(rows), elsewhere=where)


def _plans(pushed: Pushed) -> Html | None:
    rows: list[list[Cell]] = [
        [
            plan["started_at"],
            plan["plan_sha256"][:8],
            plan["status"],
            *(plan["changes"].get(action, {}).get("done", 0) for action, _ in _ACTIONS),
            sum(outcomes.get("failed", 0) for outcomes in plan["changes"].values()),
        ]
        for plan in pushed.plans[:PLANS]
    ]
    columns = ("begun (UTC)", "plan", "state", *(word for _, word in _ACTIONS), "failed")
    where = "All of them: crewtally ledger."
    return table("Plans pushed", columns, rows, total=len(pushed.plans), elsewhere=where)


_COLUMNS = {
    "edited": ("person", "project", "kind", "reason", "differs", "hours"),
    "doubled_records": ("person", "project", "kind", "reason", "hours"),
    "doubled_bookings": ("source", "person", "project", "start_date", "end_date", "bookings", "hours"),
}


def attention(groups: Sequence[Group]) -> Section | None:
    """Edits by people in ftrack, and what is there twice; None when there is nothing of the kind."""
    found = [group for group in groups if group.name in _COLUMNS]
    if not found:
        return None
    return Section("attention", "What needs somebody", join(*(_group(group) for group in found)))


def _group(group: Group) -> Html:
    columns = _COLUMNS[group.name]
    rows: list[list[Cell]] = [[item[column] for column in columns] for item in group.items[:ROWS]]
    caption = f"{group.title}: {len(group.items):,}, {hours(group.hours)}"
    where = "All of them: crewtally conflicts --json."
    headings = [column.replace("_", " ") for column in columns]
    return join(table(caption, headings, rows, total=len(group.items), elsewhere=where), note(group.advice))
