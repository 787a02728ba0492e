"""Reading a collection of Ruddr whole: by cursor, newest first.

Rows that come or go elsewhere do not shift a cursor; but its own row may vanish (the service then answers
400 or 404), and a page may come empty, or with rows already read. Each of these makes a reading doubtful.

A cursor is followed one page after another. A long listing is therefore cut at rows known to stand in it: a
part begins after such a row, and the part before it ends where it meets that row. So nothing can lie between
two parts; one that does not meet its end reads on to the end of the listing (docs/decisions/0010).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

from connectors.answers import Answer
from connectors.errors import ContractError, NotFound, RequestRejected
from connectors.http import Http
from connectors.listing import Doubt, together
from connectors.page import Look, Page
from connectors.parsing import plain_id
from connectors.ruddr.wire import SERVICE

Key = Callable[[Mapping[str, Any]], str | None]
Cut = Callable[[Mapping[str, Any]], Sequence[str]]
"""Given the last row read: ids of rows after it, in the order of the listing, to cut at; may be none."""

PAGES_BEFORE_CUT = 4
"""A listing that has ended by then is not worth the requests that find where to cut it."""

_PART_BITS = 18


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a collection with its rows; `more` says that others follow."""

    page: Page
    rows: list[Any]
    more: bool


@dataclass(slots=True)
class _Seen:
    """What one part has shown so far, as far as it is needed to see that the cursor does what it should."""

    key: Key
    pages: int = 0
    before: set[str] = field(default_factory=set)
    cursors: set[str] = field(default_factory=set)

    def enter(self, sheet: Sheet) -> None:
        """Books a page. Raises Doubt for rows of the page before: the cursor is ignored, or stands still."""
        self.pages += 1
        keys = {name for row in sheet.rows if isinstance(row, dict) and (name := self.key(row)) is not None}
        again = len(keys & self.before)
        if again:
            raise Doubt(f"page {self.pages} repeats {again} rows of the page before")
        self.before = keys

    def cursor(self, sheet: Sheet) -> str:
        """The id after which the next page starts. Raises Doubt for none, and for one met before."""
        if not sheet.rows:
            raise Doubt(f"page {self.pages} has no rows, and yet more are said to follow")
        last = sheet.rows[-1]
        cursor = plain_id(last) if isinstance(last, dict) else None
        if cursor is None:
            raise Doubt(f"the last row of page {self.pages} has no id to go on from")
        if cursor in self.cursors:
            raise Doubt(f"page {self.pages} ends like one before: the listing goes round in circles")
        self.cursors.add(cursor)
        return cursor


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as it is asked for. `params` include the limit, `key` names a row.

    `look` is called with the body of each page, on the thread that fetched it.
    """

    http: Http
    path: str
    params: Mapping[str, Any]
    key: Key
    look: Look | None = None

    def read(self, cut: Cut | None = None) -> Iterator[Page]:
        """Every page, once; in parts, as they come, where `cut` finds any. Raises Doubt for missing rows."""
        for number, sheet in enumerate(self._part(None, None), 1):
            yield replace(sheet.page, place=number)
            if cut is not None and number == PAGES_BEFORE_CUT and sheet.more and _id(sheet.rows[-1:]):
                ids = cut(sheet.rows[-1])
                if ids:
                    yield from self._read_parts([*_id(sheet.rows[-1:]), *ids])
                    return

    def _read_parts(self, cuts: Sequence[str]) -> Iterator[Page]:
        parts = [
            partial(self._placed, number, after, until)
            for number, (after, until) in enumerate(pairwise([*cuts, None]), 1)
        ]
        return together(parts, self.http.limits.concurrency)

    def _placed(self, part: int, after: str | None, until: str | None) -> Iterator[Page]:
        for number, sheet in enumerate(self._part(after, until), 1):
            yield replace(sheet.page, place=(part << _PART_BITS) + number)

    def _part(self, after: str | None, until: str | None) -> Iterator[Sheet]:
        """Pages after one row up to the page with another; None: from the beginning, to the end."""
        seen = _Seen(self.key)
        sheet = self._ask(after)
        while True:
            yield sheet
            seen.enter(sheet)
            if not sheet.more or until in _id(sheet.rows):
                return
            sheet = self._ask(seen.cursor(sheet))

    def _ask(self, cursor: str | None) -> Sheet:
        if cursor is None:
            return sheet_of(self.http.get(self.path, self.params), self.look)
        try:
            return sheet_of(self.http.get(self.path, {**self.params, "startingAfter": cursor}), self.look)
        except (NotFound, RequestRejected) as error:
            # Undocumented; the same request without the cursor was good, so the cursor's row is what is gone.
            raise Doubt(
                f"row {cursor}, after which the next page starts, is gone ({error.message})"
            ) from error


def _id(rows: list[Any]) -> list[str]:
    return [row_id for row in rows if isinstance(row, dict) and (row_id := plain_id(row)) is not None]


def sheet_of(answer: Answer, look: Look | None = None) -> Sheet:
    """The page of a collection in an answer. Raises ContractError when it is none."""
    document = answer.document if isinstance(answer.document, dict) else {}
    rows, more = document.get("results"), document.get("hasMore")
    if not isinstance(rows, list) or not isinstance(more, bool):
        raise ContractError(
            f"answered {answer.url} without a collection of results and hasMore: does the URL lead to Ruddr, "
            "and end in /api/workspace?",
            service=SERVICE, url=answer.url, status=answer.status,
        )  # fmt: skip
    glance = look(answer.body) if look else None
    return Sheet(Page(answer.url, answer.body, answer.fetched_at, len(rows), glance=glance), rows, more)
