"""Reading a listing page by page, and being honest about how that ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from connectors.errors import ConnectorError
from connectors.page import Page

log = logging.getLogger("crewtally.listing")

REREADS = 2


class Doubt(Exception):
    """A reading may have missed rows. Its pages stand; the listing is read again."""


class Reading:
    """A `Listing` over readings that raise `Doubt` when rows may have been missed.

    A doubtful reading is repeated, up to REREADS times, and its pages come again: of a row that comes twice
    the last one is the newer. The pages of all readings together hold every row that stood still, so the
    listing is `complete` as soon as one reading raised no doubt. A ConnectorError before the first page is
    raised; a later one ends the listing, incomplete.
    """

    def __init__(self, read: Callable[[], Iterator[Page]]) -> None:
        self._read = read
        self.complete = False
        self.incomplete_reason: str | None = "the listing was not read to its end"

    def __iter__(self) -> Iterator[Page]:
        began = False
        for remaining in range(REREADS, -1, -1):
            try:
                for page in self._read():
                    began = True
                    yield page
            except Doubt as doubt:
                self.incomplete_reason = str(doubt)
                log.warning("%s%s", doubt, "; reading again" if remaining else "")
            except ConnectorError as error:
                if not began:
                    raise
                self.incomplete_reason = str(error)
                log.warning("the listing ends early: %s", error)
                return
            else:
                self.complete, self.incomplete_reason = True, None
                return


def wider(start: date | None, end: date | None) -> tuple[date | None, date | None]:
    """The window with a day more at each end: whether services count the ends in is not certain."""
    day = timedelta(days=1)
    first = start if start in (None, date.min) else start - day
    last = end if end in (None, date.max) else end + day
    return first, last
