"""What both sources' normalisation needs."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal


class Unresolved(ValueError):
    """The row refers to something no list shows; the message is the reason of its quarantine."""


def content_key(
    source: str, what: tuple[str | None, ...], start: date, end: date, effort: tuple[str, Decimal]
) -> str:
    """md5 over source, what is booked (kind, project, work item, leave type), dates and effort.

    Without id and person: 10,000ft deletes and recreates an assignment when its person changes; the id is
    lost, the content stays.
    """
    unit, amount = effort
    parts = [source, *(part or "" for part in what), start.isoformat(), end.isoformat(), unit, f"{amount:f}"]
    return hashlib.md5("\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
