"""kill -9 of the real command in the middle of a push: no duplicate, nothing lost, the next run is quiet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipelines.plan import make_plan
from transforms.warehouse import open_warehouse

pytestmark = pytest.mark.slow
BOOKINGS = 700
MONDAY = date(2026, 3, 2)
CONFIG = """
[tenthousandft]
url = "http://127.0.0.1:9"
token = "unused"
[ruddr]
url = "http://127.0.0.1:9"
token = "unused"
[ftrack]
url = "{url}"
user = "{user}"
key = "{key}"
[warehouse]
path = "warehouse.duckdb"
"""


@pytest.fixture
def folder(rig: Any, worlds: ModuleType, tmp_path: Path) -> Path:
    """A configuration, a warehouse of many short bookings, and a plan file; nobody has them open."""
    rig.world.con.close()
    rig.world = worlds.empty_world(str(tmp_path / "warehouse.duckdb"))
    worlds.planners(rig.world)
    for number in range(BOOKINGS):
        day = MONDAY + timedelta(days=number // 5 * 7 + number % 5)
        rig.world.book("ruddr", f"b{number}", start=day, days=1, hours=1 + number % 7, work_item="w1")
    (tmp_path / "plan.json").write_bytes(rig.plan().dump())
    rig.world.con.close()
    ftrack = rig.settings.ftrack
    (tmp_path / "crewtally.toml").write_text(
        CONFIG.format(url=ftrack.url, user=ftrack.user, key=ftrack.key.get_secret_value())
    )
    return tmp_path


CREWTALLY = [str(Path(sys.executable).with_name("crewtally"))]
ONE_BY_ONE = [
    sys.executable,
    "-c",
    "from pipelines import cli, push; push.REQUESTS_PER_COMMIT = 1; cli.main()",
]
# Dies when every answer is there and noted, and nothing of it stands with the changes and records yet.
DIES_AT_THE_END = [
    sys.executable,
    "-c",
    """
import os, signal
from pipelines import cli
from transforms.warehouse.ledger import Ledger
Ledger.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
cli.main()
""",
]


def apply(folder: Path, program: list[str] = CREWTALLY) -> subprocess.Popen[bytes]:
    """`crewtally apply plan.json`, as a process of its own."""
    command = [*program, "apply", "plan.json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CREWTALLY_")}
    environment["PREFECT_API_URL"] = ""
    return subprocess.Popen(command, cwd=folder, env=environment)


@pytest.mark.parametrize("heard", [True, False], ids=["carried out", "never heard"])
@pytest.mark.parametrize("write", [1, 2])
@pytest.mark.parametrize("program", [CREWTALLY, ONE_BY_ONE], ids=["a commit for all", "a commit for each"])
def test_killed_between_a_request_and_its_answer(
    rig: Any, folder: Path, program: list[str], write: int, heard: bool
) -> None:
    started = threading.Event()
    child: list[subprocess.Popen[bytes]] = []

    def kill(number: int) -> None:
        if number == write:
            started.wait(30)
            os.kill(child[0].pid, signal.SIGKILL)
            child[0].wait(30)
            if not heard:
                raise ConnectionError("the request is lost with its sender")

    rig.gate.on_write = kill
    child.append(apply(folder, program))
    started.set()
    assert child[0].wait(120) == -signal.SIGKILL
    rig.gate.on_write = lambda _number: None

    with apply(folder) as again:
        assert again.wait(120) == 0
    with open_warehouse(folder / "warehouse.duckdb") as con:
        assert make_plan(rig.settings, con).changes == []
        statuses = con.execute("SELECT DISTINCT status FROM push_change").fetchall()
    assert statuses == [("done",)]
    assert len(rig.allocations()) == BOOKINGS


def test_killed_when_all_is_sent_and_noted(rig: Any, folder: Path) -> None:
    with apply(folder, DIES_AT_THE_END) as child:
        assert child.wait(120) == -signal.SIGKILL
    sent = len(rig.gate.writes)
    with apply(folder) as again:
        assert again.wait(120) == 0
    assert len(rig.gate.writes) == sent
    with open_warehouse(folder / "warehouse.duckdb") as con:
        assert make_plan(rig.settings, con).changes == []
        assert con.execute("SELECT DISTINCT status FROM push_change").fetchall() == [("done",)]
        [(owned,)] = con.execute("SELECT count(*) FROM push_record WHERE state = 'live'").fetchall()
    assert owned >= BOOKINGS
    assert len(rig.allocations()) == BOOKINGS
