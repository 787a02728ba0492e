"""Starting, stopping and reproducing the sandbox as a whole; rate limits; a large studio."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import requests

from connectors.sandbox import Sandbox

PATHS = {
    "tenthousandft": (
        "/users?with_archived=true&fields=availabilities,tags&per_page=1000",
        "/placeholder_resources?per_page=1000",
        "/projects?with_archived=true&with_phases=true&per_page=1000",
        "/assignments?with_phases=true&fields=subtasks_counts&per_page=1000",
        *(
            f"/{name}?per_page=1000"
            for name in ("leave_types", "holidays", "roles", "bill_rates", "disciplines")
        ),
        "/status_options",
        "/assignables?per_page=1000",
        "/time_entries?with_suggestions=true&from=2026-03-02&to=2026-03-08&per_page=1000",
    ),
    "ruddr": (
        *(f"/{name}?limit=100" for name in ("members", "resource-placeholders", "projects", "project-roles")),
        *(f"/{name}?limit=100" for name in ("project-tasks", "clients", "holidays", "time-entries")),
        "/availability-periods?limit=100",
        "/allocations?limit=100",
        "",
    ),
}

Talk = Callable[[Sandbox], tuple[Any, Any]]


def everything(talk: Talk, sandbox: Sandbox) -> dict[str, bytes]:
    return {
        service + path: api.get(path).content
        for (service, paths), api in zip(PATHS.items(), talk(sandbox), strict=True)
        for path in paths
    }


def test_the_same_seed_and_year_send_the_same_bytes(sandbox_of: Callable[..., Sandbox], talk: Talk) -> None:
    first = everything(talk, sandbox_of(people=20, seed=5, today=date(2026, 1, 1)))
    again = everything(talk, sandbox_of(people=20, seed=5, today=date(2026, 12, 31)))
    assert again == first
    other = everything(talk, sandbox_of(people=20, seed=6, today=date(2026, 1, 1)))
    assert all(other[f"{service}{path}"] != first[f"{service}{path}"] for service, path in (
        ("tenthousandft", PATHS["tenthousandft"][3]), ("ruddr", "/allocations?limit=100"),
    ))  # fmt: skip


def test_the_same_edits_make_the_same_bytes(sandbox_of: Callable[..., Sandbox], talk: Talk) -> None:
    def edited() -> dict[str, bytes]:
        sandbox = sandbox_of()
        key = sandbox.tenthousandft.rows("assignments")[0]["id"]
        sandbox.tenthousandft.update("assignments", key, note="moved")
        sandbox.ruddr.add("members", name="New Face")
        return everything(talk, sandbox)

    assert edited() == edited()


def test_a_process_of_its_own_sends_the_same_bytes(sandbox_of: Callable[..., Sandbox], talk: Talk) -> None:
    """Nothing may hang on the order of a set of strings, which every process shuffles anew."""
    sandbox = sandbox_of(people=15, seed=2)
    _, api = talk(sandbox)
    with process("people=15, seed=2, today=__import__('datetime').date(2026, 6, 1)") as (ready, _):
        theirs = api.session.get(
            ready["ruddr"]["url"] + "/allocations?limit=100", headers=api.headers, timeout=30
        )
    assert theirs.content == api.get("/allocations?limit=100").content


def test_ready_names_the_three_services(sandbox_of: Callable[..., Sandbox]) -> None:
    ready = sandbox_of(people=1).ready
    assert {name: set(entry) for name, entry in ready.items()} == {
        "tenthousandft": {"url", "token"},
        "ruddr": {"url", "token"},
        "ftrack": {"url", "user", "key"},
    }
    assert ready["tenthousandft"]["url"].endswith("/api/v1")
    assert ready["ruddr"]["url"].endswith("/api/workspace")
    assert all(entry["url"].startswith("http://127.0.0.1:") for entry in ready.values())


def free_ports() -> int:
    """A port with two free ones after it."""
    for base in range(42_000, 60_000, 10):
        try:
            for offset in range(3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", base + offset))
        except OSError:
            continue
        return base
    raise AssertionError("no free ports")


def test_ports_follow_the_base_and_are_free_again_afterwards() -> None:
    base = free_ports()
    for _ in range(2):
        with Sandbox(people=1, port_base=base) as sandbox:
            ports = [entry["url"].split(":")[2].split("/")[0] for entry in sandbox.ready.values()]
            assert ports == [str(base + offset) for offset in range(3)]


def test_a_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    base = free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", base + 2))
        other.listen()
        with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
            Sandbox(people=1, port_base=base).__enter__()
    with Sandbox(people=1, port_base=base):
        pass


def test_closing_twice_does_no_harm() -> None:
    with Sandbox(people=1) as sandbox:
        sandbox.close()


class process:  # noqa: N801 - reads as a verb
    """`serve` in a Python of its own; gives the ready line and the process."""

    def __init__(self, options: str) -> None:
        self.code = f"""
