"""Reading 10,000ft whole, from a server whose rows move while they are read."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connectors import errors
from connectors.http import Limits
from connectors.tenthousandft.client import STREAMS, TenThousandFt
from connectors.tenthousandft.wire import parse

QUICK = Limits(total_seconds=5, backoff_seconds=0.01, read_seconds=2, tries=3)
TOKEN = "tok3n"


class Planner:
    """A list of rows served in pages. `before` sees each request first, and may change rows or answer."""

    def __init__(self, service: Any, reply: Any) -> None:
        self.rows: dict[str, list[Any]] = {}
        self.before: Callable[[Any], Any] = lambda _request: None
        self.service, self.reply = service, reply
        self.paging: dict[str, Any] = {}
        service.script = self.answer

    def answer(self, request: Any) -> Any:
        replaced = self.before(request)
        if replaced is not None:
            return replaced
        if request.headers.get("auth") != TOKEN:
            return self.reply({"message": "unauthorized"}, status=401)
        path = request.path.removeprefix("/api/v1")
        if path not in self.rows:
            return self.reply(b"Not Found", status=404, kind="text/plain")
        return self.reply(self.page(request, self.rows[path]))

    def page(self, request: Any, rows: list[Any]) -> dict[str, Any]:
        size, number = int(request.query.get("per_page", 20)), int(request.query.get("page", 1))
        rest = "&".join(f"{n}={v}" for n, v in request.query.items() if n != "page")
        following = f"{request.path}?{rest}&page={number + 1}" if len(rows) > number * size else None
        paging = {
            "per_page": size,
            "page": number,
            "previous": None,
            "self": request.target,
            "next": following,
        }
        return {"paging": paging | self.paging, "data": rows[(number - 1) * size : number * size]}

    @property
    def asked(self) -> list[Any]:
        return self.service.requests

    def asked_for(self, per_page: int) -> list[Any]:
        return [request for request in self.asked if request.query.get("per_page") == str(per_page)]


def numbered(*ids: int) -> list[dict[str, int]]:
    return [{"id": row_id} for row_id in ids]


@pytest.fixture
def planner(service: Any, reply: Any) -> Planner:
    planner = Planner(service, reply)
    for path in ("/users", "/placeholder_resources", "/projects", "/leave_types", "/holidays"):
        planner.rows[path] = []
    planner.rows["/assignments"] = numbered(*range(1, 13))
    return planner


@pytest.fixture
def client(planner: Planner) -> Any:
    with TenThousandFt(f"{planner.service.origin}/api/v1", TOKEN, per_page=5, limits=QUICK) as client:
        yield client


def ids(pages: list[Any]) -> list[Any]:
    return [row["id"] for page in pages for row in json.loads(page.body)["data"]]


def read(client: TenThousandFt, stream: str = "assignments", **window: date) -> tuple[Any, list[Any]]:
    """The listing and the ids read."""
    listing = client.list(stream, **window)
    return listing, ids(list(listing))


def test_all_pages_are_read_and_each_begins_before_the_end_of_the_one_before(client):
    listing = client.list("assignments")

    assert [ids([page]) for page in listing] == [
        [1, 2, 3, 4, 5],
        [5, 6, 7, 8],
        [6, 7, 8, 9, 10],
        [10, 11, 12],
    ]
    assert (listing.complete, listing.incomplete_reason) == (True, None)


def test_pages_keep_bytes_address_and_count(client, planner):
    pages = list(client.list("assignments"))

    assert pages[0].url == f"{planner.service.origin}/api/v1/assignments?with_phases=true&per_page=5&page=1"
    assert [page.rows for page in pages] == [5, 4, 5, 3]
    assert json.loads(pages[3].body)["data"] == numbered(10, 11, 12)
    assert pages[0].fetched_at.utcoffset() is not None


def test_the_token_goes_into_the_header_and_nowhere_else(client, planner, caplog):
    caplog.set_level(logging.DEBUG)
    pages = list(client.list("assignments"))

    assert all(request.headers["auth"] == TOKEN for request in planner.asked)
    assert not any(TOKEN in request.target for request in planner.asked)
    assert TOKEN not in caplog.text + "".join(page.url for page in pages)


@pytest.mark.parametrize(("rows", "requests"), [(3, 1), (5, 1), (8, 2)])
def test_a_short_listing_takes_no_needless_request(client, planner, rows, requests):
    planner.rows["/assignments"] = numbered(*range(1, rows + 1))

    assert set(read(client)[1]) == set(range(1, rows + 1))
    assert len(planner.asked) == requests


def test_a_service_that_gives_less_than_it_is_asked_for(client, planner):
    """Then its own size counts, and its pages overlap as well."""
    whole = planner.page
    planner.page = lambda request, rows: whole(capped(request, 4), rows)
    listing, found = read(client)

    assert (set(found), listing.complete) == (set(range(1, 13)), True)
    assert len(planner.asked_for(5)) == 1


def capped(request: Any, most: int) -> Any:
    return replace(
        request, query={**request.query, "per_page": str(min(most, int(request.query["per_page"])))}
    )


@pytest.mark.parametrize(
    ("stream", "target"),
    [
        (
            "users",
            "/users?fields=availabilities&with_archived=true&include_placeholders=false&per_page=5&page=1",
        ),
        ("placeholders", "/placeholder_resources?per_page=5&page=1"),
        ("projects", "/projects?with_archived=true&with_phases=true&per_page=5&page=1"),
        ("leave_types", "/leave_types?per_page=5&page=1"),
        ("holidays", "/holidays?per_page=5&page=1"),
        ("assignments", "/assignments?with_phases=true&from=2025-12-31&to=2026-02-01&per_page=5&page=1"),
    ],
)
def test_what_each_stream_asks_for(client, planner, stream, target):
    list(client.list(stream, start=date(2026, 1, 1), end=date(2026, 1, 31)))

    assert planner.asked[0].target == f"/api/v1{target}"


def test_the_ends_of_time_have_no_day_before_or_after(client, planner):
    list(client.list("assignments", start=date.min, end=date.max))

    assert "from=0001-01-01&to=9999-12-31" in planner.asked[0].target


def test_an_empty_listing_is_complete(client, planner):
    planner.rows["/assignments"] = []
    listing, found = read(client)

    assert (found, listing.complete) == ([], True)


# A set that moves while it is read.


def once(condition: Callable[[Any], bool], act: Callable[[], None]) -> Callable[[Any], None]:
    """Acts before the first request that meets the condition."""
    done: list[bool] = []

    def before(request: Any) -> None:
        if not done and condition(request):
            done.append(True)
            act()

    return before


def page_two(request: Any) -> bool:
    return request.query.get("page") == "2" and request.query.get("per_page") == "4"


def test_a_row_deleted_while_reading_loses_no_other(client, planner):
    planner.before = once(page_two, lambda: planner.rows["/assignments"].pop(0))
    listing, found = read(client)

    assert set(range(2, 13)) <= set(found)
    assert listing.complete
    assert found.count(2) == 2  # read again


def test_rows_deleted_within_the_overlap_need_no_second_reading(planner):
    client = TenThousandFt(f"{planner.service.origin}/api/v1", TOKEN, per_page=300, limits=QUICK)
    planner.rows["/assignments"] = numbered(*range(1, 1001))

    def act() -> None:
        del planner.rows["/assignments"][298:300]  # the last two of the first page

    planner.before = once(lambda r: r.query["per_page"] != "300", act)
    listing, found = read(client)

    assert (set(found), listing.complete) == (set(range(1, 1001)), True)
    assert len(planner.asked_for(300)) == 1


def test_a_row_inserted_while_reading_hides_no_other(client, planner):
    planner.before = once(page_two, lambda: planner.rows["/assignments"].insert(0, {"id": 99}))
    listing, found = read(client)

    assert set(range(1, 13)) <= set(found)
    assert listing.complete
    assert found.count(1) == 1  # and nothing is read again


def test_a_deletion_before_the_last_page_is_noticed(client, planner):
    planner.rows["/assignments"] = numbered(1, 2, 3, 4, 5, 6)
    planner.before = once(page_two, lambda: planner.rows["/assignments"].pop(0))
    listing, found = read(client)

    assert {2, 3, 4, 5, 6} <= set(found)
    assert listing.complete


def test_a_set_that_never_stands_still_is_incomplete(client, planner):
    planner.rows["/assignments"] = numbered(*range(1, 40))

    def before(request: Any) -> None:
        if page_two(request):
            planner.rows["/assignments"].pop(0)

    planner.before = before
    listing, _ = read(client)

    assert not listing.complete
    assert "pages 1 and 2 share no row" in listing.incomplete_reason
    assert (
        len([request for request in planner.asked if page_two(request)]) == 6
    )  # twice in each of three readings


def test_an_id_that_comes_twice_for_good_does_no_harm(client, planner):
    planner.rows["/assignments"] = numbered(1, 2, 3, 3, 5, 6, 7)
    listing, found = read(client)

    assert (set(found), listing.complete) == ({1, 2, 3, 5, 6, 7}, True)


# Pages that lead nowhere.


def empty(planner: Planner, request: Any) -> Any:
    return planner.reply({**planner.page(request, planner.rows["/assignments"]), "data": []})


def test_a_page_that_comes_empty_is_asked_for_again(client, planner):
    spoilt: list[Any] = []

    def before(request: Any) -> Any:
        if page_two(request) and not spoilt:
            spoilt.append(request)
            return empty(planner, request)
        return None

    planner.before = before
    listing, found = read(client)

    assert (set(found), listing.complete) == (set(range(1, 13)), True)
    assert found.count(1) == 1


def test_a_page_that_stays_empty_leaves_the_listing_incomplete(client, planner):
    planner.before = lambda request: empty(planner, request) if page_two(request) else None
    listing, found = read(client)

    assert set(range(1, 13)) <= set(found)
    assert "pages 1 and 2 share no row" in listing.incomplete_reason


def test_empty_pages_without_end_do_not_hang(client, planner):
    def before(request: Any) -> Any:
        number = int(request.query["page"])
        following = f"/api/v1/assignments?per_page=5&page={number + 1}"
        return planner.reply({"paging": {"page": number, "per_page": 5, "next": following}, "data": []})

    planner.before = before
    listing, _ = read(client)

    assert "pages without a row" in listing.incomplete_reason
    assert len(planner.asked) < 60


@pytest.mark.parametrize(
    ("paging", "says"),
    [
        ({"page": 1}, "page 2 was asked for, and page 1 came"),
        ({"page": None, "next": "/api/v1/assignments?per_page=5&page=2"}, "brings no new row"),
        ({"next": "/api/v1/assignments?per_page=5&page=1"}, "brings no new row"),
    ],
)
def test_a_listing_that_runs_in_circles_ends(client, planner, paging, says):
    planner.paging = paging
    listing, _ = read(client)

    assert says in listing.incomplete_reason
    assert len(planner.asked) < 60


def test_new_numbers_for_old_rows_end_too(client, planner):
    def before(request: Any) -> Any:
        number = int(request.query["page"])
        following = f"/api/v1/assignments?per_page=5&page={number + 1}"
        return planner.reply(
            {"paging": {"page": number, "per_page": 5, "next": following}, "data": numbered(1, 2, 3, 4, 5)}
        )

    planner.before = before
    listing, _ = read(client)

    assert "page 2 brings no new row" in listing.incomplete_reason
    assert len(planner.asked) < 10


@pytest.mark.parametrize("size", [1, 2, 3])
def test_where_pages_are_too_small_to_overlap_the_one_before_is_asked_for_again(planner, size):
    client = TenThousandFt(f"{planner.service.origin}/api/v1", TOKEN, per_page=size, limits=QUICK)
    assert set(read(client)[1]) == set(range(1, 13))

    planner.before = once(lambda r: r.query["page"] == "4", lambda: planner.rows["/assignments"].pop(0))
    listing, found = read(client)

    assert (set(found) >= set(range(2, 13)), listing.complete) == (True, True)


@pytest.mark.parametrize(
    "link", ["https://evil.test/api/v1/assignments?page=2", "//evil.test/x", "http://[x"]
)
def test_links_are_never_followed(client, planner, link):
    """The pages are numbered by us: wherever a link leads, the credentials stay with the service."""
    planner.paging = {"next": link}

    assert set(range(1, 13)) <= set(read(client)[1])


# Failures.


def test_a_failure_before_the_first_page_is_raised(client, planner, reply):
    planner.before = lambda _request: reply({"message": "internal error"}, status=500)

    with pytest.raises(errors.ServerFault):
        list(client.list("assignments"))


def test_a_failure_later_ends_the_listing_with_the_reason(client, planner, reply):
    planner.before = lambda r: reply({"message": "internal error"}, status=500) if page_two(r) else None
    listing, found = read(client)

    assert found == [1, 2, 3, 4, 5]
    assert not listing.complete
    assert "HTTP 500" in listing.incomplete_reason


def test_a_fault_that_passes_is_not_seen(client, planner, reply):
    faults = [
        reply(status=502, body=b"<html>", kind="text/html"),
        reply(b'{"data": [', cut=4),
        reply(reset=True),
    ]
    planner.before = lambda r: faults.pop() if page_two(r) and len(faults) > 1 else None
    listing, found = read(client)

    assert (set(found), listing.complete) == (set(range(1, 13)), True)


def test_a_listing_left_early_is_not_complete(client):
    listing = client.list("assignments")
    next(iter(listing))

    assert not listing.complete
    assert "not read to its end" in listing.incomplete_reason


@pytest.mark.parametrize("body", [{"results": []}, [], {"data": []}, {"data": {}, "paging": {}}, 5, None])
def test_another_services_json_is_a_breach_of_contract(client, planner, reply, body):
    planner.before = lambda _request: reply(body)

    with pytest.raises(errors.ContractError, match="does the URL lead to 10,000ft"):
        client.check()


def test_the_check_of_credentials(planner):
    url = f"{planner.service.origin}/api/v1"

    assert url in TenThousandFt(url, TOKEN).check()
    with pytest.raises(errors.AuthenticationError, match="check the token"):
        TenThousandFt(url, "wrong").check()
    with pytest.raises(errors.ContractError, match="is the URL right"):
        TenThousandFt(planner.service.origin + "/wrong", TOKEN).check()


def test_rows_without_ids_are_passed_on_to_be_rejected(client, planner):
    planner.rows["/assignments"] = [{"id": 1}, {"x": 1}, None, {"id": None}, 5]
    listing = client.list("assignments")
    pages = list(listing)

    assert listing.complete
    assert sum(page.rows for page in pages) == 5
    assert sum(len(parse("assignments", page.body).rejects) for page in pages) == 5


# One assignment.


@pytest.mark.parametrize(
    ("user_id", "path"), [(7, "/users/7/assignments/889"), (None, "/projects/4/assignments/889")]
)
def test_one_assignment(client, planner, reply, user_id, path):
    row = {
        "id": 889,
        "user_id": user_id,
        "assignable_id": 4,
        "starts_at": "2026-01-01",
        "ends_at": "2026-01-02",
    }
    planner.before = lambda _request: reply(row)

    page = client.show_assignment(889, user_id=user_id, assignable_id=4)

    assert planner.asked[0].path == f"/api/v1{path}"
    assert parse("assignments", page.body).rows[0][1].id == 889


def test_one_assignment_that_is_gone(client, planner, reply):
    planner.before = lambda _request: reply({"message": "not found"}, status=404)

    assert client.show_assignment(889, user_id=7, assignable_id=4) is None


def test_a_404_of_something_else_is_no_proof_that_it_is_gone(client, planner, reply):
    planner.before = lambda _request: reply(b"Not Found", status=404, kind="text/plain")

    with pytest.raises(errors.ContractError):
        client.show_assignment(889, user_id=7, assignable_id=4)


# Part-time blocks.


def test_blocks_that_do_not_fit_into_the_user_are_read_whole(client, planner):
    more = {"paging": {"next": "/api/v1/users/7/availabilities?page=2"}, "data": numbered(1)}
    fits = {"paging": {"next": None}, "data": numbered(50)}
    planner.rows["/users"] = [{"id": 6, "availabilities": fits}, {"id": 7, "availabilities": more}, {"id": 8}]
    planner.rows["/users/7/availabilities"] = numbered(1, 2, 3, 4)
    listing, found = read(client, "availabilities")

    assert found == [1, 2, 3, 4]
    assert listing.complete


def test_blocks_are_mostly_all_in_the_user(client, planner):
    planner.rows["/users"] = [{"id": 6, "availabilities": None}, {"id": 7}, None, 5]
    listing, found = read(client, "availabilities")

    assert (found, listing.complete) == ([], True)


def test_every_stream_can_be_listed(client):
    for stream in STREAMS:
        assert read(client, stream)[0].complete
