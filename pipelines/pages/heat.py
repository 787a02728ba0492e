"""Hours against capacity as a table of coloured cells: who or what down, weeks across.

A cell says its two numbers; what is above capacity carries a sign and a frame besides its colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from pipelines.pages.blocks import week
from pipelines.pages.html import Html, el, join

WIDE = 12
"""So many weeks fill the page; fewer stand side by side as they are."""


@dataclass(frozen=True, slots=True)
class Load:
    """Hours booked and at hand in one week; `over_days`: days on which a single day is above capacity.

    Capacity None: there is nobody yet whose it could be.
    """

    booked: float
    capacity: float | None
    over_days: int = 0

    @property
    def is_over(self) -> bool:
        return self.capacity is not None and self.booked > self.capacity + 0.005

    @property
    def look(self) -> str:
        if self.is_over:
            return "over"
        share = self.booked / self.capacity if self.capacity else 0.0
        return f"h{sum(share > edge for edge in (0, 0.5, 0.8, 0.999))}"


@dataclass(frozen=True, slots=True)
class Line:
    """A person or a team: a name, the group it stands in, and its weeks. No week: nothing is known of it."""

    name: str
    loads: Mapping[date, Load]
    group: str = ""


def heat(caption: str, first: str, weeks: Sequence[date], lines: Sequence[Line], now: date | None) -> Html:
    """The table; `now` is the week of today. Lines of one group must stand together."""
    head = el("tr", el("th", first, scope="col"), [_week(day, now) for day in weeks])
    bodies = [
        el("tbody", _group(name, len(weeks)), [_line(line, weeks) for line in group])
        for name, group in groupby(lines, key=lambda line: line.group)
    ]
    class_ = "heat wide" if len(weeks) >= WIDE else "heat"
    made = el("table", el("caption", caption), el("thead", head), bodies, class_=class_)
    return el("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _week(day: date, now: date | None) -> Html:
    this = day == now
    said = join(week(day), el("span", " this week", class_="gone")) if this else week(day)
    return el("th", said, scope="col", class_="now" if this else None)


def _group(name: str, weeks: int) -> Html | None:
    return el("tr", el("th", name, scope="rowgroup", colspan=weeks + 1)) if name else None


def _line(line: Line, weeks: Sequence[date]) -> Html:
    head = el("th", line.name, scope="row", title=line.name)
    return el("tr", head, [_cell(line.loads.get(day)) for day in weeks])


def _cell(load: Load | None) -> Html:
    if load is None:
        return el("td")
    if load.capacity is None:
        return el("td", _number(load.booked), class_="h0")
    if not load.booked and not load.capacity:
        nothing = (el("span", "–", aria_hidden="true"), el("span", "no capacity", class_="gone"))
        return el("td", nothing, class_="h0")
    return el(
        "td", _number(load.booked), _sign(load), el("small", "/ ", _number(load.capacity)), class_=load.look
    )


def _sign(load: Load) -> Html | None:
    if load.is_over:
        sign, said = "▲", "above capacity"
    elif load.over_days:
        sign, said = (
            "△",
            f"{load.over_days} days above capacity" if load.over_days > 1 else "one day above capacity",
        )
    else:
        return None
    return join(" ", el("span", sign, aria_hidden="true", title=said), el("span", said, class_="gone"))


def _number(value: float) -> str:
    """Whole hours where they are, else one decimal; beyond a hundred none."""
    return f"{value:,.0f}" if value >= 100 or abs(value - round(value)) < 0.05 else f"{value:.1f}"


def key() -> Html:
    """What colours and signs mean."""
    steps = (
        ("h0", "0", "nothing"),
        ("h1", "15", "to 50%"),
        ("h2", "30", "to 80%"),
        ("h3", "38", "to full"),
        ("h4", "40", "full"),
        ("over", "48 ▲", "above capacity over the week"),
        ("h3", "38 △", "above it on a single day"),
    )
    items = [el("span", el("i", sample, class_=look), said) for look, sample, said in steps]
    return el("p", "Hours booked / capacity. ", items, class_="key")
