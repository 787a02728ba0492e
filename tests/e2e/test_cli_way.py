"""The whole way on the command line, against the three services."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
import pytest

from connectors.sandbox import Sandbox

pytestmark = pytest.mark.slow

Workspace = Any  # the fixture of tests/conftest.py: .run(*arguments) -> code, out, err, json; .folder

PERSON_WEEK = {
    "source", "person", "email", "week", "booked_hours", "tentative_hours", "leave_hours", "holiday_hours",
    "capacity_hours", "utilisation",
}  # fmt: skip
PROJECT_WEEK = {"source", "project", "week", "booked_hours", "people"}
BOOKING = {"source", "source_key", "person", "project", "start", "end", "total_hours", "vendor_hours"}


@pytest.fixture(autouse=True)
def _no_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(people=12, seed=3) as running:
        yield running


@pytest.fixture
def studio(sandbox: Sandbox, workspace: Callable[[Any], Workspace]) -> Workspace:
    return workspace(sandbox.ready)


def today() -> date:
    """The studio's day: the configuration's time zone is UTC."""
    return datetime.now(UTC).date()


def move_a_booking(sandbox: Sandbox, hours: float = 3.0) -> int:
    """Changes one booking of 10,000ft that reached ftrack; returns its id."""
    pushed = [row for row in sandbox.tenthousandft.rows("assignments") if row["allocation_mode"] == "percent"]
    users = {row["id"] for row in sandbox.tenthousandft.rows("users")}
    row = next(
        r for r in pushed if r["user_id"] in users and r["ends_at"] > str(today()) and r["percent"] == 0.5
    )
    sandbox.tenthousandft.update("assignments", row["id"], percent=hours / 8)
    key: int = row["id"]
    return key


def test_pull_then_totals_in_every_form(studio: Workspace) -> None:
    pulled = studio.run("pull", "--json")
    assert pulled.code == 0, pulled.err
    assert all(snapshot["complete"] for snapshot in pulled.json["snapshots"])
    assert {snapshot["source"] for snapshot in pulled.json["snapshots"]} == {"tenthousandft", "ruddr"}

    for grain, promised in (
        ("person-week", PERSON_WEEK),
        ("project-week", PROJECT_WEEK),
        ("booking", BOOKING),
    ):
        rows = studio.run("totals", "--by", grain, "--format", "json").json
        assert rows
        assert promised <= set(rows[0])
        lines = list(csv.DictReader(io.StringIO(studio.run("totals", "--by", grain, "--format", "csv").out)))
        assert len(lines) == len(rows)
        assert list(lines[0]) == list(rows[0])
        file = studio.folder / f"{grain}.parquet"
        assert studio.run("totals", "--by", grain, "-o", file).code == 0
        parquet = duckdb.sql(f"SELECT * FROM '{file}'")  # noqa: S608
        assert parquet.columns == list(rows[0])
        assert len(parquet.fetchall()) == len(rows)
        assert studio.run("totals", "--by", grain).out.count("\n") > len(rows)


def test_person_weeks_are_one_row_a_week_from_monday(studio: Workspace) -> None:
    assert studio.run("pull").code == 0
    rows = studio.run("totals", "--json").json
    assert all(date.fromisoformat(row["week"]).weekday() == 0 for row in rows)
    keys = [(row["source"], row["person_key"], row["week"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(isinstance(row["booked_hours"], int | float) for row in rows)
    assert any(row["person"] is None for row in rows)  # unassigned work
    assert any(row["person"] and row["email"] is None for row in rows)  # a placeholder


def test_dates_only_filter(studio: Workspace) -> None:
    assert studio.run("pull").code == 0
    everything = studio.run("totals", "--json").json
    monday = today() - timedelta(days=today().weekday())
    window = ("--from", monday, "--to", monday + timedelta(days=13))
    some = studio.run("totals", "--json", *window).json
    weeks = {str(monday), str(monday + timedelta(days=7))}
    assert some == [row for row in everything if row["week"] in weeks]


def test_plan_apply_and_nothing_left(studio: Workspace) -> None:
    assert studio.run("pull").code == 0
    file = studio.folder / "plan.json"
    planned = studio.run("plan", "-o", file)
    assert planned.code == 0, planned.err
    assert "to create" in planned.out
    again = studio.run("plan", "--json")
    assert again.json == json.loads(file.read_bytes())  # the same input, the same plan
    applied = studio.run("apply", file, "--json")
    assert applied.code == 0, applied.err
    assert applied.json["created"] == applied.json["verified"] == len(again.json["plan"]["changes"])
    assert applied.json["failed"] == 0
    assert studio.run("plan", "--json").json["plan"]["changes"] == []
    repeated = studio.run("apply", file)
    assert repeated.code == 0
    assert "nothing was sent" in repeated.out


def test_sync_pushes_once_then_only_what_changed(studio: Workspace, sandbox: Sandbox) -> None:
    first = studio.run("sync", "--json")
    assert first.code == 0, first.err
    assert "No Prefect API is configured" in first.err
    assert first.json["applied"]["created"] > 0
    second = studio.run("sync", "--json")
    assert second.json["applied"] is None
    assert sum(second.json["plan"]["changes"].values()) == 0
    key = move_a_booking(sandbox)
    third = studio.run("sync", "--json")
    assert third.code == 0, third.err
    changes = json.loads(Path(third.json["plan"]["file"]).read_bytes())["plan"]["changes"]
    assert {change["origin"]["source_key"] for change in changes} == {str(key)}
    assert third.json["applied"]["failed"] == 0


def test_a_run_publishes_for_analysts(studio: Workspace) -> None:
    assert studio.run("sync", "--dry-run").code == 0
    rows = studio.run("totals", "--json").json
    with duckdb.connect(str(studio.folder / ".crewtally/current.duckdb"), read_only=True) as reader:
        found = reader.execute("SELECT count(*) FROM mart_person_week").fetchall()
        assert found == [(len(rows),)]
        assert studio.run("sync", "--dry-run").code == 0  # a reader that stays is in nobody's way


def test_a_dry_run_pushes_nothing(studio: Workspace) -> None:
    planned = studio.run("sync", "--dry-run", "--json")
    assert planned.code == 0
    assert planned.json["applied"] is None
    assert sum(planned.json["plan"]["changes"].values()) > 0
    assert studio.run("status", "--json").json["pushed"]["records"] == 0


def test_a_plan_that_no_longer_holds_is_code_4(studio: Workspace, sandbox: Sandbox) -> None:
    assert studio.run("pull").code == 0
    file = studio.folder / "plan.json"
    assert studio.run("plan", "-o", file).code == 0
    edited = studio.folder / "edited.json"
    edited.write_bytes(file.read_bytes().replace(b'"value":1.0', b'"value":0.9', 1))
    refused = studio.run("apply", edited)
    assert refused.code == 4
    assert "sha256" in refused.err
    move_a_booking(sandbox)
    assert studio.run("pull").code == 0
    stale = studio.run("apply", file)
    assert stale.code == 4
    assert "stale" in stale.err
    assert studio.run("status", "--json").json["pushed"]["records"] == 0


def test_what_is_no_plan_is_code_2(studio: Workspace) -> None:
    file = studio.folder / "note.json"
    file.write_text("{}")
    assert studio.run("apply", file).code == 2


def test_a_tripped_guard_is_code_3_until_allowed(studio: Workspace, sandbox: Sandbox) -> None:
    assert studio.run("sync").code == 0
    for row in sandbox.tenthousandft.rows("assignments"):
        sandbox.tenthousandft.delete("assignments", row["id"])
    stopped = studio.run("sync")
    assert stopped.code == 3, stopped.err
    file = studio.folder / "plan.json"
    assert studio.run("plan", "-o", file).code == 0
    assert studio.run("apply", file).code == 3
    assert studio.run("apply", file, "--allow", "0" * 64).code == 3
    sha256 = json.loads(file.read_bytes())["sha256"]
    assert sha256 in stopped.err
    allowed = studio.run("apply", file, "--allow", sha256, "--json")
    assert allowed.code == 0, allowed.err
    assert allowed.json["deleted"] > 0
    outcomes = [run["outcome"] for run in studio.run("status", "--json").json["runs"]]
    assert outcomes[:5] == ["done", "guarded", "guarded", "done", "guarded"]


def test_status_and_doctor_after_a_run(studio: Workspace) -> None:
    assert studio.run("sync").code == 0
    status = studio.run("status", "--json").json
    streams = {(stream["source"], stream["stream"]) for stream in status["streams"]}
    assert ("ruddr", "allocations") in streams
    assert ("tenthousandft", "assignments") in streams
    assert all(stream["complete"] and stream["age_seconds"] < 300 for stream in status["streams"])
    assert status["pushed"]["records"] == status["pushed"]["changes"]["done"] > 0
    assert status["pushed"]["last_plan"]["status"] == "applied"
    assert status["runs"][0]["command"] == "sync"
    assert "Freshness" in studio.run("status").out
    checks = studio.run("doctor", "--json")
    assert checks.code == 0
    assert all(check["ok"] for check in checks.json)
    assert "seed dialect" in next(check["found"] for check in checks.json if check["name"] == "ftrack")


def test_a_wrong_token_stops_before_anything_is_planned(
    studio: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREWTALLY_RUDDR__TOKEN", "not-the-token")
    stopped = studio.run("sync")
    assert stopped.code == 1
    assert "ruddr" in stopped.err
    assert "not-the-token" not in stopped.err
    status = studio.run("status", "--json").json
    assert {stream["source"] for stream in status["streams"]} == {"tenthousandft", "ftrack"}  # both read
    assert status["runs"][0]["outcome"] == "failed"
    checks = studio.run("doctor", "--json")
    assert checks.code == 1
    ruddr = next(check for check in checks.json if check["name"] == "ruddr")
    assert "CREWTALLY_RUDDR__TOKEN" in ruddr["fix"]


def test_one_planner_without_ftrack_is_enough(
    sandbox: Sandbox, workspace: Callable[[Any], Workspace]
) -> None:
    alone = workspace({"ruddr": sandbox.ready["ruddr"]})
    synced = alone.run("sync", "--json")
    assert synced.code == 0, synced.err
    assert synced.json["plan"] is None
    assert {row["source"] for row in alone.run("totals", "--json").json} == {"ruddr"}
    assert alone.run("plan").code == 2


def test_the_sandbox_says_one_line_and_ends_well() -> None:
    script = Path(sys.executable).with_name("crewtally")
    command = [script, "sandbox", "--people", "5", "--dialect", "studio"]
    for number in (signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert set(ready) == {"tenthousandft", "ruddr", "ftrack"}
            os.kill(process.pid, number)
            assert process.wait(10) == 0
            assert process.stdout.read() == ""


def test_a_fault_that_is_none_is_bad_usage() -> None:
    script = Path(sys.executable).with_name("crewtally")
    said = subprocess.run(
        [script, "sandbox", "--faults", "hail"], capture_output=True, text=True, check=False
    )
    assert said.returncode == 2
    assert "Traceback" not in said.stderr


def test_the_demo_shows_what_it_promises(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("crewtally")
    real = {"CREWTALLY_FTRACK__URL": "http://real.test", "CREWTALLY_FTRACK__KEY": "real"}
    environment = {**os.environ, **real, "TMPDIR": str(tmp_path)}
    shown = subprocess.run(
        [script, "demo", "--people", "15"], capture_output=True, text=True, check=False, env=environment
    )
    assert shown.returncode == 0, shown.stderr
    for promise in (
        "by person and week",
        "two planners disagree",
        "plan for ftrack",
        "Pushed:",
        "Nothing was pushed",
    ):
        assert promise in shown.stdout
    assert "real.test" not in shown.stdout
    report = Path(unquote(urlsplit(shown.stdout.split()[-1]).path))  # where it is, is the last word
    assert "Who is booked when" in report.read_text()
    assert [entry.name for entry in report.parents[1].iterdir()] == ["report"]  # and nothing else is left
