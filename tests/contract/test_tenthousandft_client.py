"""The sandbox's 10,000ft, used by clients nobody here wrote.

mcp-server-smartsheet-rm holds a client for this very API, reads and writes, which we use without its server.
dlt's `rest_api` source is a client for any REST API that follows `paging.next` by itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from smartsheet_rm_mcp.client import SmartsheetRMClient
from smartsheet_rm_mcp.errors import SmartsheetRMAPIError

from connectors.sandbox import Sandbox
from connectors.sandbox.table import Row
from connectors.tenthousandft.client import TenThousandFt

Result = TypeVar("Result")
Ask = Callable[[Callable[[SmartsheetRMClient], Awaitable[Result]]], Result]

EVERYBODY = {"with_archived": "true", "include_placeholders": "true"}
EVERYTHING = {"with_archived": "true", "with_phases": "true"}
MARCH = {"starts_at": "2026-03-09", "ends_at": "2026-03-13"}

# What the client calls it, parameters, and the sandbox's name for its rows.
LISTS: list[tuple[str, dict[str, str], str]] = [
    ("list_users", {"with_archived": "true"}, "users"),
    ("list_placeholder_resources", {}, "placeholders"),
    ("list_projects", EVERYTHING, "projects"),
    ("list_leave_types", {}, "leave_types"),
    ("list_holidays", {}, "holidays"),
    ("list_roles", {}, "roles"),
    ("list_disciplines", {}, "disciplines"),
    ("list_status_options", {}, "status_options"),
    ("list_assignments", {"with_phases": "true"}, "assignments"),
]


@pytest.fixture
def ask(planners: Sandbox) -> Ask[Any]:
    """Do something with the client, and come back with its result."""
    url, token = planners.ready["tenthousandft"]["url"], planners.ready["tenthousandft"]["token"]

    def run(call: Callable[[SmartsheetRMClient], Awaitable[Result]]) -> Result:
        async def connected() -> Result:
            async with SmartsheetRMClient(token, url) as client:
                return await call(client)

        return asyncio.run(connected())

    return run


async def every_page(page_of: Callable[[dict[str, Any]], Awaitable[Any]], **params: Any) -> list[Row]:
    """All rows of a list. The client hands on pages; it is for its user to turn them."""
    rows: list[Row] = []
    page: int | None = 1
    while page is not None:
        answer = await page_of({"per_page": 20, **params, "page": page})
        rows += answer["data"]
        page = page + 1 if answer["paging"]["next"] else None
    return rows


@pytest.mark.parametrize(("method", "params", "stream"), LISTS)
def test_every_row_of_a_list_is_read_once(
    ask: Ask[list[Row]], planners: Sandbox, method: str, params: dict[str, str], stream: str
) -> None:
    expected = planners.tenthousandft.rows(stream)
    assert expected
    assert ask(lambda client: every_page(getattr(client, method), **params)) == expected


def test_people_bring_their_availabilities(ask: Ask[list[Row]], planners: Sandbox) -> None:
    users = ask(lambda client: every_page(client.list_users, fields="availabilities", **EVERYBODY))
    assert len(users) == sum(len(planners.tenthousandft.rows(name)) for name in ("users", "placeholders"))
    blocks = [block for user in users if "availabilities" in user for block in user["availabilities"]["data"]]
    by_id = {block["id"]: block for block in planners.tenthousandft.rows("availabilities")}
    assert {block["id"]: block for block in blocks} == by_id


def test_people_and_nobody_part_the_assignments(ask: Ask[list[Row]], planners: Sandbox) -> None:
    people = [row["id"] for name in ("users", "placeholders") for row in planners.tenthousandft.rows(name)]

    async def of_people(client: SmartsheetRMClient) -> list[Row]:
        found = []
        for person in people:
            found += await every_page(
                lambda params, person=person: client.list_user_assignments(person, params),  # type: ignore[misc]
                with_phases="true",
            )
        return found

    everything = planners.tenthousandft.rows("assignments")
    nobodys = [row for row in everything if row["user_id"] is None]
    assert nobodys
    assert _by_id(ask(of_people) + nobodys) == _by_id(everything)


def test_a_project_shows_its_phases_only_when_asked(ask: Ask[list[Row]], planners: Sandbox) -> None:
    phases = {row["id"]: row["parent_id"] for row in planners.tenthousandft.rows("projects")}
    booked = planners.tenthousandft.rows("assignments")
    project = next(phases[row["assignable_id"]] for row in booked if phases.get(row["assignable_id"]))

    def of_project(**params: str) -> list[Row]:
        return ask(
            lambda client: every_page(lambda page: client.list_project_assignments(project, page), **params)
        )

    own = [row for row in booked if row["assignable_id"] == project]
    assert of_project() == own
    with_phases = [
        row for row in booked if project in (row["assignable_id"], phases.get(row["assignable_id"]))
    ]
    assert len(with_phases) > len(own)
    assert of_project(with_phases="true") == with_phases


def test_a_window_holds_what_overlaps_it(ask: Ask[list[Row]], planners: Sandbox) -> None:
    window = {"from": "2026-03-02", "to": "2026-03-29", "with_phases": "true"}
    booked = planners.tenthousandft.rows("assignments")
    inside = [row for row in booked if row["ends_at"] > "2026-03-02" and row["starts_at"] < "2026-03-29"]
    assert 10 < len(inside) < len(booked)
    assert ask(lambda client: every_page(client.list_assignments, **window)) == inside


@pytest.mark.parametrize(
    "effort",
    [
        {"allocation_mode": "percent", "percent": 0.25},
        {"allocation_mode": "hours_per_day", "hours_per_day": 3.5},
        {"allocation_mode": "fixed", "fixed_hours": 17},
    ],
    ids=lambda effort: effort["allocation_mode"],
)
def test_a_booking_made_for_a_person_is_there(
    ask: Ask[Any], planners: Sandbox, effort: dict[str, Any]
) -> None:
    person, project = _first(planners, "users"), _first(planners, "projects")
    made = ask(
        lambda client: client.create_user_assignment(person, {"assignable_id": project, **MARCH, **effort})
    )
    wanted = {"user_id": person, "assignable_id": project, **MARCH, **effort}
    assert {name: made[name] for name in wanted} == wanted
    shown = ask(lambda client: client.get_assignment(made["id"]))
    assert shown == made == planners.tenthousandft.get("assignments", made["id"])
    listed = ask(
        lambda client: every_page(lambda page: client.list_user_assignments(person, page), with_phases="true")
    )
    assert made in listed


def test_leave_is_booked_by_its_type(ask: Ask[Any], planners: Sandbox) -> None:
    person, leave = _first(planners, "users"), _first(planners, "leave_types")
    made = ask(lambda client: client.create_user_assignment(person, {"leave_id": leave, **MARCH}))
    assert (made["assignable_id"], made["allocation_mode"], made["percent"]) == (leave, "percent", 1.0)


def test_a_booking_without_a_person_brings_its_subtasks(ask: Ask[Any], planners: Sandbox) -> None:
    project = _first(planners, "projects")
    tasks = [{"description": "Rig", "completed": True}, {"description": "Paint", "completed": False}]
    answer = ask(
        lambda client: client.create_assignment(
            {"user_id": None, "assignable_id": project, **MARCH, "subtasks": tasks}
        )
    )
    (made,) = answer["data"]
    listed = ask(lambda client: client.list_subtasks(project, made["id"]))["data"]
    assert listed == made["subtasks"]["data"]
    assert [{name: line[name] for name in ("description", "completed")} for line in listed] == tasks


def test_the_daily_suggestions_come_by_window(ask: Ask[list[Row]]) -> None:
    first, days = date(2026, 3, 2), 5
    window = {"from": str(first), "to": str(first + timedelta(days - 1)), "with_suggestions": "true"}
    rows = ask(lambda client: every_page(client.list_time_entries, **window))
    assert {row["date"] for row in rows} == {str(first + timedelta(n)) for n in range(days)}
    assert all(row["is_suggestion"] and row["scheduled_hours"] >= 0 for row in rows)


def test_errors_come_as_the_client_expects_them(ask: Ask[Any], planners: Sandbox) -> None:
    def refusal(call: Callable[[SmartsheetRMClient], Awaitable[Any]]) -> tuple[int, Any]:
        with pytest.raises(SmartsheetRMAPIError) as caught:
            ask(call)
        return caught.value.status_code, caught.value.detail

    person = _first(planners, "users")
    assert refusal(lambda client: client.get_assignment(99_999_999)) == (404, {"message": "not found"})
    assert refusal(lambda client: client.list_tags()) == (404, "Not Found")
    status, detail = refusal(lambda client: client.create_user_assignment(person, {"assignable_id": 0}))
    assert (status, detail["message"]) == (403, "bad data")
    assert "starts_at can't be blank" in detail["errors"]

    async def stranger(_: SmartsheetRMClient) -> Any:
        async with SmartsheetRMClient("wrong", planners.ready["tenthousandft"]["url"]) as client:
            return await client.list_users()

    assert refusal(stranger)[0] == 401


PATHS: list[tuple[str, dict[str, str], str]] = [
    ("users", {"with_archived": "true", "fields": "availabilities"}, "users"),
    ("placeholder_resources", {}, "placeholders"),
    ("projects", EVERYTHING, "projects"),
    ("leave_types", {}, "leave_types"),
    ("holidays", {}, "holidays"),
    ("assignments", {"with_phases": "true"}, "assignments"),
]


@pytest.mark.parametrize(("path", "params", "stream"), PATHS)
def test_dlt_follows_the_pages_and_reads_what_our_connector_reads(
    planners: Sandbox,
    dlt_source: Callable[[dict[str, Any]], list[Any]],
    path: str,
    params: dict[str, str],
    stream: str,
) -> None:
    url, token = planners.ready["tenthousandft"]["url"], planners.ready["tenthousandft"]["token"]
    (resource,) = dlt_source(
        {
            "client": {
                "base_url": url,
                "auth": {"type": "api_key", "name": "auth", "api_key": token, "location": "header"},
                "paginator": {"type": "json_link", "next_url_path": "paging.next"},
            },
            "resources": [
                {"name": path, "endpoint": {"path": path, "params": params, "data_selector": "data"}}
            ],
        }
    )
    read = list(resource)
    assert _by_id(read).keys() == _by_id(planners.tenthousandft.rows(stream)).keys()
    with TenThousandFt(url, token) as client:
        assert read == [row for page in client.list(stream) for row in json.loads(page.body)["data"]]


def _first(planners: Sandbox, stream: str) -> int:
    key: int = planners.tenthousandft.rows(stream)[0]["id"]
    return key


def _by_id(rows: list[Row]) -> dict[int, Row]:
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows), "a row came twice"
    return found
