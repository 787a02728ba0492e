"""Where to cut a long listing of allocations, so that its parts can be read at the same time.

The allocations of a few members, asked for one by one, stand in the listing as well. How they lie in time
tells how the whole lies in time: the listing runs by `createdAt`. A wrong guess makes parts of unequal
length, and costs time, but no rows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import ConnectorError
from connectors.http import Http
from connectors.listing import ahead, evenly
from connectors.parsing import plain_id
from connectors.ruddr.paging import Sheet, sheet_of

log = logging.getLogger("crewtally.listing")

MEMBERS_ASKED = 12
PAGES_A_PART = 6
MOST_PARTS = 16


def find_cuts(
    http: Http, params: Mapping[str, Any], members: Sequence[str], last: Mapping[str, Any]
) -> list[str]:
    """Ids of rows of the listing `params` after the row `last`, newest first; `members`: ids of all members.

    `params` include the limit. None where the listing is short, or the service would not tell.
    """
    sheets = _samples(http, params, evenly(members, MEMBERS_ASKED))
    limit, before = params["limit"], last.get("createdAt")
    rows = [row for sheet in sheets for row in sheet.rows if _can_end_a_part(row)]
    later = sorted(
        {(row["createdAt"], plain_id(row) or "") for row in rows if row["createdAt"] < str(before)},
        reverse=True,
    )
    expected = len(later) / max(1, len(sheets)) * len(members) / limit
    parts = min(MOST_PARTS, int(expected / PAGES_A_PART), len(later) + 1)
    return [row_id for _, row_id in evenly(later, parts - 1)]


def _samples(http: Http, params: Mapping[str, Any], members: Sequence[str]) -> list[Sheet]:
    def ask(member: str) -> Sheet:
        return sheet_of(http.get("/allocations", {**params, "memberId": member}))

    try:
        return [sheet for _, sheet in ahead(ask, members, http.limits.concurrency)]
    except ConnectorError as error:
        log.warning("the listing is read in one piece, since its parts could not be found: %s", error)
        return []


def _can_end_a_part(row: Any) -> bool:
    """Ids of read-only rows are not promised to be unique: only an allocation is met once and for certain."""
    return (
        isinstance(row, dict)
        and row.get("entity") == "allocation"
        and isinstance(row.get("createdAt"), str)
        and plain_id(row) is not None
    )
