"""A plan as Markdown, for a pull request, a chat, a Prefect artefact. Names from outside stay text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transforms.reconcile.guard import Trip
from transforms.reconcile.outline import Cell, Section, outline
from transforms.reconcile.plan import Plan
from transforms.reconcile.render import safe

ROWS = 200
"""Rows of one table; the rest is counted and in the plan file."""

_MARKS = re.compile(r"[\\`*_\[\]|~]|(?<=:)//|(?<=www)\.", re.IGNORECASE)
"""What would begin emphasis, code, a link, a cell, or an address that GitHub makes a link of."""


def as_markdown(plan: Plan, trips: Sequence[Trip] = (), *, rows: int = ROWS) -> str:
    """The plan as a Markdown page. `trips` are the guards it runs into."""
    first, *rest = outline(plan, trips, limit=rows)
    blocks = [f"# {escaped(first.title)}", *_sentences(first)]
    for section in rest:
        blocks += [f"## {escaped(section.title)}", *_sentences(section), *_table(section)]
    return "\n\n".join(blocks) + "\n"


def _sentences(section: Section) -> Iterator[str]:
    if section.sentences:
        yield "\n".join(f"- {escaped(sentence)}" for sentence in section.sentences)


def _table(section: Section) -> Iterator[str]:
    if not section.rows:
        return
    numeric = [
        all(isinstance(row[i], int | float | None) for row in section.rows)
        for i in range(len(section.columns))
    ]
    lines = [_row(section.columns), _row("---:" if number else "---" for number in numeric)]
    lines += [_row(_cell(cell) for cell in row) for row in section.rows]
    yield "\n".join(lines)
    if section.more:
        yield f"... and {section.more:,} more in the plan file"


def _row(cells: Sequence[str] | Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return (
        escaped(cell) if isinstance(cell, str) else f"{cell:,.1f}" if isinstance(cell, float) else f"{cell:,}"
    )


def escaped(text: str) -> str:
    """Text that no Markdown and no HTML in it can leave; `&` first."""
    said = safe(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKS.sub(r"\\\g<0>", said)
