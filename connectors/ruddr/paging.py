"""Reading a collection of Ruddr whole: by cursor, newest first.

Rows that come or go elsewhere do not shift a cursor; but its own row may vanish (the service then answers
400 or 404), and a page may come empty, or with rows already read. Each of these makes a reading doubtful.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.answers import Answer
from connectors.errors import ContractError, NotFound, RequestRejected
from connectors.http import Http
from connectors.listing import Doubt
from connectors.page import Page
from connectors.parsing import plain_id
from connectors.ruddr.wire import SERVICE

Key = Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a collection with its rows; `more` says that others follow."""

    page: Page
    rows: list[Any]
    more: bool


def read_collection(
    http: Http, path: str, params: Mapping[str, Any], *, limit: int, key: Key
) -> Iterator[Page]:
    """Every page of a collection, once. `key` names a row. Raises Doubt when rows may be missing."""
    asked = {**params, "limit": limit}
    sheet = sheet_of(http.get(path, asked))
    seen: set[str] = set()
    number = 1
    while True:
        yield sheet.page
        _look_for_repeats(sheet, seen, key, number)
        if not sheet.more:
            return
        sheet = _after(http, path, asked, _cursor(sheet, number))
        number += 1


def _after(http: Http, path: str, params: Mapping[str, Any], cursor: str) -> Sheet:
    try:
        return sheet_of(http.get(path, {**params, "startingAfter": cursor}))
    except (NotFound, RequestRejected) as error:
        # Undocumented; the same request without the cursor was good, so the cursor's row is what is gone.
        raise Doubt(f"row {cursor}, after which the next page starts, is gone ({error.message})") from error


def _cursor(sheet: Sheet, number: int) -> str:
    if not sheet.rows:
        raise Doubt(f"page {number} has no rows, and yet more are said to follow")
    last = sheet.rows[-1]
    cursor = plain_id(last) if isinstance(last, dict) else None
    if cursor is None:
        raise Doubt(f"the last row of page {number} has no id to go on from")
    return cursor


def _look_for_repeats(sheet: Sheet, seen: set[str], key: Key, number: int) -> None:
    """Raises Doubt for rows of earlier pages: the cursor did not do what it should, or goes round."""
    keys = {name for row in sheet.rows if isinstance(row, dict) and (name := key(row)) is not None}
    again = len(keys & seen)
    if again:
        raise Doubt(f"page {number} repeats {again} rows of the pages before")
    seen |= keys


def sheet_of(answer: Answer) -> Sheet:
    """The page of a collection in an answer. Raises ContractError when it is none."""
    document = answer.document if isinstance(answer.document, dict) else {}
    rows, more = document.get("results"), document.get("hasMore")
    if not isinstance(rows, list) or not isinstance(more, bool):
        raise ContractError(
            f"answered {answer.url} without a collection of results and hasMore: does the URL lead to Ruddr, "
            "and end in /api/workspace?",
            service=SERVICE, url=answer.url, status=answer.status,
        )  # fmt: skip
    return Sheet(Page(answer.url, answer.body, answer.fetched_at, len(rows)), rows, more)
