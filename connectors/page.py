"""What every connector hands on: raw pages, byte for byte, and how the reading of a listing ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Glance:
    """What the caller of a listing made of a page (`made`), and what paging needs of it.

    `rows` counts the records on the page; `ids` are those of some of them, the first and the last.
    """

    rows: int
    ids: frozenset[str]
    made: Any


Look = Callable[[bytes], Glance | None]
"""What the caller makes of a body, on the thread that fetched it; None: nothing, the connector reads it."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing as it came over the wire.

    `url` carries no secret. `body` is the decoded response body, unchanged. `fetched_at` is UTC.
    `rows` counts the records on the page, whether or not they keep to the contract. `place` orders the pages
    of a listing, which may come in another order; of a row that comes twice the one at the last place counts.
    `glance` is what the caller made of the body meanwhile, where it asked for that (`Look`).
    """

    url: str
    body: bytes
    fetched_at: datetime
    rows: int
    place: int = 0
    glance: Glance | None = None


class Listing(Protocol):
    """Pages of one stream over one window, read once, each at a `place` of its own.

    Iterate first; then `complete` says whether the pages together are the whole listing, and
    `incomplete_reason` why not (None when complete). A listing that fails before its first page raises
    the connector's error; one that fails later ends early with `complete` False.
    """

    complete: bool
    incomplete_reason: str | None

    def __iter__(self) -> Iterator[Page]: ...
