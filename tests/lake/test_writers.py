"""Several processes at one lake: writers take turns, readers never wait, and a push happens once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox import Sandbox
from pipelines.lock import WarehouseLocked
from pipelines.turn import turn
from transforms.warehouse import WarehouseError
from transforms.warehouse.lake import Lake, connect_catalog, open_lake

pytestmark = pytest.mark.slow

CREWTALLY = [sys.executable, "-c", "from pipelines.cli import main; main()"]


@dataclass
class Studio:
    """A folder with a configuration for a lake, and what is run in it."""

    folder: Path
    environment: dict[str, str]
    lake: Lake

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*CREWTALLY, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *arguments: object) -> Any:
        ran = self.run(*arguments, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(people=12, seed=3) as running:
        yield running


@pytest.fixture
def studio(sandbox: Sandbox, lake: Lake, tmp_path: Path) -> Studio:
    environment = {**os.environ, "PREFECT_API_URL": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("CREWTALLY_CONFIG", None)
    environment["CREWTALLY_WAREHOUSE__PASSWORD"] = lake.password or ""
    place = f'backend = "ducklake"\ncatalog = "postgres:{lake.catalog}"\ndata_path = "lake"'
    lines = [f"[warehouse]\n{place}"]
    for section, keys in sandbox.ready.items():
        lines.append(f"[{section}]")
        lines += [f'{name} = "{value}"' for name, value in keys.items()]
    (tmp_path / "crewtally.toml").write_text("\n".join(lines))
    return Studio(tmp_path, environment, lake)


def finished(processes: list[subprocess.Popen[str]]) -> list[subprocess.CompletedProcess[str]]:
    ended = []
    for process in processes:
        out, err = process.communicate(timeout=180)
        ended.append(subprocess.CompletedProcess(process.args, process.returncode, out, err))
    return ended


def test_two_writers_at_once_and_readers_that_never_wait(studio: Studio) -> None:
    """Each pulls one planner; readers see no run, the first, or both."""
    writers = [studio.start("pull", "--source", source) for source in ("tenthousandft", "ruddr")]
    seen = []
    while any(writer.poll() is None for writer in writers):
        seen.append({row["source"] for row in studio.json("totals")})
    for writer in finished(writers):
        assert writer.returncode == 0, writer.stderr
    assert {row["source"] for row in studio.json("totals")} == {"tenthousandft", "ruddr"}
    assert all(len(before) <= len(after) for before, after in pairwise(seen)), seen
    assert seen


def test_two_who_apply_the_same_plan_make_each_record_once(studio: Studio, sandbox: Sandbox) -> None:
    assert studio.run("pull").returncode == 0
    assert studio.json("plan", "-o", "plan.json")["plan"]["changes"]
    both = finished([studio.start("apply", "plan.json") for _ in range(2)])
    assert [ran.returncode for ran in both] == [0, 0], [ran.stderr for ran in both]
    made = Counter(
        (row["context_id"], row["resource_id"]) for row in sandbox.ftrack.entities["Assignment"].values()
    )
    assert made
    assert set(made.values()) == {1}
    assert studio.json("plan")["plan"]["changes"] == []


def test_a_writer_that_waits_says_for_whom_and_gives_up(studio: Studio) -> None:
    said: list[str] = []
    with (
        turn(studio.lake, "backfill"),
        pytest.raises(WarehouseLocked, match=r"`crewtally backfill on .*process \d+`"),
        turn(studio.lake, "pull", patience_seconds=0.2, waiting=said.append),
    ):
        pass
    assert len(said) == 1
    with turn(studio.lake, "pull", patience_seconds=0):
        pass


def test_a_turn_that_postgresql_took_away_is_told(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    end = "SELECT pg_terminate_backend(pid)::VARCHAR AS ended FROM pg_locks WHERE locktype = 'advisory'"
    with turn(studio.lake, "pull"):
        with connect_catalog(studio.lake, "test") as other:
            other.execute("SELECT * FROM postgres_query('catalog', ?)", [end]).fetchall()
        with turn(studio.lake, "sync", patience_seconds=10):
            pass
        assert not caplog.records
    assert "lost this run's turn" in caplog.text


@pytest.mark.parametrize(("off", "word"), [(60, "60 s ahead of"), (-60, "60 s behind")])
def test_a_clock_that_is_off_writes_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, off: int, word: str
) -> None:
    monkeypatch.setattr("pipelines.turn._now", lambda: time.time() + off)
    with pytest.raises(WarehouseError, match=word), turn(studio.lake, "pull"):
        pytest.fail("was let in")
    monkeypatch.undo()
    with turn(studio.lake, "pull", patience_seconds=0):  # nobody holds it
        pass


def test_two_lakes_on_one_server_do_not_wait_for_each_other(
    postgres: Callable[[], str], studio: Studio
) -> None:
    other = Lake(postgres(), "elsewhere", studio.lake.password)
    with turn(studio.lake, "pull"), turn(other, "pull", patience_seconds=0):
        pass


@pytest.mark.parametrize("after_seconds", [1.0, 2.5])
def test_a_writer_that_is_killed_leaves_the_lake_whole(studio: Studio, after_seconds: float) -> None:
    victim = studio.start("sync")
    time.sleep(after_seconds)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert studio.run("sync").returncode == 0
    with open_lake(studio.lake) as con:
        doubled = con.execute(
            "SELECT source, source_key, count(*) FROM core_booking_now GROUP BY ALL HAVING count(*) > 1"
        ).fetchall()
    assert doubled == []
    assert studio.json("plan")["plan"]["changes"] == []


LOOKS = (
    "totals",
    "totals --by bench-week",
    "status",
    "quarantine",
    "conflicts",
    "identity",
    "ledger",
    "report -o report",
    "dictionary",
    "doctor",
    "publish",
    "ledger --rebuild",
)


def test_every_command_works_on_a_lake(studio: Studio) -> None:
    assert studio.run("sync").returncode == 0
    for look in LOOKS:
        ran = studio.run(*look.split())
        assert ran.returncode == 0, (look, ran.stderr)
    [row, *_] = [row for row in studio.json("totals") if row["email"] and row["booked_hours"]]
    [explained, *_] = studio.json("explain", "person-week", row["email"], row["week"])
    assert explained["adds_up"] is True
    assert explained["parts"][0]["versions"][0]["raw"]
    [plan] = (studio.folder / ".crewtally/plans").glob("*.json")
    assert studio.run("undo", plan, "-o", "undo.json").returncode == 0
    assert studio.run("apply", "undo.json", "--json").returncode in (
        0,
        3,
    )  # all of it at once: a guard's matter
    backfilled = studio.run("backfill", "--start", row["week"], "--end", row["week"], "--dry-run")
    assert backfilled.returncode == 0, backfilled.stderr


def test_the_doctor_and_the_status_know_the_lake(studio: Studio) -> None:
    assert "0 snapshots" in studio.run("doctor").stdout.replace("\n", " ")
    assert studio.json("status")["streams"] == []
    assert studio.run("totals").returncode == 0
    assert studio.run("pull").returncode == 0
    told = studio.json("doctor")
    [found] = [check for check in told if check["name"] == "warehouse"]
    assert found["ok"] is True
    assert "dbname=lake" in found["found"]
    assert studio.json("status")["warehouse"] == studio.lake.catalog


def test_no_command_shows_the_password(studio: Studio) -> None:
    for secret in (studio.lake.password or "", "hunter2"):
        studio.environment["CREWTALLY_WAREHOUSE__PASSWORD"] = secret
        for command in ("doctor", "status", "pull", "totals"):
            ran = studio.run("--debug", command)
            assert secret not in ran.stdout + ran.stderr
            if secret == "hunter2" and command != "doctor":
                assert ran.returncode == 1
                assert "CREWTALLY_WAREHOUSE__PASSWORD" in ran.stderr
