"""The law of overlapping pages: a reading without doubt holds every row that stood still meanwhile."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from itertools import islice, pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import Answer
from connectors.listing import Reading
from connectors.page import Glance
from connectors.tenthousandft.paging import read_collection, spans

URL = "http://planner.test/api/v1/assignments"


class Moving:
    """A list that changes between two requests: `edits` are (request, place, delete or insert so many)."""

    def __init__(self, rows: int, edits: list[tuple[int, int, int]], concurrency: int) -> None:
        self.ids = list(range(1, rows + 1))
        self.edits = edits
        self.limits = SimpleNamespace(concurrency=concurrency)
        self.requests = 0
        self.gone: set[int] = set()
        self._lock = threading.Lock()

    def get(self, _path: str, params: Any, *, decoder: Any) -> Answer:
        with self._lock:
            self.requests += 1
            for request, place, count in self.edits:
                if request == self.requests:
                    self.edit(place % (len(self.ids) + 1), count)
            return self.answer(params["page"], params["per_page"], decoder)

    def edit(self, place: int, count: int) -> None:
        if count < 0:
            self.gone.update(self.ids[place : place - count])
            del self.ids[place : place - count]
        else:
            self.ids[place:place] = [10_000 * self.requests + place + n for n in range(count)]

    def answer(self, page: int, size: int, decoder: Any) -> Answer:
        shown = self.ids[(page - 1) * size : page * size]
        following = "more" if page * size < len(self.ids) else None
        body = json.dumps(
            {
                "paging": {"page": page, "per_page": size, "next": following},
                "data": [{"id": row} for row in shown],
            }
        ).encode()
        return Answer("t", "GET", URL, 200, {}, body, decoder(body), True, datetime.now(UTC))


EDITS = st.lists(
    st.tuples(
        st.integers(1, 25), st.integers(0, 200), st.integers(-12, 12).filter(bool) | st.sampled_from([-1, 1])
    ),
    max_size=5,
)


def looking(shown: int) -> Any:
    """What a caller may see at first glance: how many rows there are, and the ids at either end."""

    def look(body: bytes) -> Glance | None:
        ids = [str(row["id"]) for row in json.loads(body)["data"]]
        return Glance(len(ids), frozenset(ids[:shown] + ids[-shown:]), None) if ids else None

    return look


@given(
    rows=st.integers(0, 150),
    edits=EDITS,
    size=st.sampled_from([20, 30, 50]),
    concurrency=st.integers(1, 3),
    look=st.sampled_from([None, looking(1), looking(5)]),
)
def test_a_reading_without_doubt_holds_every_row_that_stood_still(
    rows: int, edits: list[tuple[int, int, int]], size: int, concurrency: int, look: Any
) -> None:
    service: Any = Moving(rows, edits, concurrency)
    listing = Reading(
        lambda: (sheet.page for sheet in read_collection(service, URL, {}, per_page=size, look=look))
    )
    found = {row["id"] for page in listing for row in json.loads(page.body)["data"]}
    if listing.complete:
        assert set(range(1, rows + 1)) - service.gone <= found
    else:
        assert edits


@pytest.mark.parametrize("most", [20, 100, 500, 1000])
def test_pages_overlap_and_leave_nothing_out(most: int) -> None:
    places = [(0, most), *(((n - 1) * size, n * size) for n, size in islice(spans(most), 300))]

    assert all(start < end < next_end for (_, end), (start, next_end) in pairwise(places))
    assert max(end - start for start, end in places) == most


def test_overlapping_costs_five_requests_in_a_hundred() -> None:
    reached = [number * size for number, size in islice(spans(1000), 300)]

    assert next(pages for pages, end in enumerate(reached, start=2) if end >= 200_000) <= 211


def pages(rows: int, **options: Any) -> list[Any]:
    return [sheet.page for sheet in read_collection(Moving(rows, [], 2), URL, {}, per_page=50, **options)]  # type: ignore[arg-type]


def test_a_glance_goes_along_with_its_page_and_is_the_same_listing() -> None:
    whole, glanced = pages(149), pages(149, look=looking(3))

    assert [(page.body, page.rows) for page in glanced] == [(page.body, page.rows) for page in whole]
    assert all(page.glance is not None and page.glance.rows == page.rows for page in glanced)
    assert not any(page.glance for page in whole)


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[{"id":1}],"paging":{"page":1,"per_page":20,"next":null}}',
        b'{"paging":{"next":"/x"},"data":[{"id":1}]' + b" " * 3000 + b',"paging":{"page":1,"next":null}}',
        b'{"paging":{"page":1,"self":"' + b"x" * 3000 + b'","next":null},"data":[{"id":1}]}',
    ],
    ids=["behind the rows", "twice", "long"],
)
def test_paging_that_is_not_at_the_head_is_read_all_the_same(body: bytes) -> None:
    class Service:
        limits = SimpleNamespace(concurrency=1)

        def get(self, _path: str, _params: Any, *, decoder: Any) -> Answer:
            return Answer("t", "GET", URL, 200, {}, body, decoder(body), True, datetime.now(UTC))

    service: Any = Service()
    [sheet] = read_collection(service, URL, {}, per_page=20, look=looking(1))
    assert (sheet.page.rows, sheet.number, sheet.more) == (1, 1, False)