import json, sys
from connectors.sandbox import serve
serve(lambda ready: (print(json.dumps(ready)), sys.stdout.flush()), {options})
sys.stdout.write("closed")
"""

    def __enter__(self) -> tuple[dict[str, dict[str, str]], subprocess.Popen[str]]:
        self.child = subprocess.Popen([sys.executable, "-c", self.code], stdout=subprocess.PIPE, text=True)
        assert self.child.stdout is not None
        return json.loads(self.child.stdout.readline()), self.child

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_runs_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with process("people=1") as (ready, child):
        assert ready["ftrack"]["url"]
        os.kill(child.pid, number)
        rest, _ = child.communicate(timeout=30)
        assert (child.returncode, rest) == (0, "closed")


def test_two_thousand_people_start_and_serve_every_row(
    sandbox_of: Callable[..., Sandbox], talk: Talk
) -> None:
    sandbox = sandbox_of(people=2000)
    tenthousandft, ruddr = talk(sandbox)
    rows = tenthousandft.all("/assignments", with_phases="true")
    assert len(rows) == len({row["id"] for row in rows}) > 20_000
    one = ruddr.all("/members")[0]
    assert len(ruddr.all("/allocations", memberId=one["id"])) > 5
    assert ruddr.json("/allocations", limit=100)["hasMore"]


@pytest.fixture
def limited(sandbox_of: Callable[..., Sandbox], talk: Talk) -> tuple[Any, Any]:
    return talk(sandbox_of(people=1, rate_limits=True))


def test_ten_thousand_feet_allows_120_a_minute_and_says_when_to_come_back(limited: tuple[Any, Any]) -> None:
    api, _ = limited
    replies = [api.get("/holidays", per_page=1) for _ in range(121)]
    assert {reply.status_code for reply in replies[:120]} == {200}
    last = replies[120]
    assert last.status_code == 429
    assert (last.headers["X-RateLimit-Limit"], last.headers["X-RateLimit-Remaining"]) == ("120", "0")
    assert int(last.headers["X-RateLimit-Reset"]) > 1_700_000_000
    assert "Retry-After" not in last.headers


def test_ruddr_answers_429_without_any_headers(limited: tuple[Any, Any]) -> None:
    _, api = limited
    refused = [reply for reply in (api.get("") for _ in range(200)) if reply.status_code != 200]
    assert refused
    for reply in refused:
        assert reply.json() == {"status": 429, "message": "Too many requests"}
        assert not [
            name for name in reply.headers if "limit" in name.lower() or name.lower() == "retry-after"
        ]


def test_without_rate_limits_nothing_is_refused(sandbox_of: Callable[..., Sandbox], talk: Talk) -> None:
    for api in talk(sandbox_of(people=1)):
        assert {api.get("/projects").status_code for _ in range(130)} == {200}


@pytest.mark.parametrize(("dialect", "entity_type"), [("seed", "Allocation"), ("studio", "CalendarEvent")])
def test_ftrack_speaks_the_dialect_asked_for(
    sandbox_of: Callable[..., Sandbox], dialect: str, entity_type: str
) -> None:
    ready = sandbox_of(people=3, dialect=dialect).ready["ftrack"]
    headers = {"ftrack-user": ready["user"], "ftrack-api-key": ready["key"]}
    schemas = requests.post(
        f"{ready['url']}/api", json=[{"action": "query_schemas"}], headers=headers, timeout=30
    )
    names = {schema["id"] for schema in schemas.json()[0]}
    assert entity_type in names
    assert ("Appointment" in names) == (dialect == "studio")
