"""A long listing is read in parts at a time, and no row is lost between them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import errors
from connectors.answers import Answer
from connectors.http import Limits
from connectors.listing import Reading, evenly
from connectors.parsing import plain_id
from connectors.ruddr import cuts, paging
from connectors.ruddr.client import Ruddr

TOKEN = "tok3n"
QUICK = Limits(total_seconds=10, backoff_seconds=0.01, read_seconds=5, tries=3)
START = datetime(2026, 1, 1, tzinfo=UTC)
MEMBERS = [f"m{n}" for n in range(61)]


def row(number: int, **fields: Any) -> dict[str, Any]:
    created = START - timedelta(minutes=number)
    return {
        "id": f"a{number}", "entity": "allocation", "createdAt": created.isoformat(timespec="milliseconds"),
        "member": {"id": MEMBERS[number % len(MEMBERS)]}, **fields,
    }  # fmt: skip


class Workspace:
    """Rows behind a cursor and a filter by member; counts the requests under way."""

    def __init__(self, service: Any, reply: Any, rows: int) -> None:
        self.rows = [row(n) for n in range(rows)]
        self.reply = reply
        self.before: Callable[[Any], Any] = lambda _request: None
        self.delay = 0.0
        self.now = self.most = 0
        self._lock = threading.Lock()
        self.service = service
        service.script = self.answer

    def answer(self, request: Any) -> Any:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.delay)
        with self._lock:
            self.now -= 1
            return self.before(request) or self.page(request.query)

    def page(self, query: dict[str, str]) -> Any:
        rows = [r for r in self.rows if query.get("memberId") in (None, r["member"]["id"])]
        first, cursor = 0, query.get("startingAfter")
        if cursor is not None:
            places = [n for n, r in enumerate(rows) if r["id"] == cursor]
            if not places:
                return self.reply({"status": 404, "message": "No such cursor"}, status=404)
            first = places[0] + 1
        last = first + int(query["limit"])
        return self.reply({"results": rows[first:last], "hasMore": last < len(rows)})

    @property
    def asked(self) -> list[Any]:
        return [request for request in self.service.requests if "memberId" not in request.query]


@pytest.fixture
def workspace(service: Any, reply: Any) -> Workspace:
    return Workspace(service, reply, 600)


def read(workspace: Workspace, members: list[str] = MEMBERS) -> tuple[Any, list[str]]:
    with Ruddr(f"{workspace.service.origin}/api/workspace", TOKEN, limit=10, limits=QUICK) as client:
        listing = client.list("allocations", members=members)
        pages = sorted(listing, key=lambda page: page.place)
        return listing, [r["id"] for page in pages for r in json.loads(page.body)["results"]]


def test_parts_are_read_at_a_time_and_make_up_the_whole(workspace):
    workspace.delay = 0.01
    listing, found = read(workspace)

    assert listing.complete
    assert list(dict.fromkeys(found)) == [f"a{n}" for n in range(600)]  # in order, once seams are taken out
    assert workspace.most == QUICK.concurrency
    # 60 pages; a part more is at most a page more.
    assert len(workspace.asked) <= 60 + cuts.MOST_PARTS


def test_without_members_there_are_no_parts(workspace):
    assert len(set(read(workspace, [])[1])) == 600
    assert (workspace.most, len(workspace.asked)) == (1, 60)


def test_a_short_listing_is_not_cut(workspace):
    workspace.rows = workspace.rows[:40]

    assert len(read(workspace)[1]) == 40
    assert [request for request in workspace.service.requests if "memberId" in request.query] == []


def test_where_the_parts_cannot_be_found_the_listing_is_read_in_one(workspace):
    workspace.before = lambda request: (
        workspace.reply({"status": 400, "message": "bad"}, status=400)
        if "memberId" in request.query
        else None
    )
    listing, found = read(workspace)

    assert (listing.complete, len(found), len(workspace.asked)) == (True, 600, 60)


def test_a_row_that_vanishes_while_it_is_cut_at_is_healed(workspace):
    cursors: list[str] = []

    def before(request: Any) -> None:
        cursor = request.query.get("startingAfter")
        if cursor is not None and len(cursors) < paging.PAGES_BEFORE_CUT + 3:
            cursors.append(cursor)
            if len(cursors) == paging.PAGES_BEFORE_CUT + 3:
                workspace.rows = [r for r in workspace.rows if r["id"] != cursor]

    workspace.before = before
    listing, found = read(workspace)

    assert listing.complete
    assert {f"a{n}" for n in range(600)} - set(found) <= {cursors[-1]}


def test_a_failure_in_one_part_ends_the_listing_with_the_reason(workspace):
    broken = "a437"

    def before(request: Any) -> Any:
        if any(r["id"] == broken for r in json.loads(workspace.page(request.query).content)["results"]):
            return workspace.reply({"status": 500, "message": "oops"}, status=500)
        return None

    workspace.before = lambda request: None if "memberId" in request.query else before(request)
    listing, found = read(workspace)

    assert not listing.complete
    assert "HTTP 500" in listing.incomplete_reason
    assert broken not in found


def test_read_only_rows_never_end_a_part(workspace):
    """Their ids may stand in the listing twice."""
    workspace.rows = [
        row(n, id=f"t{n % 7}" if n % 2 else f"a{n}", entity=["allocation", "time_entry"][n % 2])
        for n in range(600)
    ]
    last = workspace.rows[10]
    params = {"limit": 10}
    with Ruddr(f"{workspace.service.origin}/api/workspace", TOKEN, limits=QUICK) as client:
        found = cuts.find_cuts(client.http, params, MEMBERS, last)

    assert found
    assert all(row_id.startswith("a") for row_id in found)


def test_cuts_run_in_the_order_of_the_listing_after_the_last_row(workspace):
    with Ruddr(f"{workspace.service.origin}/api/workspace", TOKEN, limits=QUICK) as client:
        found = [int(row_id[1:]) for row_id in cuts.find_cuts(client.http, {"limit": 10}, MEMBERS, row(40))]

    assert found == sorted(set(found))
    assert found[0] > 40


def test_evenly() -> None:
    assert evenly([], 3) == []
    assert evenly([1, 2], 0) == []
    assert evenly([1, 2, 3], 9) == [1, 2, 3]
    assert evenly(list(range(100)), 4) == [12, 37, 62, 87]


# The law: whatever the cuts, and whatever comes or goes, a reading without doubt holds what stood still.


class Moving:
    """A listing that changes between two requests."""

    def __init__(self, rows: int, edits: list[tuple[int, int, bool]]) -> None:
        self.ids = [f"a{n}" for n in range(rows)]
        self.edits = edits
        self.limits = SimpleNamespace(concurrency=3)
        self.requests = 0
        self.gone: set[str] = set()
        self._lock = threading.Lock()

    def get(self, _path: str, params: Any) -> Answer:
        with self._lock:
            self.requests += 1
            for request, place, is_new in self.edits:
                if request == self.requests and self.ids:
                    self.edit(place % len(self.ids), is_new)
            return self.answer(params.get("startingAfter"), params["limit"])

    def edit(self, place: int, is_new: bool) -> None:
        if is_new:
            self.ids.insert(0, f"new{self.requests}")
        else:
            self.gone.add(self.ids.pop(place))

    def answer(self, cursor: str | None, limit: int) -> Answer:
        if cursor is not None and cursor not in self.ids:
            raise errors.NotFound("gone", service="t")
        first = 0 if cursor is None else self.ids.index(cursor) + 1
        document = {
            "results": [{"id": row_id} for row_id in self.ids[first : first + limit]],
            "hasMore": first + limit < len(self.ids),
        }
        return Answer(
            "t", "GET", "http://t.test", 200, {}, json.dumps(document).encode(), document, True, START
        )


@given(
    rows=st.integers(0, 60),
    edits=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 60), st.booleans()), max_size=5),
    cut_at=st.lists(st.integers(0, 60), max_size=5),
)
def test_a_reading_without_doubt_holds_every_row_that_stood_still(
    rows: int, edits: list[tuple[int, int, bool]], cut_at: list[int]
) -> None:
    service: Any = Moving(rows, edits)
    collection = paging.Collection(service, "/allocations", {"limit": 3}, plain_id)
    listing = Reading(lambda: collection.read(lambda _last: [f"a{n}" for n in cut_at if n < rows]))
    found = {r["id"] for page in listing for r in json.loads(page.body)["results"]}
    if listing.complete:
        assert {f"a{n}" for n in range(rows)} - service.gone <= found
    else:
        assert edits
