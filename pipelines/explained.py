"""Explanations on their way out: for the terminal line by line, or as JSON.

The raw rows come from the landing folder, where every page lies as it was received.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from transforms.reconcile.trace import Held
from transforms.totals.explain import CapacityDay, Explanation, Part, Version
from transforms.warehouse import Landing


def as_object(
    explanation: Explanation, landing: Landing, records: Mapping[str, Sequence[Held]] | None = None
) -> dict[str, Any]:
    """The whole explanation, each part with its days, its versions and the JSON each version came as.

    With `records` (by booking) also with what we made of it in ftrack.
    """
    parts = []
    for part in explanation.parts:
        item = asdict(part)
        item["days"] = [{"day": day, "hours": _hours(ms), "ms": ms} for day, ms in part.days.items()]
        item["hours"], item["ms"] = _hours(part.ms), part.ms
        for version in item["versions"]:
            version["raw"] = _raw(landing, version["page_sha256"], version["page_position"])
        if records is not None:
            item["records"] = [asdict(held) for held in records.get(part.source_key, ())]
        parts.append(item)
    return {
        "title": explanation.title,
        "source": explanation.source,
        "hours": {kind: _hours(ms) for kind, ms in explanation.numbers.items()},
        "adds_up": explanation.adds_up,
        "remarks": explanation.remarks,
        "policy": explanation.policy,
        "capacity": [
            {
                "day": day.day,
                "contracted_hours": _hours(day.contracted_ms),
                "holiday_hours": _hours(day.holiday_ms),
                "capacity_hours": _hours(day.capacity_ms),
            }
            for day in explanation.capacity
        ],
        "parts": parts,
    }


def lines(explanation: Explanation, landing: Landing) -> Iterator[str]:
    """The explanation for the eye; of several versions only the last one's JSON."""
    numbers = ", ".join(f"{_hours(ms):g} h {kind}" for kind, ms in explanation.numbers.items())
    yield f"{explanation.source}: {explanation.title}: {numbers or 'no hours'}"
    yield from (f"  {remark}" for remark in explanation.remarks)
    if explanation.capacity:
        yield "  capacity: " + ", ".join(_capacity(day) for day in explanation.capacity)
    for part in explanation.parts:
        yield ""
        yield f"  {_hours(part.ms):g} h  {_what(part)}"
        if part.days:
            yield "    " + ", ".join(f"{day:%a %d %b} {_hours(ms):g}" for day, ms in part.days.items())
        for version in part.versions:
            yield from _version(version)
        yield f"    {_raw_text(landing, part.versions[-1])}"
    yield ""
    yield f"  {_policy(explanation)}"
    total = "add up to it" if explanation.adds_up else "DO NOT ADD UP TO IT: please report this"
    many = "booking" if len(explanation.parts) == 1 else "bookings"
    yield f"  {len(explanation.parts)} {many}; the parts {total}."
    yield ""


def _policy(explanation: Explanation) -> str:
    unusual = ", ".join(f"{key} = {json.dumps(value)}" for key, value in explanation.unusual_policy.items())
    return f"Rules: [policy] {unusual}; else the defaults." if unusual else "Rules: [policy] by default."


def _capacity(day: CapacityDay) -> str:
    taken = []
    if day.holiday_ms:
        taken.append("holiday")
    if day.capacity_ms < day.contracted_ms - day.holiday_ms:
        taken.append("leave")
    why = f" ({' and '.join(taken)} of {_hours(day.contracted_ms):g})" if taken else ""
    return f"{day.day:%a} {_hours(day.capacity_ms):g}{why}"


_EFFORT = {
    "percent": "{:.4g}% of the working day",
    "ratio_of_capacity": "{:.4g}% of capacity",
    "hours_per_day": "{:g} h a day",
    "hours_per_week": "{:g} h a week",
    "hours_per_month": "{:g} h a month",
    "hours_total": "{:g} h in all",
}


def _span(booked: Part | Version) -> str:
    """`50% of the working day, 2026-03-02 to 2026-03-06`; the model's ratios are 1 for 100%."""
    amount = booked.effort_amount * (100 if booked.effort_unit in ("percent", "ratio_of_capacity") else 1)
    return f"{_EFFORT[booked.effort_unit].format(amount)}, {booked.start_date} to {booked.end_date}"


def _what(part: Part) -> str:
    subject = part.project if part.kind == "work" else part.leave_type or part.kind
    item = f" / {part.work_item}" if part.work_item else ""
    who = f" for {part.person}" if part.person else " for nobody yet"
    tentative = ", tentative" if part.is_tentative else ""
    return f"{subject}{item}{who}: booking {part.source_key}, {_span(part)}{tentative}"


def _version(version: Version) -> Iterator[str]:
    until = f" until {version.known_to:%Y-%m-%d %H:%M}" if version.known_to else ""
    yield f"    known from {version.known_from:%Y-%m-%d %H:%M}{until} UTC: {_span(version)}"
    yield f"    from {version.url or 'a page not on record'}"
    yield f"    row {version.page_position} of page {version.page_sha256}"


def _raw_text(landing: Landing, version: Version) -> str:
    raw = _raw(landing, version.page_sha256, version.page_position)
    return "(the page is not in the landing folder any more)" if raw is None else json.dumps(raw)


def _raw(landing: Landing, sha256: str, position: int) -> Any:
    """The row as it came: its place in the page's list, or the bare object a direct question answered.

    None when the landing folder has lost the page.
    """
    try:
        page = json.loads(landing.get(sha256))
    except FileNotFoundError:
        return None
    rows = page.get("data", page.get("results"))
    return rows[position] if isinstance(rows, list) else page


def _hours(ms: int) -> float:
    return round(ms / 3_600_000, 6)
