"""A plan on a page: as a section of the report, and whole, as a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipelines.pages.blocks import Cell, mark, page, table
from pipelines.pages.blocks import Section as Part
from pipelines.pages.html import Html, el, join
from pipelines.plans import KeptPlan
from transforms.reconcile.guard import Trip
from transforms.reconcile.outline import MOVED, Section, outline
from transforms.reconcile.plan import Plan

ROWS = 15
"""Rows of one table in the report."""
DRIFTS = 3
PAGE_ROWS = 2000
"""Rows of one table on the plan's own page."""


def last_plan(
    kept: KeptPlan | None,
    trips: Sequence[Trip],
    drifts: Sequence[str],
    *,
    link: str,
    pushed_at: datetime | None,
) -> Part:
    """The plan and where it stands. `link` leads to its own page; `drifts` says what moved since."""
    title = "The last plan"
    if kept is None:
        return Part("plan", title, el("p", "There is no plan yet: run crewtally plan."))
    first, *rest = outline(kept.plan, trips, limit=ROWS)
    made = f"Made {kept.made_at:%Y-%m-%d %H:%M} UTC"
    if pushed_at:  # how its hours moved stands with the push
        state = el("p", f"{made}, ", mark("good", f"pushed {pushed_at:%Y-%m-%d %H:%M} UTC."))
        rest = [part for part in rest if part.title != MOVED]
    else:
        state = el("p", f"{made}. ", _verdict(kept.plan, trips))
    since = [el("p", mark("warn", f"Since then {drift}.")) for drift in drifts[:DRIFTS]]
    where = el("p", el("a", "The whole plan", href=link))
    return Part("plan", title, join(state, since, _sentences(first), [_part(part) for part in rest], where))


def _verdict(plan: Plan, trips: Sequence[Trip]) -> Html:
    if trips:
        return mark("bad", "The guards stop this plan.")
    if not plan.changes:
        return mark("good", "Nothing to change in ftrack.")
    return mark("good", "The guards let this plan through.")


def as_html(plan: Plan, trips: Sequence[Trip] = ()) -> str:
    """The plan as a document of its own. `trips` are the guards it runs into."""
    first, *rest = outline(plan, trips, limit=PAGE_ROWS)
    head = join(el("h1", f"Plan {plan.sha256[:8]}"), el("p", _verdict(plan, trips)), el("p", first.title))
    parts = [Part("whole", "On the whole", join(_sentences(first)))]
    parts += [Part(f"part-{i}", part.title, _body(part)) for i, part in enumerate(rest)]
    return page(
        f"Plan {plan.sha256[:8]}", head, parts, "A plan cannot be edited. To push it: crewtally apply."
    )


def _part(part: Section) -> Html:
    return join(el("h3", part.title), _body(part))


def _body(part: Section) -> Html:
    return join(_sentences(part), _table(part) if part.rows else None)


def _sentences(part: Section) -> Html | None:
    return el("ul", [el("li", sentence) for sentence in part.sentences]) if part.sentences else None


def _table(part: Section) -> Html:
    rows: list[list[Cell]] = [list(row) for row in part.rows]
    where = "All of them are in the plan file."
    return table(part.title, part.columns, rows, total=part.total, elsewhere=where, titled=True)
