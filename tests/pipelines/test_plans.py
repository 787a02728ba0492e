"""The plans kept beside the warehouse: old ones go, never the last ones."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from pipelines import plans
from pipelines.settings import Settings
from transforms.reconcile.plan import Plan
from transforms.reconcile.undo import inverse

DAY = 86_400


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"warehouse": {"path": tmp_path / "warehouse.duckdb"}})


def plan() -> Plan:
    empty = Plan.of({"dialect": "seed", "server": "http://ftrack.test"})  # type: ignore[typeddict-item]
    return inverse(empty, [], {}, today=date(2026, 3, 2), owned=0)


def old_files(settings: Settings, number: int, age_days: float) -> list[Path]:
    """So many kept plans, a second apart, the youngest of that age."""
    folder = settings.warehouse.path.parent / "plans"
    folder.mkdir(exist_ok=True)
    files = []
    for n in range(number):
        file = folder / f"old{n}.json"
        file.write_text("{}")
        stamp = time.time() - age_days * DAY - n
        os.utime(file, (stamp, stamp))
        files.append(file)
    return files


def test_old_plans_beyond_the_newest_go(settings: Settings) -> None:
    files = old_files(settings, plans.KEPT_PLANS + 10, plans.KEPT_DAYS + 1)
    kept = plans.keep(settings, plan())
    assert kept.exists()
    assert [file.exists() for file in files] == [True] * (plans.KEPT_PLANS - 1) + [False] * 11


def test_young_plans_stay_however_many(settings: Settings) -> None:
    files = old_files(settings, plans.KEPT_PLANS + 10, plans.KEPT_DAYS - 1)
    plans.keep(settings, plan())
    assert all(file.exists() for file in files)


def test_few_plans_stay_however_old(settings: Settings) -> None:
    files = old_files(settings, plans.KEPT_PLANS - 1, 1000)
    plans.keep(settings, plan())
    assert all(file.exists() for file in files)
