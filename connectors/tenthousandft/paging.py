"""Reading a collection of 10,000ft whole: numbered pages, over a set that may change meanwhile.

A row deleted before the end of a page already read pulls the next row over that end, and it is never read.
The service gives no total and no version. So pages overlap: each is asked for in a size that makes it begin
some rows before the one before it ended (`spans`). Two pages that share a row leave no gap between them,
whenever each was read and whatever moved: a row that stood still comes before the shared row or after it,
and so is on one of the pages up to here, or on a later one (docs/decisions/0010). Tiny pages cannot always
overlap; then the page before is asked for again, and must still be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypedDict

from connectors.answers import Answer, decode
from connectors.errors import ContractError
from connectors.http import Decoder, Http
from connectors.listing import Doubt, ahead
from connectors.page import Glance, Look, Page
from connectors.tenthousandft.wire import SERVICE

_EMPTY_PAGES = 3
_SHOWN_DOUBTS = 3
_HEAD_BYTES = 2048

HANDS = 4
"""Threads beyond the requests allowed at a time: they read bodies, so that no request waits for that."""

Span = tuple[int, int]
"""Number and size of a page: page n of size s holds the rows from (n - 1) * s up to n * s."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a collection with its place; `more` says that others follow.

    `ids` are those of its rows, or of a few of them where the caller's glance was enough.
    """

    page: Page
    rows: list[Any]
    ids: frozenset[str]
    number: int | None
    per_page: int | None
    more: bool

    def all_ids(self) -> frozenset[str]:
        return self.ids if self.page.glance is None else _ids(_outline(self.page.body)["data"])


@dataclass(slots=True)
class _Book:
    """What one reading knows of the page before, and what makes the reading doubtful."""

    ask: Callable[[Span], Sheet]
    span: Span
    before: Sheet
    pages: int = 1
    empty: int = 0
    doubts: list[str] = field(default_factory=list)

    def joins(self, span: Span, sheet: Sheet) -> bool:
        """Whether no row can lie between the page before and this one."""
        if not self.before.ids.isdisjoint(sheet.ids):
            return True
        before = self.before.all_ids()
        if not before.isdisjoint(sheet.all_ids()):
            return True
        overlaps = (span[0] - 1) * span[1] < self.span[0] * self.span[1]
        return not overlaps and self.ask(self.span).all_ids() == before

    def enter(self, span: Span, sheet: Sheet) -> None:
        """Books the next page. Raises Doubt where going on would lead nowhere."""
        self.pages += 1
        self.empty += not sheet.page.rows
        if sheet.number not in (None, span[0]):
            raise Doubt(f"page {span[0]} was asked for, and page {sheet.number} came")
        if self.empty > _EMPTY_PAGES:
            raise Doubt(f"{self.empty} pages without a row, and each names a next one")
        if sheet.more and sheet.ids and sheet.ids <= self.before.ids and self._has_nothing_new(sheet):
            raise Doubt(f"page {self.pages} brings no new row, and yet names a next one")
        if not self.joins(span, sheet):
            self.doubts.append(f"pages {self.pages - 1} and {self.pages} share no row: some may lie between")
        self.look_at(sheet, span[1])
        self.span, self.before = span, sheet

    def _has_nothing_new(self, sheet: Sheet) -> bool:
        return sheet.all_ids() <= self.before.all_ids()

    def look_at(self, sheet: Sheet, size: int) -> None:
        rows = sheet.page.rows
        if sheet.more and rows < size:
            self.doubts.append(f"page {self.pages} holds {rows} rows of {size}, and more follow")

    def settle(self) -> None:
        """Raises Doubt if there is any."""
        if self.doubts:
            raise Doubt("; ".join(self.doubts[:_SHOWN_DOUBTS]))


def read_collection(
    http: Http,
    path: str,
    params: Mapping[str, Any],
    *,
    per_page: int,
    whole: bool = False,
    look: Look | None = None,
) -> Iterator[Sheet]:
    """Every page of a collection, in order. Raises Doubt, after the last page, when rows may be missing.

    Several pages are under way at a time. `rows` hold ids only, unless they are wanted `whole`.
    """
    decoder = _glanced(look) if look else decode if whole else _outline

    def ask(span: Span) -> Sheet:
        asked = {**params, "per_page": span[1], "page": span[0]}
        return sheet_of(http.get(path, asked, decoder=decoder))

    first = ask((1, per_page))
    yield first
    most = first.per_page or per_page  # the service may give less than it is asked for
    book = _Book(ask, (1, most), first)
    book.look_at(first, most)
    sheets = ahead(ask, spans(most), http.limits.concurrency, HANDS)
    for span, answer in sheets if first.more else ():
        sheet = answer if book.joins(span, answer) else ask(span)  # what made it go wrong may have passed
        yield sheet
        book.enter(span, sheet)
        if not sheet.more:
            break
    book.settle()


def spans(most: int) -> Iterator[Span]:
    """The pages after the first, of at most `most` rows: each begins before the end of the one before it.

    Of all sizes whose pages begin a hundredth of `most` before that end, or more, the one that reaches
    farthest: at 1,000 rows a page that costs some five requests in a hundred. Where there is no such size,
    which takes pages of fewer than 20 rows, a page begins right at that end.
    """
    end, overlap = most, max(1, most // 100)
    while True:
        sizes = [s for s in range(2, most + 1) if end % s >= overlap]
        sizes = sizes or [s for s in range(2, most + 1) if end % s] or [most]
        size = max(sizes, key=lambda s: s - end % s)
        number = end // size + 1
        yield number, size
        end = number * size


class _RowOutline(TypedDict, total=False):
    id: int | str | None


class _PageOutline(TypedDict):
    paging: dict[str, Any]
    data: list[_RowOutline]


_OUTLINE = TypeAdapter(_PageOutline)


def _outline(body: bytes) -> Any:
    """Of a page as much as paging needs, at a third of the cost. Any other body is read whole."""
    try:
        return _OUTLINE.validate_json(body, strict=True)
    except ValidationError:
        return decode(body)


def _glanced(look: Look) -> Decoder:
    """Reads a page of which the caller makes something: its paging, and the glance in place of the rows."""

    def read(body: bytes) -> Any:
        glance = look(body)
        paging = _head(body) if glance else None
        return {"paging": paging, "data": glance} if paging is not None else _outline(body)

    return read


def _head(body: bytes) -> dict[str, Any] | None:
    """The paging of a page that begins with it, as pages do; None for any other."""
    if body.rfind(b'"paging"', _HEAD_BYTES) >= 0:  # of two the last one counts; rfind: twice as fast as find
        return None
    try:
        head = from_json(body[:_HEAD_BYTES], allow_partial=True)
    except ValueError:
        return None
    paging = head.get("paging") if isinstance(head, dict) and "data" in head else None
    return paging if isinstance(paging, dict) else None


def sheet_of(answer: Answer) -> Sheet:
    """The page of a collection in an answer. Raises ContractError when it is none."""
    document = answer.document if isinstance(answer.document, dict) else {}
    data, paging = document.get("data"), document.get("paging")
    if not isinstance(data, list | Glance) or not isinstance(paging, dict):
        raise ContractError(
            f"answered {answer.url} without a collection of data and paging: does the URL lead to 10,000ft, "
            "and end in /api/v1?",
            service=SERVICE, url=answer.url, status=answer.status,
        )  # fmt: skip
    glance, rows = (data, []) if isinstance(data, Glance) else (None, data)
    count = glance.rows if glance else len(rows)
    return Sheet(
        page=Page(answer.url, answer.body, answer.fetched_at, count, glance=glance),
        rows=rows,
        ids=glance.ids if glance else _ids(rows),
        number=_count(paging.get("page")),
        per_page=_count(paging.get("per_page")),
        more=bool(paging.get("next")),
    )


def _ids(rows: list[Any]) -> frozenset[str]:
    return frozenset(filter(None, map(id_of, rows)))


def id_of(row: object) -> str | None:
    """The id of a row as text, None for a row without a readable one."""
    value = row.get("id") if isinstance(row, dict) else None
    return str(value) if isinstance(value, int | str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
