"""Reading a collection of 10,000ft whole: pages by number, over a set that may change meanwhile.

A row deleted before the edge of a page already read pulls the next row over that edge, and it is never
read; a row inserted makes another come twice. The service gives no total and no version, so a reading
checks itself: every page but the last is full, no row comes twice, and afterwards the last row of each page
still stands where it was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.answers import Answer
from connectors.errors import ContractError
from connectors.http import Http
from connectors.listing import Doubt
from connectors.page import Page
from connectors.tenthousandft.wire import SERVICE

_EMPTY_PAGES = 3
_SHOWN_DOUBTS = 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a collection with its rows, its place, and the link to the next (relative to the host)."""

    page: Page
    rows: list[Any]
    number: int | None
    per_page: int | None
    next: str | None


@dataclass(slots=True)
class _Book:
    """What one reading has seen, and what makes it doubtful."""

    per_page: int
    pages: int = 0
    empty: int = 0
    number: int = 0
    seen: set[object] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    edges: list[tuple[int, object]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def enter(self, sheet: Sheet) -> None:
        """Books a page. Raises Doubt where going on would lead nowhere."""
        previous, self.number = self.number, sheet.number or self.pages + 1
        self.pages += 1
        self.empty += not sheet.rows
        if self.number <= previous:
            raise Doubt(f"after page {previous} comes page {self.number}: the listing goes round in circles")
        if self.empty > _EMPTY_PAGES:
            raise Doubt(f"{self.empty} pages without a row, and each names a next one")
        self._enter_rows(sheet)

    def _enter_rows(self, sheet: Sheet) -> None:
        size = sheet.per_page or self.per_page
        if sheet.next and len(sheet.rows) < size:
            self.doubts.append(f"page {self.number} holds {len(sheet.rows)} rows of {size}, and more follow")
        ids = {row_id for row in sheet.rows if (row_id := id_of(row)) is not None}
        again = len(ids & self.seen)
        if again:
            self.doubts.append(f"page {self.number} repeats {again} rows of the pages before")
        if ids and again == len(ids):
            self.settle()
        self.seen |= ids
        if sheet.rows:
            self.edges.append(((self.number - 1) * size + len(sheet.rows), _mark(sheet.rows[-1])))

    def follow(self, link: str) -> None:
        """Books a link to the next page. Raises Doubt when it was followed before."""
        if link in self.links:
            raise Doubt(f"page {self.number} links back to a page already read")
        self.links.add(link)

    def settle(self) -> None:
        """Raises Doubt if there is any."""
        if self.doubts:
            raise Doubt("; ".join(self.doubts[:_SHOWN_DOUBTS]))


def read_collection(
    http: Http, path: str, params: Mapping[str, Any], *, per_page: int, probe: bool
) -> Iterator[Sheet]:
    """Every page of a collection, once. Raises Doubt, after the last page, when rows may be missing.

    With `probe`, and where there is more than one page, the place of each page's last row is asked for
    again: a small request a page.
    """
    book = _Book(per_page)
    answer = http.get(path, {**params, "per_page": per_page, "page": 1})
    while True:
        sheet = sheet_of(answer)
        yield sheet
        book.enter(sheet)
        if sheet.next is None:
            break
        book.follow(sheet.next)
        answer = http.get(http.same_origin(sheet.next))
    book.settle()
    if probe and book.pages > 1:
        _check_edges(http, path, params, book)
    book.settle()


def _check_edges(http: Http, path: str, params: Mapping[str, Any], book: _Book) -> None:
    for position, mark in book.edges:
        rows = sheet_of(http.get(path, {**params, "per_page": 1, "page": position})).rows
        if [_mark(row) for row in rows] != [mark]:
            book.doubts.append(f"row {position} was {mark} when it was read and is another one now")


def sheet_of(answer: Answer) -> Sheet:
    """The page of a collection in an answer. Raises ContractError when it is none."""
    document = answer.document if isinstance(answer.document, dict) else {}
    rows, paging = document.get("data"), document.get("paging")
    if not isinstance(rows, list) or not isinstance(paging, dict):
        raise ContractError(
            f"answered {answer.url} without a collection of data and paging: does the URL lead to 10,000ft, "
            "and end in /api/v1?",
            service=SERVICE, url=answer.url, status=answer.status,
        )  # fmt: skip
    page = Page(answer.url, answer.body, answer.fetched_at, len(rows))
    link = paging.get("next")
    return Sheet(
        page, rows, _count(paging.get("page")), _count(paging.get("per_page")), str(link) if link else None
    )


def id_of(row: object) -> int | str | None:
    """The id of a row, None for a row without a readable one."""
    value = row.get("id") if isinstance(row, dict) else None
    return value if isinstance(value, int | str) else None


def _mark(row: object) -> object:
    """What a row is recognised by: its id, else all of it."""
    return id_of(row) or repr(row)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
