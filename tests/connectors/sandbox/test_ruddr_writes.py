"""Writing to Ruddr over HTTP: create, update, delete, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

SPAN = {"start": "2026-07-06", "end": "2026-07-10"}


@pytest.fixture
def workspace(planners: Any) -> Any:
    return planners[0].ruddr


@pytest.fixture
def api(planners: Any) -> Any:
    return planners[2]


@pytest.fixture
def member(workspace: Any) -> str:
    """Somebody who works full time and takes no time off."""
    week = {"start": None, "end": None, "hoursPerDay": [8, 8, 8, 8, 8, 0, 0]}
    kinds = [{"id": "0b7f3f1e-5f0c-4e0e-8c55-0f6f3d9f2a11", "name": "Vacation"}]
    key: str = workspace.add("members", name="New Face", availabilityPeriods=[week], timeOffTypes=kinds)
    return key


@pytest.fixture
def project(workspace: Any) -> str:
    return str(next(row["project"]["id"] for row in workspace.rows("roles")))


@pytest.fixture
def fields(member: str, project: str) -> dict[str, Any]:
    return {"memberId": member, "projectId": project, "unit": "day", "hoursPerDay": 6, **SPAN}


def errors(reply: Any) -> list[str]:
    body = reply.json()
    assert (reply.status_code, body["status"]) == (400, 400)
    found: list[str] = body["errors"]
    return found


def test_a_created_allocation_reads_back_with_its_hours(api: Any, fields: dict[str, Any]) -> None:
    reply = api.request("POST", "/allocations", json=fields)
    assert reply.status_code == 200
    row = reply.json()
    assert (row["resourceTypeId"], row["assignmentTypeId"]) == ("member", "project")
    assert (row["member"]["id"], row["project"]["id"]) == (fields["memberId"], fields["projectId"])
    assert row["project"]["client"]["name"]
    assert (row["totalHours"], row["readOnly"], row["entity"]) == (30, False, "allocation")
    assert api.json(f"/allocations/{row['id']}") == row
    assert api.json("/allocations")["results"][0] == row, "the newest comes first"


def test_role_and_task_must_be_of_the_project(api: Any, workspace: Any, fields: dict[str, Any]) -> None:
    role = next(r for r in workspace.rows("roles") if r["project"]["id"] == fields["projectId"])
    task = next(r for r in workspace.rows("tasks") if r["project"]["id"] != fields["projectId"])
    row = api.request("POST", "/allocations", json={**fields, "projectRoleId": role["id"]}).json()
    assert row["role"] == {"id": role["id"], "name": role["name"]}
    reply = api.request("POST", "/allocations", json={**fields, "projectTaskId": task["id"]})
    assert errors(reply) == ["'projectTaskId' does not belong to the project"]


def test_time_off_and_placeholders(api: Any, workspace: Any, fields: dict[str, Any]) -> None:
    kind = workspace.rows("members")[0]["timeOffTypes"][0]
    off = {name: value for name, value in fields.items() if name != "projectId"} | {
        "timeOffTypeId": kind["id"]
    }
    row = api.request("POST", "/allocations", json=off).json()
    assert (row["assignmentTypeId"], row["timeOffType"], row["isBillable"]) == ("time_off", kind, False)
    placeholder = workspace.rows("placeholders")[0]
    work = {name: value for name, value in fields.items() if name != "memberId"}
    row = api.request(
        "POST", "/allocations", json={**work, "resourcePlaceholderId": placeholder["id"]}
    ).json()
    assert (row["resourceTypeId"], row["placeholder"]["name"]) == ("placeholder", placeholder["name"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"start": None}, "'start' is not a valid date"),
        ({"end": "2026-01-01"}, "'end' must come on or after 'start'"),
        ({"unit": "fortnight"}, "'unit' must be one of: day, week, month, allocation, ratio_of_capacity"),
        ({"unit": "week"}, "'hoursPerWeek' is required"),
        ({"hoursPerDay": 25}, "'hoursPerDay' must be between 0 and 24"),
        ({"hoursPerWeek": 5}, "'hoursPerWeek' is only allowed with its own unit"),
        ({"memberId": "00000000-0000-4000-8000-000000000000"}, "'memberId' was not found"),
        ({"projectId": None}, "exactly one of 'project' and 'timeOffType' must be given by its id"),
        ({"resourceTypeId": "placeholder"}, "'resourceTypeId' must be member"),
    ],
)
def test_what_does_not_fit_is_a_400_and_not_kept(
    api: Any, workspace: Any, fields: dict[str, Any], changes: dict[str, Any], error: str
) -> None:
    before = workspace.rows("allocations")
    assert error in errors(api.request("POST", "/allocations", json={**fields, **changes}))
    assert workspace.rows("allocations") == before


def test_an_update_changes_what_it_names(api: Any, fields: dict[str, Any]) -> None:
    made = api.request("POST", "/allocations", json=fields).json()
    path = f"/allocations/{made['id']}"
    row = api.request("PATCH", path, json={"end": "2026-07-07", "notes": "shorter"}).json()
    assert row == {**made, "end": "2026-07-07", "notes": "shorter", "totalHours": 12}
    row = api.request("PATCH", path, json={"unit": "week", "hoursPerWeek": 20}).json()
    assert (row["unit"], row["hoursPerDay"], row["hoursPerWeek"], row["totalHours"]) == ("week", None, 20, 8)
    assert errors(api.request("PATCH", path, json={"end": "2026-07-01"}))
    assert api.json(path) == row


def test_an_update_may_move_it_to_somebody_else(api: Any, workspace: Any, fields: dict[str, Any]) -> None:
    made = api.request("POST", "/allocations", json=fields).json()
    placeholder = workspace.rows("placeholders")[0]["id"]
    row = api.request(
        "PATCH", f"/allocations/{made['id']}", json={"resourcePlaceholderId": placeholder}
    ).json()
    assert (row["id"], row["resourceTypeId"], row["member"]) == (made["id"], "placeholder", None)


def test_an_update_of_a_row_that_fills_all_at_once(api: Any, workspace: Any) -> None:
    row = next(r for r in workspace.rows("allocations") if r["member"] and r["placeholder"])
    changed = api.request("PATCH", f"/allocations/{row['id']}", json={"notes": "touched"}).json()
    assert (changed["resourceTypeId"], changed["member"]) == ("placeholder", None)


def test_delete_answers_204(api: Any, fields: dict[str, Any]) -> None:
    made = api.request("POST", "/allocations", json=fields).json()
    reply = api.request("DELETE", f"/allocations/{made['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert api.request("DELETE", f"/allocations/{made['id']}").status_code == 404


@pytest.mark.parametrize("entity", ["time_entry", "holiday"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_read_only_rows_are_a_conflict(api: Any, workspace: Any, entity: str, method: str) -> None:
    row = next(r for r in workspace.rows("allocations") if r["entity"] == entity)
    reply = api.request(method, f"/allocations/{row['id']}", json={"notes": "x"})
    assert (reply.status_code, reply.json()["status"]) == (409, 409)
    assert workspace.get("allocations", row["id"]) == row


def test_a_body_that_is_not_json_is_a_400(api: Any) -> None:
    headers = {**api.headers, "content-type": "application/json"}
    reply = api.request("POST", "/allocations", data="{", headers=headers)
    assert (reply.status_code, reply.json()["status"]) == (400, 400)


def test_a_disabled_api_is_locked_and_a_feature_may_be_off(sandbox_of: Any, talk: Any) -> None:
    sandbox = sandbox_of(people=1)
    workspace, (_, api) = sandbox.ruddr, talk(sandbox)
    workspace.allocations_enabled = False
    assert api.get("/allocations").status_code == 403
    assert api.get("/members").status_code == 200
    workspace.disabled = True
    assert {api.get(path).status_code for path in ("", "/members", "/allocations")} == {423}
