"""Reading a listing page by page, and being honest about how that ended."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from queue import Full, Queue
from typing import Any, TypeVar

from connectors.errors import ConnectorError
from connectors.page import Page

log = logging.getLogger("crewtally.listing")

REREADS = 2

ATTEMPT_BITS = 28
"""Above these bits of a page's place stands which reading it is of; a reading has fewer pages than that."""


def last_reading(places: Iterable[int]) -> int:
    """Where the last reading begins, given the places of all pages: those below it were given up."""
    return max(places, default=0) >> ATTEMPT_BITS << ATTEMPT_BITS


Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Doubt(Exception):
    """A reading may have missed rows. Its pages stand; the listing is read again."""


class Reading:
    """A `Listing` over readings that raise `Doubt` when rows may have been missed.

    A doubtful reading is repeated, up to REREADS times, and its pages come again, at places after the others:
    of a row that comes twice the last one is the newer. Pages that have no place yet stand as they come. The
    pages of all readings together hold every row that stood still, so the listing is `complete` as soon as
    one reading raised no doubt; what only the others have shown may be gone (`last_reading`). A
    ConnectorError before the first page is raised; a later one ends the listing, incomplete.
    """

    def __init__(self, read: Callable[[], Iterator[Page]]) -> None:
        self._read = read
        self.complete = False
        self.incomplete_reason: str | None = "the listing was not read to its end"

    def __iter__(self) -> Iterator[Page]:
        began = False
        for attempt in range(REREADS + 1):
            try:
                for number, page in enumerate(self._read(), 1):
                    began = True
                    yield replace(page, place=(attempt << ATTEMPT_BITS) + (page.place or number))
            except Doubt as doubt:
                self.incomplete_reason = str(doubt)
                log.warning("%s%s", doubt, "; reading again" if attempt < REREADS else "")
            except ConnectorError as error:
                if not began:
                    raise
                self.incomplete_reason = str(error)
                log.warning("the listing ends early: %s", error)
                return
            else:
                self.complete, self.incomplete_reason = True, None
                return


def together(parts: Sequence[Callable[[], Iterator[Answer]]], most: int) -> Iterator[Answer]:
    """What the parts yield, as it comes; `most` of them are read at a time, the first ones first.

    A part that is far ahead waits until what it yielded is taken. What one raises ends them all.
    """
    # Whether it is an answer, and the answer, or else how a part ended: None, or what it raised.
    ready: Queue[tuple[bool, Any]] = Queue(maxsize=2 * most)
    stop = threading.Event()

    def hand_over(is_answer: bool, what: object) -> None:
        while not stop.is_set():
            with suppress(Full):
                ready.put((is_answer, what), timeout=0.1)
                return

    def read(part: Callable[[], Iterator[Answer]]) -> None:
        try:
            for answer in part():
                hand_over(True, answer)
                if stop.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised where the answers are taken
            hand_over(False, error)
        else:
            hand_over(False, None)

    with ThreadPoolExecutor(most, thread_name_prefix="together") as pool:
        try:
            left = [pool.submit(read, part) for part in parts]
            while left:
                is_answer, what = ready.get()
                if is_answer:
                    yield what
                elif what is not None:
                    raise what
                else:
                    left.pop()
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def evenly(items: Sequence[Any], number: int) -> list[Any]:
    """At most so many of the items, evenly spread."""
    number = max(0, min(number, len(items)))
    return [items[(2 * n + 1) * len(items) // (2 * number)] for n in range(number)]


def wider(start: date | None, end: date | None) -> tuple[date | None, date | None]:
    """The window with a day more at each end: whether services count the ends in is not certain."""
    day = timedelta(days=1)
    first = start if start in (None, date.min) else start - day
    last = end if end in (None, date.max) else end + day
    return first, last


def ahead(
    ask: Callable[[Question], Answer], questions: Iterable[Question], most: int, hands: int = 0
) -> Iterator[tuple[Question, Answer]]:
    """Each question with its answer, in order; the next ones are under way while an answer is dealt with.

    One at first: whoever stops there has asked nothing in vain. Then `most` at a time, and as many again wait
    in line: no time is lost while an answer is dealt with. `hands` are threads beyond `most`, for an `ask`
    that reads its answers too, and itself lets no more than `most` be asked at a time. What `ask` raises is
    raised where its answer would come.
    """
    left = iter(questions)
    under_way: deque[tuple[Question, Future[Answer]]] = deque()
    pool = ThreadPoolExecutor(most + hands, thread_name_prefix="ahead")
    try:
        width = 1
        while True:
            for question in islice(left, max(0, width - len(under_way))):
                under_way.append((question, pool.submit(ask, question)))
            if not under_way:
                return
            question, answer = under_way.popleft()
            yield question, answer.result()
            width = 2 * most
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # nobody waits for what was asked in vain
