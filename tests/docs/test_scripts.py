"""The scripts page: its examples leave the services as they found them, in both dialects of ftrack."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox import Sandbox
from pipelines.demo import configuration

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/scripts.md").read_text()
EXAMPLES = dict(re.findall(r"(?ms)^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```", PAGE))


@pytest.fixture(scope="module", params=["seed", "studio"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Any]:
    with Sandbox(people=12, seed=3, dialect=request.param) as sandbox:
        yield sandbox


def state(sandbox: Any) -> dict[str, Any]:
    """All rows a script could change, by id."""
    planners = {
        "10,000ft": sandbox.tenthousandft.rows("assignments"),
        "subtasks": sandbox.tenthousandft.rows("subtasks"),
        "Ruddr": sandbox.ruddr.rows("allocations"),
    }
    found: dict[str, Any] = {name: {row["id"]: row for row in rows} for name, rows in planners.items()}
    return found | {name: dict(rows) for name, rows in sandbox.ftrack.entities.items()}


@pytest.mark.slow
@pytest.mark.parametrize("service", ["10,000ft", "Ruddr", "ftrack"])
def test_an_example_runs_and_cleans_up(sandbox: Any, service: str, tmp_path: Path) -> None:
    (tmp_path / "crewtally.toml").write_text(configuration(sandbox.ready))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CREWTALLY_")}
    before = state(sandbox)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", EXAMPLES[service]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    assert len(ran.stdout.splitlines()) >= 1
    assert state(sandbox) == before
    if service == "ftrack":
        assert re.findall(r"(?m)^```\n(ftrack: .*?)\n```", PAGE, re.DOTALL)[0] in ran.stdout


def imported(file: Path) -> set[str]:
    """Full names of all that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_pipeline_can_write_to_a_planner() -> None:
    """Nothing the sync runs so much as imports the writers. The push to ftrack has a way of its own."""
    writers = {f"connectors.{name}.writes" for name in ("tenthousandft", "ruddr", "ftrack")}
    files = [file for room in ("pipelines", "transforms") for file in (ROOT / room).rglob("*.py")]

    assert len(files) > 30
    assert [str(file) for file in files if imported(file) & writers] == []
