"""How fresh the numbers are, and whether each listing is whole; the last runs; what is in quarantine."""

from __future__ import annotations

from typing import Any

from pipelines.pages.blocks import NAMES, Cell, Section, mark, note, table
from pipelines.pages.html import Html, el, join
from pipelines.status import age

RUNS = 6
ROWS = 25


def freshness(state: dict[str, Any]) -> Section:
    """`state` as pipelines.status reads it."""
    streams = state["streams"]
    if not streams:
        return Section("fresh", "How fresh, how complete", el("p", "Nothing was pulled yet: crewtally pull."))
    rows: list[list[Cell]] = [
        [
            NAMES.get(stream["source"], stream["source"]),
            stream["stream"] + ("" if stream["scope"] == "all" else f" ({stream['scope']})"),
            f"{age(stream['age_seconds'])} ago",
            _complete(stream),
            _window(stream),
            stream["rows"],
            stream["quarantined"],
        ]
        for stream in streams
    ]
    columns = ("source", "listing", "pulled", "complete", "days", "rows", "in quarantine")
    return Section(
        "fresh",
        "How fresh, how complete",
        join(
            table("The last pull of each listing", columns, rows),
            note("A listing that is not complete adds and changes, and deletes nothing."),
            _runs(state["runs"]),
        ),
    )


def _complete(stream: dict[str, Any]) -> Html:
    if stream["complete"]:
        return mark("good", "complete")
    return join(mark("bad", "incomplete"), " ", stream["incomplete_reason"])


def _window(stream: dict[str, Any]) -> str:
    if stream["window_start"] is None:
        return "all"
    return f"{stream['window_start']} to {stream['window_end']}"


def _runs(runs: list[dict[str, Any]]) -> Html | None:
    if not runs:
        return None
    kinds = {"done": "good", "guarded": "warn", "stale": "warn", "unfinished": "warn"}
    rows: list[list[Cell]] = [
        [
            run["started_at"],
            run["command"],
            mark(kinds.get(run["outcome"], "bad"), run["outcome"]),
            run["detail"],
        ]
        for run in runs[:RUNS]
    ]
    return table("The last runs", ("begun (UTC)", "command", "outcome", "in one line"), rows)


def quarantine(rows: list[dict[str, Any]], drift: list[dict[str, Any]]) -> Section:
    """Rows that broke the contract in the last pulls, and fields the contract does not know.

    `rows`: source, stream, source_key, reason; `drift`: source, stream, field, rows.
    """
    parts: list[Html] = []
    if rows:
        columns = ("source", "listing", "row", "reason")
        shown = [[r["source"], r["stream"], r["source_key"], r["reason"]] for r in rows[:ROWS]]
        where = "All of them: crewtally quarantine."
        parts.append(table("Rows that broke the contract", columns, shown, total=len(rows), elsewhere=where))
    else:
        parts.append(el("p", mark("good", "No row of the last pulls broke the contract.")))
    if drift:
        unknown = [[r["source"], r["stream"], r["field"], r["rows"]] for r in drift[:ROWS]]
        parts.append(
            table(
                "Fields and values the contract does not know: the service has changed",
                ("source", "listing", "field", "rows"),
                unknown,
                total=len(drift),
                elsewhere="All of them: table raw_drift.",
            )
        )
    return Section("quarantine", "Quarantine", join(*parts))
