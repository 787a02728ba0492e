"""Writing to 10,000ft over HTTP: create, update, delete, repeat, subtasks, and what it refuses (seed 003)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

SPAN = {"starts_at": "2026-07-06", "ends_at": "2026-07-10"}


@pytest.fixture
def account(planners: Any) -> Any:
    return planners[0].tenthousandft


@pytest.fixture
def api(planners: Any) -> Any:
    return planners[1]


@pytest.fixture
def user(account: Any) -> int:
    return int(account.rows("users")[0]["id"])


@pytest.fixture
def project(account: Any) -> int:
    return int(account.rows("projects")[0]["id"])


@pytest.fixture
def leave(account: Any) -> int:
    return int(account.rows("leave_types")[0]["id"])


def bad(reply: Any) -> list[str]:
    assert reply.status_code == 403
    body = reply.json()
    assert body["message"] == "bad data"
    errors: list[str] = body["errors"]
    assert errors
    return errors


@pytest.mark.parametrize("way", ["form", "query", "json"])
def test_leave_is_created_as_the_seed_shows_whatever_the_body(
    api: Any, user: int, leave: int, way: str
) -> None:
    fields = {"leave_id": leave, **SPAN, "percent": 0.25}
    sent = {"form": {"data": fields}, "query": {"params": fields}, "json": {"json": fields}}[way]
    reply = api.request("POST", f"/users/{user}/assignments", **sent)
    assert reply.status_code == 200
    row = reply.json()
    assert (row["user_id"], row["assignable_id"]) == (user, leave)
    assert (row["allocation_mode"], row["percent"]) == ("percent", 0.25)
    assert (row["starts_at"], row["ends_at"]) == ("2026-07-06", "2026-07-10")
    assert api.json(f"/users/{user}/assignments/{row['id']}") == row
    assert api.all(f"/users/{user}/assignments")[-1] == row


@pytest.mark.parametrize(
    ("mode", "field"), [("percent", "percent"), ("hours_per_day", "hours_per_day"), ("fixed", "fixed_hours")]
)
def test_every_mode_keeps_its_own_field(api: Any, user: int, project: int, mode: str, field: str) -> None:
    fields = {"user_id": user, "allocation_mode": mode, field: 2.5, **SPAN}
    row = api.request("POST", f"/projects/{project}/assignments", json=fields).json()
    assert row["assignable_id"] == project
    values = {name: row[name] for name in ("percent", "hours_per_day", "fixed_hours")}
    assert values == {**dict.fromkeys(values), field: 2.5}


def test_without_a_mode_it_is_all_of_the_time(api: Any, user: int, leave: int) -> None:
    row = api.request("POST", f"/users/{user}/assignments", data={"leave_id": leave, **SPAN}).json()
    assert (row["allocation_mode"], row["percent"]) == ("percent", 1.0)


def test_work_may_be_for_nobody_and_on_a_phase(api: Any, account: Any) -> None:
    phase = next(row for row in account.rows("projects") if row["parent_id"])
    path = f"/projects/{phase['parent_id']}/assignments"
    row = api.request("POST", path, json={"assignable_id": phase["id"], "user_id": None, **SPAN}).json()
    assert (row["user_id"], row["assignable_id"]) == (None, phase["id"])
    assert api.json(f"{path}/{row['id']}") == row


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"starts_at": None}, "starts_at can't be blank"),
        ({"ends_at": "soon"}, "ends_at is invalid"),
        ({"ends_at": "2026-07-01"}, "ends_at must not be before starts_at"),
        ({"allocation_mode": "by_mood"}, "allocation_mode is not included in the list"),
        ({"allocation_mode": "fixed"}, "fixed_hours is not a number"),
        ({"percent": -1}, "percent must not be negative"),
        ({"leave_id": 1}, "assignable_id is invalid"),
        ({"leave_id": None}, "assignable_id is invalid"),
    ],
)
def test_what_does_not_fit_is_refused_with_403_and_not_kept(
    api: Any, account: Any, user: int, leave: int, changes: dict[str, Any], error: str
) -> None:
    before = account.rows("assignments")
    reply = api.request("POST", f"/users/{user}/assignments", json={"leave_id": leave, **SPAN, **changes})
    assert error in bad(reply)
    assert account.rows("assignments") == before


def test_every_error_is_named_at_once(api: Any, user: int) -> None:
    reply = api.request("POST", f"/users/{user}/assignments", json={"allocation_mode": "fixed"})
    assert len(bad(reply)) == 4


def test_bad_json_is_a_400(api: Any, user: int) -> None:
    headers = {**api.headers, "content-type": "application/json"}
    reply = api.request("POST", f"/users/{user}/assignments", data="{", headers=headers)
    assert (reply.status_code, reply.json()) == (400, {"message": "The request body had invalid json"})


def test_a_stranger_gets_no_assignments(api: Any, leave: int, project: int) -> None:
    assert api.request("POST", "/users/1/assignments", json={"leave_id": leave, **SPAN}).status_code == 404
    reply = api.request("POST", f"/projects/{project}/assignments", json={"user_id": 1, **SPAN})
    assert bad(reply) == ["user_id is invalid"]


@pytest.mark.parametrize("owner", ["user", "project"])
def test_delete_both_ways_is_hard_and_empty(api: Any, account: Any, owner: str) -> None:
    row = next(
        r for r in account.rows("assignments") if r["user_id"] and account.get("projects", r["assignable_id"])
    )
    project = account.get("projects", row["assignable_id"])
    key = row["user_id"] if owner == "user" else project["parent_id"] or project["id"]
    path = f"/{owner}s/{key}/assignments/{row['id']}"
    reply = api.request("DELETE", path)
    assert (reply.status_code, reply.content) == (200, b"")
    assert api.get(path).json() == {"message": "not found"}
    assert api.request("DELETE", path).status_code == 404
    assert row not in api.all("/assignments", with_phases="true")


def test_an_assignment_is_found_only_below_its_own_user_and_project(api: Any, account: Any) -> None:
    row = next(r for r in account.rows("assignments") if r["user_id"])
    others = [u["id"] for u in account.rows("users") if u["id"] != row["user_id"]]
    for method in ("GET", "PUT", "DELETE"):
        assert api.request(method, f"/users/{others[0]}/assignments/{row['id']}").status_code == 404
    assert account.get("assignments", row["id"]) == row


def test_an_update_keeps_the_id_and_what_it_does_not_name(api: Any, user: int, leave: int) -> None:
    made = api.request(
        "POST", f"/users/{user}/assignments", json={"leave_id": leave, **SPAN, "note": "x"}
    ).json()
    path = f"/users/{user}/assignments/{made['id']}"
    row = api.request("PUT", path, json={"ends_at": "2026-07-17"}).json()
    assert row == {**made, "ends_at": "2026-07-17", "updated_at": row["updated_at"]}
    assert row["updated_at"] > made["updated_at"]
    assert "ends_at must not be before starts_at" in bad(
        api.request("PUT", path, json={"ends_at": "2026-01-01"})
    )


def test_another_person_makes_another_assignment(api: Any, account: Any, user: int, project: int) -> None:
    other = account.rows("users")[1]["id"]
    made = api.request("POST", f"/projects/{project}/assignments", json={"user_id": user, **SPAN}).json()
    row = api.request("PUT", f"/users/{user}/assignments/{made['id']}", json={"user_id": other}).json()
    assert row["id"] != made["id"]
    assert row["user_id"] == other
    assert account.get("assignments", made["id"]) is None


def test_a_repeat_makes_a_series(api: Any, user: int, project: int) -> None:
    made = api.request("POST", f"/projects/{project}/assignments", json={"user_id": user, **SPAN}).json()
    path = f"/projects/{project}/assignments/{made['id']}"
    reply = api.request("POST", f"{path}/repetitions", data={"frequency_weeks": 1, "count": 3})
    assert reply.status_code == 200
    body = reply.json()
    assert body["repetition_id"] == made["id"]
    assert [row["id"] for row in body["assignments"]] == body["created_ids"]
    starts = [date.fromisoformat(row["starts_at"]) for row in body["assignments"]]
    assert starts == [date(2026, 7, 6) + timedelta(weeks=week) for week in (1, 2, 3)]
    assert {row["repetition_id"] for row in body["assignments"]} == {made["id"]}
    assert api.json(path)["repetition_id"] == made["id"]


def test_count_is_the_weeks_a_repeat_runs(api: Any, user: int, project: int) -> None:
    made = api.request("POST", f"/projects/{project}/assignments", json={"user_id": user, **SPAN}).json()
    path = f"/projects/{project}/assignments/{made['id']}/repetitions"
    body = api.request("POST", path, json={"frequency_weeks": 2, "count": 5}).json()
    assert [row["starts_at"] for row in body["assignments"]] == ["2026-07-20", "2026-08-03"]


@pytest.mark.parametrize("count", [52, 500, 0, "many", None])
def test_a_repeat_of_a_year_or_more_is_refused(
    api: Any, account: Any, user: int, project: int, count: Any
) -> None:
    made = api.request("POST", f"/projects/{project}/assignments", json={"user_id": user, **SPAN}).json()
    before = account.rows("assignments")
    path = f"/projects/{project}/assignments/{made['id']}/repetitions"
    bad(api.request("POST", path, json={"frequency_weeks": 1, "count": count}))
    assert account.rows("assignments") == before


def test_fifty_one_weeks_are_fine(api: Any, user: int, project: int) -> None:
    made = api.request("POST", f"/projects/{project}/assignments", json={"user_id": user, **SPAN}).json()
    path = f"/projects/{project}/assignments/{made['id']}/repetitions"
    body = api.request("POST", path, json={"frequency_weeks": 1, "count": 51}).json()
    assert len(body["created_ids"]) == 51


def test_an_assignment_with_subtasks_as_the_seed_shows(api: Any, account: Any, project: int) -> None:
    fields = {
        "user_id": None,
        "assignable_id": project,
        **SPAN,
        "status_option_id": 61,
        "description": "Build wireframes",
        "note": None,
        "subtasks": [
            {"description": "New Task", "completed": False},
            {"description": "Old", "completed": True},
        ],
    }
    (row,) = api.request("POST", "/assignments", json=fields).json()["data"]
    assert (row["user_id"], row["description"], row["status_option_id"]) == (None, "Build wireframes", 61)
    nested = row.pop("subtasks")
    assert nested["paging"]["self"] == f"/api/v1/assignments/{row['id']}/subtasks?per_page=20&page=1"
    assert [line["description"] for line in nested["data"]] == ["New Task", "Old"]
    assert api.all(f"/projects/{project}/assignments/{row['id']}/subtasks") == nested["data"]
    counted = api.json(f"/assignments/{row['id']}", fields="subtasks_counts")
    assert counted["subtask_counts"] == {"completed": 1, "total": 2}
    api.request("DELETE", f"/projects/{project}/assignments/{row['id']}")
    assert [line for line in account.rows("subtasks") if line["assignment_id"] == row["id"]] == []


def test_subtasks_must_be_a_list_of_objects(api: Any, account: Any, project: int) -> None:
    before = account.rows("assignments")
    bad(api.request("POST", "/assignments", json={"assignable_id": project, **SPAN, "subtasks": "all"}))
    assert account.rows("assignments") == before
