"""The notebook runs from top to bottom against a published copy, as a script and without a warning."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.py"
Published = Any  # conftest.py: .link, .ask(question, **variables)


def run(home: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """The notebook as a script, in an empty folder that is also its home."""
    environment = {**os.environ, "HOME": str(home), "PYTHONWARNINGS": "error", **variables}
    environment.pop("XDG_CONFIG_HOME", None)
    return subprocess.run(
        [sys.executable, str(NOTEBOOK), *map(str, arguments)],
        cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_it_runs_to_its_end_and_finds_what_the_cookbook_finds(published: Published, tmp_path: Path) -> None:
    ran = run(tmp_path, "--published", published.link, "--today", "2026-03-04")
    assert ran.returncode == 0, ran.stderr
    over, hidden, tentative, free, projects, _ = map(int, re.findall(r"(\d+) [a-z]", ran.stdout))
    assert over == len(published.ask("over_allocated_days"))
    assert hidden == len(published.ask("hidden_clashes"))
    assert tentative == len(published.ask("tentative_over_capacity"))
    assert free == len(published.ask("free_people", discipline="Animation"))
    assert projects == len(published.ask("planners_by_project"))


def test_it_can_be_told_by_the_environment_and_asks_for_the_day_of_the_last_pull(
    published: Published, tmp_path: Path
) -> None:
    ran = run(tmp_path, CREWTALLY_PUBLISHED=str(published.link))
    assert ran.returncode == 0, ran.stderr
    assert "bookings changed" in ran.stdout


def test_without_a_copy_it_says_what_to_do(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert ran.returncode != 0
    assert "There is no published copy .crewtally/current.duckdb: run `crewtally publish`" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_marimo_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "marimo", "check", "--strict", str(NOTEBOOK)],
        env={**os.environ, "HOME": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
