"""The numbers that stand on top of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.pages.blocks import NAMES, hours
from pipelines.pages.html import Html, el
from pipelines.pushed import Pushed, still_failed
from pipelines.status import age


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure: what it is of, the number, and what to know about it. `kind`: good | warn | bad | empty."""

    what: str
    figure: str
    remark: str
    kind: str = ""


def tiles(found: Sequence[Tile]) -> Html:
    """All of them, as a list."""
    return el(
        "ul",
        [
            el(
                "li",
                el("span", t.what, class_="what"),
                el("b", t.figure, class_=t.kind),
                el("small", t.remark),
            )
            for t in found
        ],
        class_="tiles",
    )


def of_pulls(streams: list[dict[str, Any]]) -> Iterator[Tile]:
    """How old the oldest of the last pulls is, and whether all are whole."""
    if not streams:
        yield Tile("Freshness", "no pull yet", "run crewtally pull", "warn")
        return
    holes = sum(1 for stream in streams if not stream["complete"])
    broken = sum(stream["quarantined"] for stream in streams)
    oldest = age(max(stream["age_seconds"] for stream in streams))
    whole = (
        f"{holes} of {len(streams)} listings are incomplete"
        if holes
        else f"all {len(streams)} listings complete"
    )
    yield Tile("Oldest pull", oldest, whole, "bad" if holes else "good")
    if broken:
        yield Tile("In quarantine", f"{broken:,}", "rows broke the contract and do not count", "warn")


def of_load(rows: list[dict[str, Any]], lead: str | None, weeks: int) -> Iterator[Tile]:
    """How full the next weeks are by the leading planner, and how many people are too full."""
    row = next((row for row in rows if row["source"] == lead), None)
    if row is None or not row["capacity_hours"]:
        return
    name, share = NAMES[row["source"]], row["booked_hours"] / row["capacity_hours"]
    said = f"{hours(row['booked_hours'])} of {hours(row['capacity_hours'])}, {name}"
    yield Tile(f"Booked, {weeks} weeks", f"{share:.0%}", said)
    over = row["over_in_a_week"]
    said = f"of {row['people']:,} people in some week; {row['over_on_a_day']:,} on some day"
    yield Tile("Above capacity", f"{over:,}", said, "warn" if over else "good")


def of_planners(agreement: float | None) -> Iterator[Tile]:
    """How far the planners agree."""
    if agreement is not None:
        yield Tile("Planners agree", f"{agreement:.0%}", "of weeks of a person on a project")


def of_push(pushed: Pushed, waiting: int) -> Iterator[Tile]:
    """What is in ftrack, and what waits for somebody."""
    if pushed.plans:
        records = sum(row["records"] for row in pushed.records)
        yield Tile("In ftrack", f"{records:,}", "records made from the plans")
        failed = len(still_failed(pushed))
        yield Tile("Failed", f"{failed:,}", "changes that ftrack refused", "bad" if failed else "good")
    if waiting:
        yield Tile("Unmatched", f"{waiting:,}", "people, projects, tasks without a counterpart", "warn")
