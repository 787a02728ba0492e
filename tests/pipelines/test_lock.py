"""One process at a time in the warehouse: who waits, how long, and what is said meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.lock import WarehouseLocked, exclusive

HOLD = """
import sys, time
from pathlib import Path
from pipelines.lock import exclusive
with exclusive(Path(sys.argv[1]), "backfill"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def holder(warehouse: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock, for so long."""
    command = [sys.executable, "-c", HOLD, str(warehouse), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_impatient_are_told_who_holds_it_and_what_to_do(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    with (
        holder(warehouse, 60) as process,
        pytest.raises(WarehouseLocked) as caught,
        exclusive(warehouse, "totals", patience_seconds=0.3),
    ):
        pytest.fail("two processes at once")
    message = str(caught.value)
    assert f"`crewtally backfill` (process {process.pid}, since " in message
    assert "Wait for that run to end, or stop it" in message


def test_the_patient_get_it_next_and_are_told_once(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    said: list[str] = []
    with holder(warehouse, 0.5), exclusive(warehouse, "sync", patience_seconds=30, waiting=said.append):
        pass
    assert len(said) == 1
    assert said[0].startswith("Waiting for `crewtally backfill`")


def test_a_killed_holder_leaves_nothing_behind(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    with holder(warehouse, 60) as process:
        process.kill()
        process.wait()
        with exclusive(warehouse, "sync", patience_seconds=0):
            pass


def test_it_is_free_after_use_and_after_an_error(tmp_path: Path) -> None:
    warehouse = tmp_path / "new folder" / "w.duckdb"
    with pytest.raises(ZeroDivisionError), exclusive(warehouse, "pull"):
        raise ZeroDivisionError
    with exclusive(warehouse, "pull", patience_seconds=0):
        pass
