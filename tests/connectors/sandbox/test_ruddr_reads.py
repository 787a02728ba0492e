"""Reading Ruddr over HTTP: cursors, authentication, filters, error bodies, and the rows of seed 002."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from connectors.sandbox import Sandbox

COLLECTIONS = (
    "/allocations",
    "/members",
    "/resource-placeholders",
    "/projects",
    "/project-roles",
    "/project-tasks",
    "/clients",
    "/availability-periods",
    "/holidays",
    "/time-entries",
)
SEED_FIELDS = {
    "id",
    "resourceTypeId",
    "assignmentTypeId",
    "start",
    "end",
    "unit",
    "hoursPerDay",
    "hoursPerWeek",
    "hoursPerMonth",
    "totalHours",
    "isBillable",
    "notes",
    "readOnly",
    "entity",
    "createdAt",
    "member",
    "placeholder",
    "project",
    "role",
    "task",
    "timeOffType",
}
HOURS = {
    "day": "hoursPerDay",
    "week": "hoursPerWeek",
    "month": "hoursPerMonth",
    "allocation": "hoursPerAllocation",
    "ratio_of_capacity": "hoursRatioOfCapacity",
}


@pytest.fixture(scope="module")
def allocations(ruddr: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ruddr.all("/allocations")
    return rows


def problem(reply: Any) -> tuple[int, str]:
    body = reply.json()
    assert body["status"] == reply.status_code
    return reply.status_code, body["message"]


@pytest.mark.parametrize("path", ["", "/"])
def test_the_base_says_whose_workspace_it_is(ruddr: Any, path: str) -> None:
    assert set(ruddr.json(path)) == {"id", "name"}


@pytest.mark.parametrize("path", COLLECTIONS)
def test_every_collection_comes_in_the_envelope_ten_at_a_time(ruddr: Any, path: str) -> None:
    page = ruddr.json(path)
    assert list(page) == ["results", "hasMore"]
    assert 0 < len(page["results"]) <= 10
    assert page["hasMore"] == (len(ruddr.all(path)) > 10)


@pytest.mark.parametrize("path", COLLECTIONS)
def test_lists_run_from_the_newest(ruddr: Any, path: str) -> None:
    stamps = [row["createdAt"] for row in ruddr.all(path)]
    assert stamps == sorted(stamps, reverse=True)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_together_hold_every_row_once(ruddr: Any, sandbox: Sandbox, limit: int) -> None:
    path, stream = ("/allocations", "allocations") if limit == 100 else ("/members", "members")
    rows = [row for page in ruddr.pages(path, limit=limit) for row in page["results"]]
    assert rows == sandbox.ruddr.rows(stream)


def test_backwards_pages_hold_the_same(ruddr: Any, sandbox: Sandbox) -> None:
    rows = sandbox.ruddr.rows("members")
    page = ruddr.json("/members", limit=7, endingBefore=rows[20]["id"])
    assert (page["results"], page["hasMore"]) == (rows[13:20], True)
    page = ruddr.json("/members", limit=100, endingBefore=rows[20]["id"])
    assert (page["results"], page["hasMore"]) == (rows[:20], False)


def test_a_cursor_outside_the_filter_still_marks_a_place(
    ruddr: Any, allocations: list[dict[str, Any]]
) -> None:
    leave = [row for row in allocations if row["assignmentTypeId"] == "time_off"]
    work = [row for row in allocations if row["assignmentTypeId"] == "project"]
    place = next(n for n, row in enumerate(allocations) if row is work[10])
    page = ruddr.json(
        "/allocations", assignmentTypeId="time_off", startingAfter=allocations[place]["id"], limit=5
    )
    assert page["results"] == [row for row in leave if row in allocations[place:]][:5]


def test_cursor_rules(ruddr: Any, sandbox: Sandbox) -> None:
    first = sandbox.ruddr.rows("members")[0]["id"]
    stranger = "00000000-0000-4000-8000-000000000000"
    for query in (
        {"startingAfter": first, "endingBefore": first},
        {"startingAfter": stranger},
        {"endingBefore": stranger},
        {"startingAfter": "not-a-uuid"},
        {"limit": 0},
        {"limit": 101},
        {"limit": "all"},
    ):
        status, _ = problem(ruddr.get("/members", **query))
        assert status == 400, query


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"auth": "sandbox-ruddr"}])
def test_without_the_token_nothing_opens(ruddr: Any, headers: dict[str, str]) -> None:
    for path in ("/", "/allocations", "/members/x"):
        assert problem(ruddr.request("GET", path, headers=headers))[0] == 401


def test_what_does_not_exist(ruddr: Any) -> None:
    stranger = "00000000-0000-4000-8000-000000000000"
    assert problem(ruddr.get(f"/allocations/{stranger}"))[0] == 404
    assert problem(ruddr.get("/nothing"))[0] == 404
    assert problem(ruddr.get("/allocations/not-a-uuid")) == (400, "Parameter 'id' is not a valid UUID.")
    assert problem(ruddr.request("DELETE", "/members"))[0] == 405
    assert problem(ruddr.request("PUT", f"/allocations/{stranger}"))[0] == 405


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("allocations", "allocations"),
        ("members", "members"),
        ("project-tasks", "tasks"),
        ("clients", "clients"),
    ],
)
def test_one_object_comes_bare(ruddr: Any, sandbox: Sandbox, path: str, stream: str) -> None:
    row = sandbox.ruddr.rows(stream)[3]
    assert ruddr.json(f"/{path}/{row['id']}") == row


def test_the_filters_of_allocations(ruddr: Any, allocations: list[dict[str, Any]]) -> None:
    window = {"startOnBefore": "2026-03-20", "endOnAfter": "2026-03-10"}
    found = ruddr.all("/allocations", **window)
    assert found == [r for r in allocations if r["start"] <= "2026-03-20" and r["end"] >= "2026-03-10"]
    assert 0 < len(found) < len(allocations)
    member = next(row["member"]["id"] for row in allocations if row["resourceTypeId"] == "member")
    own = ruddr.all("/allocations", memberId=member, assignmentTypeId="project")
    assert own == [
        row
        for row in allocations
        if row["resourceTypeId"] == "member"
        and row["member"]["id"] == member
        and row["assignmentTypeId"] == "project"
    ]
    assert own


def test_periods_tasks_roles_and_time_entries_filter_by_their_owner(ruddr: Any) -> None:
    member = next(row for row in ruddr.all("/members") if len(row["availabilityPeriods"]) > 1)
    periods = ruddr.all("/availability-periods", memberId=member["id"])
    assert [period["id"] for period in periods] == [period["id"] for period in member["availabilityPeriods"]]
    for path in ("/project-tasks", "/project-roles"):
        rows = ruddr.all(path)
        project = rows[0]["project"]["id"]
        assert ruddr.all(path, projectId=project) == [row for row in rows if row["project"]["id"] == project]
    entries = ruddr.all("/time-entries")
    assert ruddr.all("/time-entries", dateOnAfter="2026-06-01") == [
        e for e in entries if e["date"] >= "2026-06-01"
    ]


def test_every_field_of_the_seed_is_there(allocations: list[dict[str, Any]]) -> None:
    for row in allocations:
        assert set(row) >= SEED_FIELDS
        assert str(UUID(row["id"])) == row["id"]
        assert row["createdAt"].endswith("Z")


def test_exactly_the_hours_field_of_the_unit_is_set(allocations: list[dict[str, Any]]) -> None:
    for row in allocations:
        given = [unit for unit, field in HOURS.items() if row[field] is not None]
        assert given == [row["unit"]]
    assert {row["unit"] for row in allocations} == set(HOURS)


def test_the_types_say_which_objects_count(allocations: list[dict[str, Any]]) -> None:
    for row in allocations:
        assert row[row["resourceTypeId"]]
        assert row["project" if row["assignmentTypeId"] == "project" else "timeOffType"]
    all_at_once = [
        r for r in allocations if r["member"] and r["placeholder"] and r["project"] and r["timeOffType"]
    ]
    assert len(all_at_once) == 1  # as in the seed's own sample


def test_optional_fields_are_there_null_and_missing(allocations: list[dict[str, Any]]) -> None:
    seen = Counter(row.get("allocateOnTimeOffDays", "missing") for row in allocations)
    assert set(seen) == {True, False, None, "missing"}
    assert {row.get("bookingTypeId", "missing") for row in allocations} == {"confirmed", "soft", "missing"}


def test_read_only_rows_are_time_entries_and_holidays(ruddr: Any, allocations: list[dict[str, Any]]) -> None:
    kinds = {
        entity: [r for r in allocations if r["entity"] == entity] for entity in ("time_entry", "holiday")
    }
    assert all(kinds.values())
    for row in allocations:
        assert row["readOnly"] == (row["entity"] != "allocation")
        if row["readOnly"]:
            assert (row["assignmentTypeId"], row["unit"], row["start"]) == ("time_off", "day", row["end"])
    minutes = {entry["id"]: entry["minutes"] for entry in ruddr.all("/time-entries")}
    assert minutes == {row["id"]: row["hoursPerDay"] * 60 for row in kinds["time_entry"]}
    days = {day for holiday in ruddr.all("/holidays") for day in holiday["occurrences"]}
    assert {row["start"] for row in kinds["holiday"]} <= days


def test_a_holiday_takes_what_the_member_would_have_worked(
    ruddr: Any, allocations: list[dict[str, Any]]
) -> None:
    members = {row["id"]: row for row in ruddr.all("/members")}
    hours = set()
    for row in (row for row in allocations if row["entity"] == "holiday"):
        day, member = row["start"], members[row["member"]["id"]]
        (period,) = [
            p for p in member["availabilityPeriods"] if (p["start"] or "") <= day <= (p["end"] or "9999")
        ]
        assert row["hoursPerDay"] == period["hoursPerDay"][date.fromisoformat(day).weekday()] > 0
        hours.add(row["hoursPerDay"])
    assert len(hours) > 1


def test_members_of_every_kind(ruddr: Any) -> None:
    members = ruddr.all("/members")
    assert {row["isActive"] for row in members} == {True, False}
    assert any(row["activeEndDate"] for row in members)
    assert any(row["email"] is None for row in members)
    assert any(row["availabilityPeriods"] == [] for row in members), "somebody without any capacity"
    assert any(p["hoursPerDay"] == [8, 8, 8, 8, 0, 0, 0] for m in members for p in m["availabilityPeriods"])
    assert all(len(p["hoursPerDay"]) == 7 for m in members for p in m["availabilityPeriods"])


def test_projects_of_every_status(ruddr: Any) -> None:
    projects = ruddr.all("/projects")
    assert {row["statusId"] for row in projects} >= {
        "tentative",
        "in_progress",
        "paused",
        "completed",
        "cancelled",
    }
    assert {row["recordStatusId"] for row in projects} == {"active", "archived"}
    assert {row["isBillable"] for row in projects} == {True, False}
    assert any(row["code"] is None for row in projects)


def test_the_planners_share_people_by_mail_and_projects_by_code(ruddr: Any, tenthousandft: Any) -> None:
    mails = {row["email"] for row in tenthousandft.all("/users", with_archived="true") if row["email"]}
    others = {row["email"] for row in ruddr.all("/members") if row["email"]}
    assert mails & others
    assert {mail.lower() for mail in others - mails} & mails, "one differs by case only"
    codes = {row["project_code"] for row in tenthousandft.all("/projects", with_archived="true")} - {None}
    own = {row["code"] for row in ruddr.all("/projects")} - {None}
    assert codes & own
    assert codes - own
    assert own - codes
