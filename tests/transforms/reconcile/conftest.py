"""The small world of world.py, empty or with a studio in it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def world(worlds: ModuleType) -> Any:
    """An empty world over an empty warehouse."""
    return worlds.empty_world()


@pytest.fixture
def studio(worlds: ModuleType, world: Any) -> Any:
    """Ada (p1, u1) and Ben (p2, u2) everywhere, project ALPHA (j1, f1) with a phase, a leave type."""
    worlds.planners(world)
    world.user("u1", "Ada Lovelace", "ada@studio.test")
    world.user("u2", "Ben Turner", "Ben@Studio.test ")
    world.ftrack_project("f1", "ALPHA", "Alpha")
    world.task("t1", "f1", "Compositing")
    return world


@pytest.fixture
def exceptions_file(tmp_path: Path) -> Any:
    """Writes an exceptions file of the given text and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "exceptions.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write
