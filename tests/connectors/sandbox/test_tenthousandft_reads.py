"""Reading 10,000ft over HTTP: envelopes, paging, authentication, filters and error bodies (seed 003)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import requests

from connectors.sandbox import Sandbox

COLLECTIONS = (
    "/users",
    "/placeholder_resources",
    "/projects",
    "/leave_types",
    "/holidays",
    "/assignables",
    "/status_options",
    "/roles",
    "/disciplines",
    "/bill_rates",
    "/assignments",
)


@pytest.mark.parametrize("path", COLLECTIONS)
def test_every_collection_comes_in_the_envelope(tenthousandft: Any, path: str) -> None:
    page = tenthousandft.json(path)
    assert list(page) == ["paging", "data"]
    assert list(page["paging"]) == ["per_page", "page", "previous", "self", "next"]
    assert (page["paging"]["page"], page["paging"]["per_page"]) == (1, 20)
    assert 0 < len(page["data"]) <= 20


@pytest.mark.parametrize("per_page", [1, 7, 20, 1000])
def test_pages_together_hold_every_row_once(tenthousandft: Any, sandbox: Sandbox, per_page: int) -> None:
    if per_page == 1:
        path, stream, query = "/holidays", "holidays", {}
    else:
        path, stream, query = "/assignments", "assignments", {"with_phases": "true"}
    rows = [row for page in tenthousandft.pages(path, per_page=per_page, **query) for row in page["data"]]
    assert rows == sandbox.tenthousandft.rows(stream)


def test_next_is_relative_to_the_host_and_null_on_the_last_page(tenthousandft: Any) -> None:
    pages = list(tenthousandft.pages("/holidays", per_page=4))
    assert [page["paging"]["page"] for page in pages] == [1, 2, 3]
    assert pages[0]["paging"] == {
        "per_page": 4,
        "page": 1,
        "previous": None,
        "self": "/api/v1/holidays?per_page=4&page=1",
        "next": "/api/v1/holidays?per_page=4&page=2",
    }
    assert pages[2]["paging"]["previous"] == "/api/v1/holidays?per_page=4&page=2"
    assert pages[2]["paging"]["next"] is None


def test_a_page_that_is_exactly_full_and_last_has_no_next(tenthousandft: Any, sandbox: Sandbox) -> None:
    count = len(sandbox.tenthousandft.rows("holidays"))
    assert tenthousandft.json("/holidays", per_page=count)["paging"]["next"] is None
    assert tenthousandft.json("/holidays", page=99)["data"] == []


def test_a_page_holds_at_most_a_thousand(tenthousandft: Any) -> None:
    assert tenthousandft.json("/assignments", per_page=5000)["paging"]["per_page"] == 1000
    assert tenthousandft.json("/assignments", per_page="many", page=-3)["paging"]["per_page"] == 20


def test_self_echoes_the_parameters_rewritten_and_never_the_token(
    tenthousandft: Any, sandbox: Sandbox
) -> None:
    account = sandbox.tenthousandft
    user, project = account.rows("users")[0]["id"], account.rows("projects")[0]["id"]
    page = tenthousandft.json(f"/users/{user}/assignments", auth=account.token)
    assert page["paging"]["self"] == f"/api/v1/users/{user}/assignments?user_id={user}&per_page=20&page=1"
    page = tenthousandft.json(f"/projects/{project}/assignments", with_phases="true")
    expected = f"?assignable_id={project}&with_phases=true&per_page=20&page=1"
    assert page["paging"]["self"] == f"/api/v1/projects/{project}/assignments{expected}"


@pytest.mark.parametrize(
    "headers", [{}, {"auth": "wrong"}, {"Authorization": "Bearer sandbox-tenthousandft"}]
)
def test_without_the_token_nothing_opens(tenthousandft: Any, headers: dict[str, str]) -> None:
    for path in ("/users", "/assignments/1"):
        reply = tenthousandft.request("GET", path, headers=headers)
        assert (reply.status_code, list(reply.json())) == (401, ["message"])


def test_the_token_may_stand_in_the_query(tenthousandft: Any, sandbox: Sandbox) -> None:
    reply = tenthousandft.request("GET", f"/users?auth={sandbox.tenthousandft.token}", headers={})
    assert reply.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/users/1", "/users/1/assignments", "/projects/1/assignments", "/assignments/1", "/leave_types/1"],
)
def test_an_unknown_id_is_a_json_404(tenthousandft: Any, path: str) -> None:
    reply = tenthousandft.get(path)
    assert (reply.status_code, reply.json()) == (404, {"message": "not found"})


@pytest.mark.parametrize("path", ["/nothing", "/users/ada", "/assignments/", ""])
def test_an_unknown_route_is_a_plain_404(tenthousandft: Any, path: str) -> None:
    reply = tenthousandft.get(path)
    assert (reply.status_code, reply.text) == (404, "Not Found")
    assert reply.headers["content-type"].startswith("text/plain")


def test_one_object_comes_bare(tenthousandft: Any, sandbox: Sandbox) -> None:
    account = sandbox.tenthousandft
    for path, stream in (("users", "users"), ("projects", "projects"), ("holidays", "holidays")):
        row = account.rows(stream)[-1]
        assert tenthousandft.json(f"/{path}/{row['id']}") == row


def test_archived_people_and_placeholders_must_be_asked_for(tenthousandft: Any, sandbox: Sandbox) -> None:
    account = sandbox.tenthousandft
    plain = {row["id"] for row in tenthousandft.all("/users")}
    everybody = {
        row["id"] for row in tenthousandft.all("/users", with_archived="true", include_placeholders="true")
    }
    archived = {row["id"] for row in account.rows("users") if row["archived"]}
    assert archived
    assert everybody - plain == archived | {row["id"] for row in account.rows("placeholders")}


def test_placeholders_share_the_id_space_of_users_and_have_a_title(tenthousandft: Any) -> None:
    users = {row["id"] for row in tenthousandft.all("/users", with_archived="true")}
    placeholders = tenthousandft.all("/placeholder_resources")
    assert users.isdisjoint(row["id"] for row in placeholders)
    assert all(row["title"] and row["title"] == row["display_name"] for row in placeholders)


def test_availabilities_come_nested_in_their_own_envelope(tenthousandft: Any) -> None:
    users = tenthousandft.all("/users", fields="availabilities,tags")
    blocks = [block for user in users for block in user["availabilities"]["data"]]
    assert blocks
    assert all(user["tags"]["data"] == [] for user in users)
    owner = next(user for user in users if user["availabilities"]["data"])
    assert tenthousandft.all(f"/users/{owner['id']}/availabilities") == owner["availabilities"]["data"]
    assert owner["availabilities"]["paging"]["self"].startswith(
        f"/api/v1/users/{owner['id']}/availabilities?"
    )
    assert "availabilities" not in tenthousandft.all("/users")[0]


def test_the_week_of_a_block_starts_on_sunday(tenthousandft: Any) -> None:
    users = tenthousandft.all("/users", fields="availabilities")
    weeks = {
        tuple(block[f"day{number}"] for number in range(7))
        for user in users
        for block in user["availabilities"]["data"]
    }
    assert (0, 8, 8, 8, 8, 0, 0) in weeks
    assert (0, 7.5, 7.5, 7.5, 7.5, 7.5, 0) in weeks


def test_a_phase_is_a_project_with_a_parent(tenthousandft: Any) -> None:
    rows = tenthousandft.all("/projects", with_archived="true", with_phases="true")
    projects = {row["id"]: row for row in rows if row["parent_id"] is None}
    phases = [row for row in rows if row["parent_id"] is not None]
    assert phases
    for phase in phases:
        parent = projects[phase["parent_id"]]
        assert (phase["name"], phase["type"]) == (parent["name"], "Project")
        assert phase["phase_name"]
    assert tenthousandft.all("/projects", with_archived="true") == list(projects.values())
    assert all(not row["archived"] for row in tenthousandft.all("/projects"))
    assert {row["project_state"] for row in projects.values()} == {"Confirmed", "Tentative", "Internal"}


def test_assignables_are_projects_and_leave_types_without_phases(tenthousandft: Any) -> None:
    kinds = Counter(row["type"] for row in tenthousandft.all("/assignables"))
    assert kinds == {
        "Project": len(tenthousandft.all("/projects")),
        "LeaveType": len(tenthousandft.all("/leave_types")),
    }


def test_every_assignment_resolves_through_the_lists(tenthousandft: Any) -> None:
    projects = tenthousandft.all("/projects", with_archived="true", with_phases="true")
    leave = tenthousandft.all("/leave_types")
    people = tenthousandft.all("/users", with_archived="true", include_placeholders="true")
    known = {row["id"] for row in (*projects, *leave)}
    for row in tenthousandft.all("/assignments", with_phases="true"):
        assert row["assignable_id"] in known
        assert row["user_id"] is None or row["user_id"] in {person["id"] for person in people}


def test_phases_must_be_asked_for(tenthousandft: Any) -> None:
    parents = {
        r["id"]: r["parent_id"]
        for r in tenthousandft.all("/projects", with_archived="true", with_phases="true")
    }
    everything = tenthousandft.all("/assignments", with_phases="true")
    plain = tenthousandft.all("/assignments")
    assert plain == [row for row in everything if parents.get(row["assignable_id"]) is None]
    assert len(plain) < len(everything)


def test_a_project_lists_its_own_and_on_request_its_phases(tenthousandft: Any) -> None:
    everything = tenthousandft.all("/assignments", with_phases="true")
    parents = {
        r["id"]: r["parent_id"]
        for r in tenthousandft.all("/projects", with_archived="true", with_phases="true")
    }
    project = next(parents[r["assignable_id"]] for r in everything if parents.get(r["assignable_id"]))
    family = {project, *(key for key, parent in parents.items() if parent == project)}
    expected = [row for row in everything if row["assignable_id"] in family]
    path = f"/projects/{project}/assignments"
    assert tenthousandft.all(path, with_phases="true") == expected
    assert tenthousandft.all(path) == [row for row in expected if row["assignable_id"] == project]


def test_a_user_lists_their_own_leave_included(tenthousandft: Any) -> None:
    everything = tenthousandft.all("/assignments", with_phases="true")
    user = next(row["user_id"] for row in everything if row["user_id"])
    found = tenthousandft.all(f"/users/{user}/assignments", with_phases="true")
    assert found == [row for row in everything if row["user_id"] == user]
    leave = {row["id"] for row in tenthousandft.all("/leave_types")}
    assert any(row["assignable_id"] in leave for row in found)


def test_a_placeholder_stands_in_user_id(tenthousandft: Any) -> None:
    placeholder = tenthousandft.all("/placeholder_resources")[0]["id"]
    assert tenthousandft.all(f"/users/{placeholder}/assignments", with_phases="true")


def test_from_and_to_keep_what_ends_after_and_starts_before(tenthousandft: Any) -> None:
    everything = tenthousandft.all("/assignments", with_phases="true")
    window = {"from": "2026-03-10", "to": "2026-03-20"}
    found = tenthousandft.all("/assignments", with_phases="true", **window)
    assert found == [
        row for row in everything if row["ends_at"] > window["from"] and row["starts_at"] < window["to"]
    ]
    assert 0 < len(found) < len(everything)


def test_only_the_field_of_the_mode_has_a_value(tenthousandft: Any) -> None:
    fields = {
        "percent": "percent",
        "hours_per_day": "hours_per_day",
        "fixed": "fixed_hours",
        "fixed_hours": "fixed_hours",
    }
    absent, null = Counter[str](), Counter[str]()
    for row in tenthousandft.all("/assignments", with_phases="true"):
        own = fields[row["allocation_mode"]]
        assert isinstance(row[own], int | float)
        for other in set(fields.values()) - {own}:
            assert row.get(other) is None
            (null if other in row else absent)[other] += 1
    assert len(absent) == len(null) == 3


def test_a_series_shares_the_id_of_its_first_assignment(tenthousandft: Any) -> None:
    rows = {row["id"]: row for row in tenthousandft.all("/assignments", with_phases="true")}
    series = {row["repetition_id"] for row in rows.values() if row["repetition_id"]}
    assert any(rows.get(key, {}).get("repetition_id") == key for key in series)
    assert any(key not in rows for key in series), "one series has lost its first assignment"


def test_subtask_counts_on_request(tenthousandft: Any, sandbox: Sandbox) -> None:
    rows = tenthousandft.all("/assignments", with_phases="true", fields="subtasks_counts")
    counts = {row["id"]: row["subtask_counts"] for row in rows}
    subtasks = sandbox.tenthousandft.rows("subtasks")
    assert sum(count["total"] for count in counts.values()) == len(subtasks)
    assert sum(count["completed"] for count in counts.values()) == sum(line["completed"] for line in subtasks)
    first = subtasks[0]["assignment_id"]
    assert tenthousandft.all(f"/assignments/{first}/subtasks") == [
        line for line in subtasks if line["assignment_id"] == first
    ]


def test_a_dated_text_and_a_compressed_body(tenthousandft: Any) -> None:
    reply = tenthousandft.get("/assignments", per_page=1000)
    assert reply.headers["content-encoding"] == "gzip"
    plain = tenthousandft.request(
        "GET", "/assignments?per_page=1000", headers={**tenthousandft.headers, "Accept-Encoding": "identity"}
    )
    assert plain.content == reply.content
    assert "content-encoding" not in plain.headers


def test_an_unknown_method_is_an_unknown_route(tenthousandft: Any) -> None:
    reply: requests.Response = tenthousandft.request("PATCH", "/users")
    assert (reply.status_code, reply.text) == (404, "Not Found")


def test_suggestions_need_dates_and_an_account_without_time_sheets_has_no_entries(tenthousandft: Any) -> None:
    reply = tenthousandft.get("/time_entries", with_suggestions="true")
    assert (reply.status_code, reply.json()["message"]) == (403, "bad data")
    assert tenthousandft.json("/time_entries")["data"] == []
