"""The plans kept beside the warehouse: old ones go, never the last ones."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from pipelines import plans
from pipelines.settings import Settings
from transforms.reconcile.plan import Plan, PlanError
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


@pytest.mark.parametrize("characters", [8, 16, 17, 64])
def test_a_kept_plan_is_found_by_the_beginning_of_its_sha256(settings: Settings, characters: int) -> None:
    made = plan()
    plans.keep(settings, made)
    assert plans.find(settings, made.sha256[:characters].upper()).sha256 == made.sha256


@pytest.mark.parametrize("wrong", ["", "0" * 64, "../../etc/passwd", "*"])
def test_what_is_not_kept_is_not_found(settings: Settings, wrong: str) -> None:
    plans.keep(settings, plan())
    with pytest.raises(PlanError, match="Plan again"):
        plans.find(settings, wrong)


def test_the_whole_sha256_has_to_fit(settings: Settings) -> None:
    made = plan()
    plans.keep(settings, made)
    with pytest.raises(PlanError, match="Plan again"):
        plans.find(settings, made.sha256[:16] + "f" * 48)


def test_of_several_plans_none_is_guessed(settings: Settings) -> None:
    made = plan()
    file = plans.keep(settings, made)
    file.with_name(file.stem[:-1] + "_.json").write_bytes(made.dump())
    with pytest.raises(PlanError, match="2 plans begin"):
        plans.find(settings, made.sha256[:8])


def test_a_plan_that_was_edited_is_refused(settings: Settings) -> None:
    made = plan()
    file = plans.keep(settings, made)
    file.write_bytes(made.dump().replace(b"seed", b"seeD"))
    with pytest.raises(PlanError):
        plans.find(settings, made.sha256)


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
