"""Bars by week as inline SVG. Series differ by pattern as well as by colour; the numbers follow below."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.pages.blocks import Cell, details, hours, table, week
from pipelines.pages.html import Html, el, join

WIDTH, HEIGHT = 960, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 12, 30
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Series:
    """Hours by week. `look` is a class of style.css that begins with `s-`; each has a pattern of its own."""

    name: str
    look: str
    values: Sequence[float]


def bars(
    anchor: str,
    title: str,
    weeks: Sequence[date],
    series: Sequence[Series],
    *,
    line: Series | None = None,
    now: date | None = None,
) -> Html:
    """Stacked bars of hours, one for each week, with a line across them if wanted; `now` is marked."""
    stacked = [sum(one.values[i] for one in series) for i in range(len(weeks))]
    highest = max([*stacked, *(line.values if line else ()), 1.0])
    step = _step(highest)
    top = step * math.ceil(highest / step)
    plot = _Plot(len(weeks), top)
    drawing = el(
        "svg",
        el("title", title, id=f"{anchor}-t"),
        el("defs", [_pattern(anchor, one.look) for one in series]),
        list(_grid(plot, step)),
        list(_weeks(plot, weeks, now)),
        list(_stacks(plot, anchor, weeks, series)),
        _line(plot, line) if line else None,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{anchor}-t",
    )
    every = [*series, line] if line else [*series]
    rows: list[tuple[Cell, ...]] = [
        (day, *(float(one.values[i]) for one in every)) for i, day in enumerate(weeks)
    ]
    numbers = table(title, ("week of", *(one.name for one in every)), rows)
    return el(
        "figure",
        el("figcaption", title, _legend(anchor, series, line)),
        el("div", drawing, class_="scroll", tabindex="0", role="region", aria_label=title),
        details("The numbers, in hours", numbers),
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """From weeks and hours to points of the drawing."""

    weeks: int
    top: float

    @property
    def slot(self) -> float:
        return (WIDTH - _LEFT - _RIGHT) / max(self.weeks, 1)

    def x(self, index: float) -> float:
        return round(_LEFT + index * self.slot, 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - _BOTTOM - value / self.top * (HEIGHT - _TOP - _BOTTOM), 1)


def _step(highest: float) -> float:
    """The round number (1, 2, 5, 10, ...) that gives about four lines."""
    power = 10.0 ** math.floor(math.log10(highest / _TICKS))
    return next(power * factor for factor in (1, 2, 5, 10) if highest / (power * factor) <= _TICKS)


def _grid(plot: _Plot, step: float) -> Iterator[Html]:
    for tick in range(round(plot.top / step) + 1):
        y = plot.y(tick * step)
        yield el("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="grid" if tick else "axis")
        yield el("text", f"{tick * step:,.0f}", x=_LEFT - 8, y=y + 4, class_="tick", text_anchor="end")


def _weeks(plot: _Plot, weeks: Sequence[date], now: date | None) -> Iterator[Html]:
    every = max(1, math.ceil(46 / plot.slot))
    for index, day in enumerate(weeks):
        x = plot.x(index + 0.5)
        if index % every == 0:
            yield el("text", week(day), x=x, y=HEIGHT - 10, class_="tick", text_anchor="middle")
        if day == now:
            yield el("rect", x=plot.x(index), y=_TOP, width=round(plot.slot, 1),
                     height=HEIGHT - _TOP - _BOTTOM, class_="now")  # fmt: skip


def _stacks(plot: _Plot, anchor: str, weeks: Sequence[date], series: Sequence[Series]) -> Iterator[Html]:
    width = round(plot.slot * 0.72, 1)
    for index, day in enumerate(weeks):
        base = 0.0
        for one in series:
            value = one.values[index]
            if value > 0:
                upper, lower = plot.y(base + value), plot.y(base)
                said = el("title", f"{one.name}: {hours(value)}, week of {day}")
                yield el("rect", said, x=plot.x(index + 0.14), y=upper, width=width,
                         height=round(lower - upper, 1), fill=f"url(#{anchor}-{one.look})",
                         class_=f"bar {one.look}")  # fmt: skip
            base += value


def _line(plot: _Plot, line: Series) -> Html:
    """A level for each week, as wide as the week."""
    path = " ".join(f"M{plot.x(i)} {plot.y(value)}H{plot.x(i + 1)}" for i, value in enumerate(line.values))
    return el("path", d=path, class_="level", fill="none")


_STROKES = {
    "s-agree": "",
    "s-differ": "M0 8L8 0M-2 2L2 -2M6 10L10 6",
    "s-a": "M4 0V8",
    "s-b": "M0 4H8",
    "s-firm": "",
    "s-tentative": "M0 8L8 0M-2 2L2 -2M6 10L10 6",
}


def _pattern(anchor: str, look: str) -> Html:
    return el(
        "pattern",
        el("rect", width=8, height=8, class_=f"{look} ground"),
        el("path", d=_STROKES[look], class_="hatch") if _STROKES[look] else None,
        id=f"{anchor}-{look}",
        width=8,
        height=8,
        patternUnits="userSpaceOnUse",
    )


def _legend(anchor: str, series: Sequence[Series], line: Series | None) -> Html:
    items = []
    for one in series:
        box = el("rect", width=22, height=12, fill=f"url(#{anchor}-{one.look})", class_=f"bar {one.look}")
        items.append(el("span", _swatch(box), one.name))
    if line:
        items.append(el("span", _swatch(el("path", d="M0 6H22", class_="level", fill="none")), line.name))
    return el("span", join(*items), class_="legend")


def _swatch(drawing: Html) -> Html:
    return el("svg", drawing, width=22, height=12, aria_hidden="true")
