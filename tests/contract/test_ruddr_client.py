"""The sandbox's allocation API, read by clients nobody here wrote.

dlt's `rest_api` source is a client for any REST API, with its own requests, paging and retries; it is told
only what the vendor's page says (docs/sources/ruddr.md). tap-ruddr is a client for this very API, in an
environment of its own (`make .venv/tap-ruddr/.installed`, which `make test` does).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.ruddr.client import Ruddr
from connectors.sandbox import Sandbox
from connectors.sandbox.table import Row

HERE = Path(__file__).parent
TAP_PYTHON = Path(sys.prefix) / "tap-ruddr" / "bin" / "python"
FIRST, LAST = date(2026, 3, 2), date(2026, 3, 29)

# Path of the collection, and the sandbox's name for its rows.
COLLECTIONS = {
    "members": "members",
    "resource-placeholders": "placeholders",
    "projects": "projects",
    "project-roles": "roles",
    "project-tasks": "tasks",
    "clients": "clients",
    "holidays": "holidays",
    "time-entries": "time_entries",
    "allocations": "allocations",
}
OURS = {
    "members": "members",
    "resource-placeholders": "placeholders",
    "projects": "projects",
    "project-tasks": "tasks",
    "allocations": "allocations",
}

Read = Callable[..., list[Row]]


@pytest.fixture
def dlt_reads(planners: Sandbox, dlt_source: Callable[[dict[str, Any]], list[Any]]) -> Read:
    """All rows of a collection, as dlt finds them: ten a page, since nobody told it of more."""

    def read(path: str, **params: str) -> list[Row]:
        (resource,) = dlt_source(
            {
                "client": {
                    "base_url": planners.ready["ruddr"]["url"],
                    "auth": {"type": "bearer", "token": planners.ready["ruddr"]["token"]},
                    "paginator": {
                        "type": "cursor",
                        "cursor_path": "results[-1].id",
                        "cursor_param": "startingAfter",
                        "has_more_path": "hasMore",
                    },
                },
                "resources": [
                    {"name": path, "endpoint": {"path": path, "params": params, "data_selector": "results"}}
                ],
            }
        )
        return list(resource)

    return read


@pytest.mark.parametrize(("path", "stream"), COLLECTIONS.items())
def test_dlt_reads_every_row_of_a_collection_once(
    dlt_reads: Read, planners: Sandbox, path: str, stream: str
) -> None:
    expected = planners.ruddr.rows(stream)
    assert expected
    assert dlt_reads(path) == expected


def test_dlt_reads_the_availability_that_stands_inside_the_members(
    dlt_reads: Read, planners: Sandbox
) -> None:
    inside = {period["id"] for row in planners.ruddr.rows("members") for period in row["availabilityPeriods"]}
    read = [row["id"] for row in dlt_reads("availability-periods")]
    assert len(read) > 10
    assert sorted(read) == sorted(inside)


@pytest.mark.parametrize("limit", ["1", "7", "100"])
def test_the_size_of_the_page_does_not_matter(dlt_reads: Read, planners: Sandbox, limit: str) -> None:
    assert dlt_reads("members", limit=limit) == planners.ruddr.rows("members")


def test_a_window_is_all_that_touches_it(dlt_reads: Read, planners: Sandbox) -> None:
    first, last = FIRST.isoformat(), LAST.isoformat()
    rows = planners.ruddr.rows("allocations")
    touching = [row for row in rows if row["start"] <= last and row["end"] >= first]
    assert 10 < len(touching) < len(rows)
    assert dlt_reads("allocations", startOnBefore=last, endOnAfter=first) == touching


def test_types_and_members_part_the_allocations(dlt_reads: Read, planners: Sandbox) -> None:
    rows = planners.ruddr.rows("allocations")
    parts = [dlt_reads("allocations", assignmentTypeId=kind) for kind in ("project", "time_off")]
    assert all(parts)
    assert _ids(*parts) == _ids(rows)

    of_members = [row for row in rows if row["resourceTypeId"] == "member"]
    by_member = [dlt_reads("allocations", memberId=row["id"]) for row in planners.ruddr.rows("members")]
    assert _ids(*by_member) == _ids(of_members)


@pytest.mark.parametrize(("path", "stream"), OURS.items())
def test_our_connector_reads_what_dlt_reads(
    dlt_reads: Read, planners: Sandbox, path: str, stream: str
) -> None:
    where = planners.ready["ruddr"]
    with Ruddr(where["url"], where["token"], requests_per_second=None) as client:
        ours = [row for page in client.list(stream) for row in json.loads(page.body)["results"]]
    assert ours == dlt_reads(path)


def test_errors_reach_a_client_that_goes_by_the_status(planners: Sandbox) -> None:
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
    from dlt.sources.helpers.rest_client.client import RESTClient

    url, token = planners.ready["ruddr"]["url"], planners.ready["ruddr"]["token"]

    def refusal(path: str, token: str = token, **params: str) -> tuple[int, str]:
        client = RESTClient(url, auth=BearerTokenAuth(token))
        with pytest.raises(requests.HTTPError) as caught:
            client.get(path, params=params).raise_for_status()
        body = caught.value.response.json()
        assert body["status"] == caught.value.response.status_code
        return body["status"], body["message"]

    assert refusal("allocations", token="wrong")[0] == 401
    assert refusal("allocations/212b8272-ed2a-4a91-950a-8a06b3546144")[0] == 404
    assert refusal("allocations", limit="101") == (400, "Parameter 'limit' must be a number from 1 to 100.")
    planners.ruddr.disabled = True
    try:
        assert refusal("allocations")[0] == 423
    finally:
        planners.ruddr.disabled = False


def test_tap_ruddr_reads_every_row_of_its_streams_and_of_the_allocations(planners: Sandbox) -> None:
    streams = ("clients", "projects", "project-roles", "project-tasks", "time-entries", "allocations")
    script = [
        str(TAP_PYTHON),
        str(HERE / "tap_ruddr" / "read.py"),
        *planners.ready["ruddr"].values(),
        *streams,
    ]
    assert TAP_PYTHON.exists(), "tap-ruddr has no environment yet: make .venv/tap-ruddr/.installed"
    ran = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    read = json.loads(ran.stdout)
    for path in streams:
        assert read[path] == planners.ruddr.rows(COLLECTIONS[path]), path


def _ids(*lists: list[Row]) -> list[str]:
    return sorted(row["id"] for rows in lists for row in rows)
