"""What sections are made of: tables, notes, marks, numbers as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files

from pipelines.pages.html import Child, Html, el, join

Cell = Html | str | float | int | bool | date | None

WORD = 28
SENTENCE = 40
"""More characters than these in a word, or in all, are not to be squeezed into a narrow column."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?")
NAMES = {"tenthousandft": "10,000ft", "ruddr": "Ruddr", "ftrack": "ftrack"}
# No page of ours loads or runs anything: should markup ever slip through, the browser still refuses.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page, with a heading and a place in the list of contents."""

    anchor: str
    title: str
    body: Html


def page(title: str, head: Child, sections: Sequence[Section], foot: Child) -> str:
    """A whole document that needs nothing else."""
    style = Html(files(__package__).joinpath("style.css").read_text(encoding="utf-8"))
    contents = el(
        "nav",
        el("ol", [el("li", el("a", s.title, href=f"#{s.anchor}")) for s in sections]),
        aria_label="Contents",
    )
    body = [_section(section) for section in sections]
    document = el(
        "html",
        el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", name="color-scheme", content="light dark"),
            el("title", title),
            el("style", style),
        ),
        el("body", el("header", head), contents, el("main", body), el("footer", foot)),
        lang="en",
    )
    return f"<!doctype html>\n{document}\n"


def _section(section: Section) -> Html:
    heading = f"{section.anchor}-title"
    return el(
        "section",
        el("h2", section.title, id=heading),
        section.body,
        id=section.anchor,
        aria_labelledby=heading,
    )


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    total: int | None = None,
    elsewhere: str = "",
    titled: bool = False,
) -> Html:
    """A table; the first column names its rows.

    With `total` rows in all, says how many are not shown and where they are. Where a heading stands above
    the table (`titled`), its caption is for screen readers only.
    """
    shown = list(rows)
    numeric = [_is_numeric([row[i] for row in shown]) for i in range(len(columns))]
    head = [
        el("th", name, scope="col", class_="n" if number else None)
        for name, number in zip(columns, numeric, strict=True)
    ]
    lines = [el("tr", [_cell(value, i == 0, numeric[i]) for i, value in enumerate(row)]) for row in shown]
    more = (total or 0) - len(shown)
    left = note(f"{more:,} more {'are' if more > 1 else 'is'} not shown. {elsewhere}") if more > 0 else None
    named = el("caption", caption, class_="gone" if titled else None)
    made = el("table", named, el("thead", el("tr", head)), el("tbody", lines))
    return join(el("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption), left)


def _is_numeric(values: Sequence[Cell]) -> bool:
    said = [value for value in values if value is not None]
    return bool(said) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in said)


def _cell(value: Cell, first: bool, numeric: bool) -> Html:
    said = text(value)
    class_ = "n" if numeric else "long" if _is_long(said) else "day" if _DAY.fullmatch(said) else None
    return el("th" if first else "td", said, scope="row" if first else None, class_=class_)


def _is_long(said: str) -> bool:
    """Whether it needs a wide column: for a long word (an id, an address), or because it has many words."""
    return not isinstance(said, Html) and (
        len(said) > SENTENCE or any(len(word) > WORD for word in said.split())
    )


def text(value: Cell) -> str:
    """A value for the eye: thousands apart, hours with one decimal, days as ISO dates."""
    match value:
        case None:
            return ""
        case Html():
            return value
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.1f}".removesuffix(".0")
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def week(day: date) -> str:
    """`2 Mar`: a week by its Monday."""
    return f"{day.day} {day:%b}"


def hours(value: float) -> str:
    """`1,234 h`; below ten hours with a decimal."""
    return f"{value:,.0f} h" if abs(value) >= 10 else f"{text(float(value))} h"


def note(*said: Child) -> Html:
    """A sentence beneath something."""
    return el("p", *said, class_="note")


def mark(kind: str, said: str) -> Html:
    """Good, so-so or bad: by a sign and a word, and by colour besides. `kind`: good | warn | bad."""
    sign = {"good": "✓", "warn": "!", "bad": "✗"}[kind]
    return el("span", el("span", sign, aria_hidden="true"), " ", said, class_=f"mark {kind}")


def details(summary: str, *body: Child) -> Html:
    """Something to open."""
    return el("details", el("summary", summary), *body)
