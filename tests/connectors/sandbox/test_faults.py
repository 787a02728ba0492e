"""Each fault of a spec, met over HTTP; and specs that cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.sandbox import Sandbox, faults
from connectors.sandbox.faults import ENUMS, NAMES, REQUIRED, Fault, parse
from connectors.sandbox.weather import SLOW_SECONDS

Start = Callable[..., Sandbox]
Talk = Callable[[Sandbox], tuple[Any, Any]]


def test_a_spec_names_faults_their_luck_and_their_place() -> None:
    assert parse(" error500:0.05, reset@ruddr/ ,slow:1@/assignments") == (
        Fault("error500", 0.05, ""),
        Fault("reset", 0.1, "ruddr/"),
        Fault("slow", 1.0, "/assignments"),
    )
    assert parse("") == ()


@pytest.mark.parametrize(
    ("where", "concerned"),
    [
        ("", True),
        ("ruddr/", True),
        ("/allocations", True),
        ("limit=100", True),
        ("/allocations*startingAfter", True),
        ("startingAfter*/allocations", False),
        ("tenthousandft/", False),
        (".*", False),
    ],
)
def test_a_place_is_a_piece_of_service_path_and_query(where: str, concerned: bool) -> None:
    asked = "ruddr/api/workspace/allocations?limit=100&startingAfter=x"
    assert Fault("slow", where=where).concerns(asked) is concerned


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("erorr500", "unknown fault 'erorr500'"),
        ("slow:often", "is not a number"),
        ("slow:1.5", "not between 0 and 1"),
    ],
)
def test_a_spec_that_cannot_be_read_says_so_before_anything_starts(spec: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Sandbox(people=1, faults=spec)


def test_every_fault_is_documented() -> None:
    assert all(f"| {name} |" in (faults.__doc__ or "") for name in NAMES)


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("error500", 500, "application/json"),
        ("html502", 502, "text/html"),
        ("html200", 200, "text/html"),
        ("http429", 429, "application/json"),
    ],
)
def test_a_refused_request_is_not_carried_out(
    sandbox_of: Start, talk: Talk, name: str, status: int, kind: str
) -> None:
    sandbox = sandbox_of(faults=f"{name}:1@tenthousandft/")
    api, ruddr = talk(sandbox)
    row = sandbox.tenthousandft.rows("assignments")[0]
    reply = api.request("DELETE", f"/users/{row['user_id']}/assignments/{row['id']}")
    assert (reply.status_code, reply.headers["content-type"].split(";")[0]) == (status, kind)
    assert sandbox.tenthousandft.get("assignments", row["id"]) == row
    assert ruddr.get("/members").status_code == 200


@pytest.mark.parametrize(("name", "what"), [("cut", "IncompleteRead"), ("reset", "ConnectionResetError")])
def test_a_body_breaks_off(sandbox_of: Start, talk: Talk, name: str, what: str) -> None:
    api, _ = talk(sandbox_of(faults=f"{name}:1"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=what):
        api.get("/assignments", per_page=1000)


def test_a_storm_passes(sandbox_of: Start, talk: Talk) -> None:
    sandbox = sandbox_of(faults="storm429:1@/holidays")
    api, _ = talk(sandbox)
    paths = ["/users", "/holidays", "/users", "/users", "/users", "/users", "/users"]
    replies = [api.get(path) for path in paths]
    assert [reply.status_code for reply in replies] == [200, 429, 429, 429, 429, 429, 200]
    assert "Retry-After" not in replies[1].headers


def test_a_service_that_hangs_never_answers(sandbox_of: Start) -> None:
    sandbox = sandbox_of(faults="hang:1")
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(sandbox.ready["ruddr"]["url"], timeout=0.2)


def test_a_lost_reply_leaves_the_write_done(sandbox_of: Start, talk: Talk) -> None:
    sandbox = sandbox_of(faults="reply_lost:1@/assignments/")
    api, _ = talk(sandbox)
    row = sandbox.tenthousandft.rows("assignments")[0]
    with pytest.raises(requests.exceptions.ConnectionError):
        api.request("DELETE", f"/users/{row['user_id']}/assignments/{row['id']}")
    assert sandbox.tenthousandft.get("assignments", row["id"]) is None


@pytest.mark.parametrize("name", ["slow", "drip"])
def test_a_slow_reply_is_whole(sandbox_of: Start, talk: Talk, name: str) -> None:
    sandbox = sandbox_of(faults=f"{name}:1@/users")
    api, _ = talk(sandbox)
    began = time.monotonic()
    assert api.all("/users", with_archived="true") == sandbox.tenthousandft.rows("users")
    assert time.monotonic() - began >= SLOW_SECONDS


def test_a_fast_clock_shows_in_the_date(sandbox_of: Start, talk: Talk) -> None:
    skewed, _ = talk(sandbox_of(people=1, faults="clock_skew:1"))
    honest, _ = talk(sandbox_of(people=1))
    there, here = (parsedate_to_datetime(api.get("/users").headers["Date"]) for api in (skewed, honest))
    assert 3_500 < (there - here).total_seconds() < 3_700


def test_duplicates_come_on_the_next_page_and_nothing_is_lost(sandbox_of: Start, talk: Talk) -> None:
    sandbox = sandbox_of(faults="duplicate:1")
    tenthousandft, ruddr = talk(sandbox)
    for found, whole in (
        (
            tenthousandft.all("/assignments", with_phases="true", per_page=50),
            sandbox.tenthousandft.rows("assignments"),
        ),
        (ruddr.all("/allocations"), sandbox.ruddr.rows("allocations")),
    ):
        assert len(found) > len(whole)
        repeated = [row for before, row in pairwise(found) if before == row]
        assert len(found) - len(repeated) == len(whole)


def test_an_empty_page_still_promises_more(sandbox_of: Start, talk: Talk) -> None:
    tenthousandft, ruddr = talk(sandbox_of(faults="empty_page:1"))
    page = tenthousandft.json("/assignments")
    assert (page["data"], bool(page["paging"]["next"])) == ([], True)
    assert ruddr.json("/allocations") == {"results": [], "hasMore": True}
    assert tenthousandft.json("/holidays", per_page=1000)["data"]


def test_a_lost_cursor_is_a_400(sandbox_of: Start, talk: Talk) -> None:
    _, api = talk(sandbox_of(faults="cursor_lost:1"))
    page = api.json("/allocations")
    assert api.get("/allocations", startingAfter=page["results"][-1]["id"]).status_code == 400


def test_a_row_that_vanishes_moves_the_pages_behind_it(sandbox_of: Start, talk: Talk) -> None:
    """Out of 10,000ft's numbered pages a row is lost each time; under Ruddr's cursor the ground opens."""
    sandbox = sandbox_of(faults="vanish:1")
    tenthousandft, ruddr = talk(sandbox)
    before = sandbox.tenthousandft.rows("assignments"), sandbox.ruddr.rows("allocations")
    pages = list(tenthousandft.pages("/assignments", with_phases="true", per_page=10))
    assert [row["id"] for page in pages[:2] for row in page["data"]] == [
        row["id"] for row in [*before[0][:10], *before[0][11:21]]
    ]
    cursor = ruddr.json("/allocations")["results"][-1]["id"]
    assert ruddr.get("/allocations", startingAfter=cursor).status_code == 400
    assert ruddr.get(f"/allocations/{cursor}").status_code == 404
    sandbox.weather("")
    assert (sandbox.tenthousandft.rows("assignments"), sandbox.ruddr.rows("allocations")) == before


@pytest.mark.parametrize(
    ("name", "fields", "value"),
    [
        ("unknown_field", ("surprise",), "a field of tomorrow"),
        ("unknown_enum", ENUMS["assignments"], "surprise"),
        ("wrong_type", REQUIRED["assignments"], ["surprise"]),
        ("null_field", REQUIRED["assignments"], None),
    ],
)
def test_one_row_of_a_page_is_damaged(
    sandbox_of: Start, talk: Talk, name: str, fields: tuple[str, ...], value: Any
) -> None:
    sandbox = sandbox_of(faults=f"{name}:1")
    api, _ = talk(sandbox)
    (page,) = api.pages("/assignments", with_phases="true", per_page=1000)
    whole = sandbox.tenthousandft.rows("assignments")
    changed = [(got, kept) for got, kept in zip(page["data"], whole, strict=True) if got != kept]
    ((got, kept),) = changed
    assert any(got == {**kept, field: value} for field in fields)


def test_the_weather_changes(sandbox_of: Start, talk: Talk) -> None:
    sandbox = sandbox_of(people=1, faults="error500:1")
    api, _ = talk(sandbox)
    seen = []
    for spec in ("", "html502:1", "error500:0.5", "error500:0.5"):
        sandbox.weather(spec)
        seen.append([api.get("/users").status_code for _ in range(8)])
    assert seen[:2] == [[200] * 8, [502] * 8]
    assert seen[2] == seen[3]
    assert set(seen[2]) == {200, 500}


def test_somebody_edits_in_the_middle_of_a_listing(sandbox_of: Start, talk: Talk) -> None:
    sandbox = sandbox_of()
    asked = []

    def edit(request: str) -> None:
        asked.append(request)
        if "page=2" in request:
            sandbox.tenthousandft.add("holidays", date="2026-12-31", name="New Year's Eve")

    sandbox.watch(edit)
    api, ruddr = talk(sandbox)
    names = [row["name"] for row in api.all("/holidays", per_page=5)]
    sandbox.watch(None)
    ruddr.get("/members")
    assert asked == [f"tenthousandft/api/v1/holidays?per_page=5{page}" for page in ("", "&page=2", "&page=3")]
    assert names[-1] == "New Year's Eve"


def test_the_same_seed_meets_the_same_faults(sandbox_of: Start, talk: Talk) -> None:
    def statuses() -> list[int]:
        api, _ = talk(sandbox_of(people=1, seed=3, faults="error500:0.3,http429:0.3"))
        return [api.get("/users").status_code for _ in range(40)]

    first = statuses()
    assert set(first) == {200, 429, 500}
    assert statuses() == first


def test_ftrack_meets_the_faults_of_the_wire(sandbox_of: Start) -> None:
    sandbox = sandbox_of(people=1, faults="html502:1@ftrack/")
    reply = requests.post(sandbox.ready["ftrack"]["url"] + "/api", json=[], timeout=30)
    assert reply.status_code == 502


def test_the_page_for_users_knows_the_same_faults() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()
    rows = [line for line in (faults.__doc__ or "").splitlines() if line.startswith("|")]
    assert "\n".join(rows) in page
