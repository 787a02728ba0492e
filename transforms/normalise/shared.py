"""What both sources' normalisation needs."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import ROUND_HALF_UP, Decimal


class Unresolved(ValueError):
    """The row refers to something no list shows; the message is the reason of its quarantine."""


# What makes a content key, over the columns of core_booking. The same as `content_key`.
CONTENT_KEY = (
    "md5(concat_ws(chr(31), source, kind, coalesce(project_key, ''), coalesce(work_item_key, ''),"
    " coalesce(leave_type_key, ''), start_date, end_date, effort_unit, effort_amount))"
)

_STORED = Decimal("0.000001")


def content_key(
    source: str, what: tuple[str | None, ...], start: date, end: date, effort: tuple[str, Decimal]
) -> str:
    """md5 over source, what is booked (kind, project, work item, leave type), dates and effort as stored.

    Without id and person: 10,000ft deletes and recreates an assignment when its person changes; the id is
    lost, the content stays.
    """
    unit, amount = effort
    stored = abs(amount.quantize(_STORED, ROUND_HALF_UP))
    parts = [source, *(part or "" for part in what), start.isoformat(), end.isoformat(), unit, f"{stored:f}"]
    return hashlib.md5("\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
