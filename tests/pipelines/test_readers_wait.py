"""Commands that read wait a little for a run in progress, say so at once, and then say whose it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines import lock
from pipelines.lock import exclusive
from transforms.warehouse import open_warehouse

READING = [
    ("status",),
    ("totals",),
    ("quarantine",),
    ("conflicts",),
    ("ledger",),
    ("identity",),
    ("report",),
    ("explain", "booking", "ruddr", "1"),
]


@pytest.fixture
def warehouse(config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lock, "READER_PATIENCE_SECONDS", 0.3)
    path = config.parent / ".crewtally" / "warehouse.duckdb"
    path.parent.mkdir()
    open_warehouse(path).close()
    return path


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_nobody_waits_in_silence(
    crewtally: object, warehouse: Path, command: tuple[str, ...], form: tuple[str, ...]
) -> None:
    assert callable(crewtally)
    with exclusive(warehouse, "sync"):
        told = crewtally(*command, *form)
    assert (told.code, told.out) == (1, "")
    waiting, stopped = told.err.strip().splitlines()
    assert waiting.startswith(f"Waiting for `crewtally sync` (process {os.getpid()}")
    assert "in use by `crewtally sync`" in stopped
