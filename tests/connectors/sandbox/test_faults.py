"""Each fault of a spec, met over HTTP; and specs that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import pytest
import requests

from connectors.sandbox import Sandbox, faults
from connectors.sandbox.faults import NAMES, Fault, parse

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


def test_a_reset_cuts_the_body_short(sandbox_of: Start, talk: Talk) -> None:
    api, _ = talk(sandbox_of(faults="reset:1"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        api.get("/assignments", per_page=1000)


def test_a_lost_reply_leaves_the_write_done(sandbox_of: Start, talk: Talk) -> None:
    sandbox = sandbox_of(faults="reply_lost:1@/assignments/")
    api, _ = talk(sandbox)
    row = sandbox.tenthousandft.rows("assignments")[0]
    with pytest.raises(requests.exceptions.ConnectionError):
        api.request("DELETE", f"/users/{row['user_id']}/assignments/{row['id']}")
    assert sandbox.tenthousandft.get("assignments", row["id"]) is None


def test_a_slow_reply_is_whole(sandbox_of: Start, talk: Talk) -> None:
    sandbox = sandbox_of(faults="slow:1@/users")
    api, _ = talk(sandbox)
    assert api.all("/users", with_archived="true") == sandbox.tenthousandft.rows("users")


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


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("unknown_field", "surprise", "a field of tomorrow"),
        ("unknown_enum", "allocation_mode", "surprise"),
        ("wrong_type", "starts_at", ["surprise"]),
        ("null_field", "starts_at", None),
    ],
)
def test_one_row_of_a_page_is_damaged(
    sandbox_of: Start, talk: Talk, name: str, field: str, value: Any
) -> None:
    sandbox = sandbox_of(faults=f"{name}:1")
    api, _ = talk(sandbox)
    (page,) = api.pages("/assignments", with_phases="true", per_page=1000)
    whole = sandbox.tenthousandft.rows("assignments")
    changed = [(got, kept) for got, kept in zip(page["data"], whole, strict=True) if got != kept]
    ((got, kept),) = changed
    assert got == {**kept, field: value}


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
