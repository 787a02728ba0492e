"""Records in ftrack on their way out of `explain`: for the terminal line by line, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import duckdb

from pipelines import explained
from transforms.reconcile.trace import Held, Pushed, Trace
from transforms.totals.explain import Explanation, booking
from transforms.warehouse import Landing

Bookings = Sequence[tuple[str, str, Explanation | None]]
"""Source, key and explanation of each; None: no pull of this warehouse ever brought it."""


def explanations(con: duckdb.DuckDBPyConnection, trace: Trace) -> Bookings:
    """The record's bookings, each with its days, versions and raw rows."""
    return [(source, key, _explanation(con, source, key)) for source, key in trace.bookings]


def _explanation(con: duckdb.DuckDBPyConnection, source: str, key: str) -> Explanation | None:
    try:
        return booking(con, source, key)
    except LookupError:
        return None


def as_object(trace: Trace, bookings: Bookings, landing: Landing) -> dict[str, Any]:
    """The JSON: the record, its changes, and each booking as `explain booking` gives it (null: not known)."""
    return asdict(trace) | {
        "bookings": [
            {
                "source": source,
                "booking": key,
                "explanation": None if found is None else explained.as_object(found, landing),
            }
            for source, key, found in bookings
        ]
    }


def lines(trace: Trace, bookings: Bookings, landing: Landing) -> Iterator[str]:
    """From the record over its changes to the bookings, for the eye."""
    yield f"{trace.kind} {trace.record_id} in {trace.server}"
    held = trace.held
    yield f"  {_state(held)}" if held else "  It was never made: every attempt failed, or none left yet."
    if trace.forgotten_until:
        until = f"{trace.forgotten_until:%Y-%m-%d}"
        yield f"  What plans did to it until {until} is no longer kept ([push] keep_plans_days)."
    for change in trace.changes:
        yield ""
        yield from _change(change)
    if not trace.changes and not trace.forgotten_until:
        yield f"  No plan in this warehouse says how it was made ({held.made_by if held else 'unknown'})."
    yield ""
    yield f"Behind it: {len(bookings)} {'booking' if len(bookings) == 1 else 'bookings'}."
    yield ""
    for source, key, found in bookings:
        if found is None:
            yield f"{source}: booking {key}, which no pull of this warehouse brought."
        else:
            yield from explained.lines(found, landing)


def back(records: Mapping[str, Sequence[Held]], source: str) -> Iterator[str]:
    """From bookings to what we made of them in ftrack."""
    for key, held in records.items():
        yield f"In ftrack for {source} booking {key}:"
        for record in held:
            yield f"  {record.kind} {record.record_id}: {_state(record)}"
        yield ""


def _state(held: Held) -> str:
    deleted = "deleted by us; it said " if held.state == "deleted" else "as we last wrote it: "
    return f"{deleted}{_said(held.written)}; last plan {held.changed_by[:8]}"


def _change(change: Pushed) -> Iterator[str]:
    happened = f"{change.action}, {change.status}{_time(change.finished_at or change.sent_at)}"
    yield f"  plan {change.plan_sha256[:8]}: {happened}: {change.rule or 'no reason'}"
    if change.moved_from or change.moved_to:
        yield f"    moved {'from ' if change.moved_from else 'to '}{change.moved_from or change.moved_to}"
    if change.before:
        yield f"    before: {_said(change.before)}"
    if change.after:
        yield f"    after:  {_said(change.after)}"
    if change.error:
        yield f"    {change.error}"


def _time(moment: datetime | None) -> str:
    return f" {moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""


def _said(image: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in image.items())
