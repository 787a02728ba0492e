"""Reading Ruddr whole, from a server whose cursor rows vanish."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from connectors import errors
from connectors.http import Limits
from connectors.ruddr.client import STREAMS, Ruddr

QUICK = Limits(total_seconds=5, backoff_seconds=0.01, read_seconds=2, tries=3)
TOKEN = "tok3n"


class Planner:
    """A list of rows behind a cursor. `before` sees each request first, and may change rows or answer."""

    def __init__(self, service: Any, reply: Any) -> None:
        self.rows: list[Any] = [{"id": f"a{n}", "entity": "allocation"} for n in range(1, 8)]
        self.before: Callable[[Any], Any] = lambda _request: None
        self.service, self.reply = service, reply
        service.script = self.answer

    def answer(self, request: Any) -> Any:
        replaced = self.before(request)
        if replaced is not None:
            return replaced
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.reply({"status": 401, "message": "Unauthorized"}, status=401)
        if request.path == "/api/workspace":
            return self.reply({"id": "w1", "name": "Studio"})
        first = 0
        cursor = request.query.get("startingAfter")
        if cursor is not None:
            places = [n for n, row in enumerate(self.rows) if row["id"] == cursor]
            if not places:
                return self.reply({"status": 404, "message": "No such cursor"}, status=404)
            first = places[0] + 1
        last = first + int(request.query.get("limit", 10))
        return self.reply({"results": self.rows[first:last], "hasMore": last < len(self.rows)})

    @property
    def asked(self) -> list[Any]:
        return self.service.requests


@pytest.fixture
def planner(service: Any, reply: Any) -> Planner:
    return Planner(service, reply)


@pytest.fixture
def client(planner: Planner) -> Any:
    with Ruddr(f"{planner.service.origin}/api/workspace", TOKEN, limit=3, limits=QUICK) as client:
        yield client


def read(client: Ruddr, stream: str = "allocations", **asked: Any) -> tuple[Any, list[Any]]:
    """The listing and the ids read."""
    listing = client.list(stream, **asked)
    return listing, [row["id"] for page in listing for row in json.loads(page.body)["results"]]


def before_cursor(cursor: str, act: Callable[[], Any], times: int = 1) -> Callable[[Any], Any]:
    """Acts before the first requests that go on from this cursor."""
    left = [None] * times

    def before(request: Any) -> Any:
        if request.query.get("startingAfter") == cursor and left:
            left.pop()
            return act()
        return None

    return before


def test_all_pages_are_read(client, planner):
    listing, found = read(client)

    assert found == [f"a{n}" for n in range(1, 8)]
    assert (listing.complete, listing.incomplete_reason) == (True, None)
    assert [request.query.get("startingAfter") for request in planner.asked] == [None, "a3", "a6"]
    assert all(request.query["limit"] == "3" for request in planner.asked)


@pytest.mark.parametrize(
    ("stream", "target"),
    [
        ("members", "/members?limit=3"),
        ("placeholders", "/resource-placeholders?limit=3"),
        ("projects", "/projects?limit=3"),
        ("tasks", "/project-tasks?limit=3"),
        (
            "allocations",
            "/allocations?startOnBefore=2026-02-01&endOnAfter=2025-12-31&assignmentTypeId=time_off&limit=3",
        ),
    ],
)
def test_what_each_stream_asks_for(client, planner, stream, target):
    list(client.list(stream, start=date(2026, 1, 1), end=date(2026, 1, 31), assignment_type="time_off"))

    assert planner.asked[0].target == f"/api/workspace{target}"


def test_rows_that_come_or_go_elsewhere_do_not_shift_the_cursor(client, planner):
    def act() -> None:
        planner.rows.pop(0)
        planner.rows.insert(0, {"id": "new", "entity": "allocation"})

    planner.before = before_cursor("a3", act)
    listing, found = read(client)

    assert found == [f"a{n}" for n in range(1, 8)]
    assert listing.complete


@pytest.mark.parametrize("status", [400, 404])
def test_a_cursor_whose_row_vanished_starts_the_listing_again(client, planner, reply, status):
    def act() -> Any:
        planner.rows = [row for row in planner.rows if row["id"] != "a3"]
        return reply({"status": status, "message": "Invalid cursor"}, status=status)

    planner.before = before_cursor("a3", act)
    listing, found = read(client)

    assert found == ["a1", "a2", "a3", "a1", "a2", "a4", "a5", "a6", "a7"]
    assert listing.complete


def test_a_cursor_that_keeps_vanishing_leaves_the_listing_incomplete(client, planner, reply):
    planner.before = before_cursor("a3", lambda: reply({"message": "no"}, status=400), times=99)
    listing, _ = read(client)

    assert "row a3, after which the next page starts, is gone" in listing.incomplete_reason
    assert len(planner.asked) == 6


def test_an_empty_page_that_promises_more_is_read_again(client, planner, reply):
    planner.before = before_cursor("a3", lambda: reply({"results": [], "hasMore": True}))
    listing, found = read(client)

    assert set(found) == {f"a{n}" for n in range(1, 8)}
    assert listing.complete


def test_empty_pages_that_always_promise_more_do_not_hang(client, planner, reply):
    planner.before = lambda _request: reply({"results": [], "hasMore": True})
    listing, found = read(client)

    assert found == []
    assert "has no rows, and yet more are said to follow" in listing.incomplete_reason


def test_a_cursor_that_is_ignored_does_not_hang(client, planner, reply):
    page = {"results": planner.rows[:3], "hasMore": True}
    planner.before = lambda _request: reply(page)
    listing, _ = read(client)

    assert "page 2 repeats 3 rows" in listing.incomplete_reason
    assert len(planner.asked) == 6


def test_a_last_row_without_an_id_ends_the_listing(client, planner):
    planner.rows[2] = {"id": None}
    listing, _ = read(client)

    assert "the last row of page 1 has no id" in listing.incomplete_reason


def test_read_only_rows_may_share_an_id(client, planner):
    shared = {"id": "x", "entity": "time_entry", "resourceTypeId": "member", "end": "2026-01-01"}
    planner.rows = [
        {**shared, "member": {"id": "m1"}, "start": "2026-01-01"},
        {"id": "a1", "entity": "allocation"},
        {"id": "a2", "entity": "allocation"},
        {**shared, "member": {"id": "m2"}, "start": "2026-01-01"},
    ]
    listing, found = read(client)

    assert found == ["x", "a1", "a2", "x"]
    assert listing.complete


def test_a_failure_before_the_first_page_is_raised(client, planner, reply):
    planner.before = lambda _request: reply({"status": 400, "message": "bad"}, status=400)

    with pytest.raises(errors.RequestRejected):
        list(client.list("allocations"))


def test_a_failure_later_ends_the_listing_with_the_reason(client, planner, reply):
    planner.before = before_cursor("a3", lambda: reply({"message": "oops"}, status=500), times=99)
    listing, found = read(client)

    assert found == ["a1", "a2", "a3"]
    assert "HTTP 500" in listing.incomplete_reason


def test_an_api_switched_off_is_told_and_never_asked_again(client, planner, reply):
    planner.before = lambda _request: reply({"status": 423, "message": "API disabled"}, status=423)

    with pytest.raises(errors.FeatureDisabled, match="an administrator can enable it"):
        list(client.list("allocations"))

    assert len(planner.asked) == 1


def test_too_many_requests_without_a_hint_are_waited_out(client, planner, reply):
    busy = [reply({"status": 429, "message": "Too many requests"}, status=429)]
    planner.before = lambda _request: busy.pop() if busy else None

    assert read(client)[0].complete


def test_the_rate_stays_below_the_services(planner):
    client = Ruddr(f"{planner.service.origin}/api/workspace", TOKEN, limit=1)
    planner.rows = [{"id": f"a{n}", "entity": "allocation"} for n in range(25)]
    list(client.list("allocations"))

    times = [request.at for request in planner.asked]
    assert times[20] - times[0] > 0.9


def test_the_check_of_credentials(planner, reply):
    url = f"{planner.service.origin}/api/workspace"

    assert "'Studio'" in Ruddr(url, TOKEN).check()
    with pytest.raises(errors.AuthenticationError, match="check the token"):
        Ruddr(url, "wrong").check()
    planner.before = lambda _request: reply({"data": []})
    with pytest.raises(errors.ContractError, match="without naming a workspace"):
        Ruddr(url, TOKEN).check()


@pytest.mark.parametrize("body", [{"data": []}, [], {"results": []}, {"results": {}, "hasMore": True}, None])
def test_another_services_json_is_a_breach_of_contract(client, planner, reply, body):
    planner.before = lambda _request: reply(body)

    with pytest.raises(errors.ContractError, match="does the URL lead to Ruddr"):
        list(client.list("members"))


def test_one_allocation(client, planner, reply):
    planner.before = lambda _request: reply({"id": "a/1"})

    assert client.show_allocation("a/1").rows == 1
    assert planner.asked[0].path == "/api/workspace/allocations/a%2F1"


def test_one_allocation_that_is_gone(client, planner, reply):
    planner.before = lambda _request: reply({"status": 404, "message": "Not found"}, status=404)

    assert client.show_allocation("a1") is None


def test_every_stream_can_be_listed(client):
    for stream in STREAMS:
        assert read(client, stream)[0].complete
