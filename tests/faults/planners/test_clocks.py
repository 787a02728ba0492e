"""A planner whose clock is off: nothing is pushed from what it said, until it was read by a right one."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from connectors.sandbox import Sandbox
from pipelines.apply import GuardTripped, apply_plan
from pipelines.doctor import diagnose
from pipelines.plan import make_plan
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.warehouse import open_warehouse


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(people=3)


@pytest.mark.parametrize("planner", ["tenthousandft", "ruddr"])
def test_a_planners_clock_stops_the_push_until_it_is_right(
    sandbox: Sandbox, planner: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sandbox, open_warehouse(":memory:") as con:
        settings = Settings.model_validate({**sandbox.ready, "landing": {"path": tmp_path}})
        sandbox.weather(f"clock_skew:1@{planner}/")
        with caplog.at_level(logging.WARNING, "crewtally.pull"):
            pull(settings, con)
        assert f"is 60 minutes behind that of {planner} " in caplog.text
        plan, before = make_plan(settings, con), len(sandbox.ftrack.entities["Allocation"])
        with pytest.raises(GuardTripped) as tripped:
            apply_plan(settings, con, plan)
        [trip] = tripped.value.trips
        assert f"was 60 minutes behind that of {planner} at the last pull (limit 5)" in trip.message
        assert trip.message.endswith("Then pull again.")
        assert len(sandbox.ftrack.entities["Allocation"]) == before

        sandbox.weather("")
        pull(settings, con)
        assert apply_plan(settings, con, plan).created == len(plan.changes) > 0


def test_the_doctor_names_every_service_whose_clock_differs(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox:
        folders = {"warehouse": {"path": tmp_path / "w.duckdb"}, "landing": {"path": tmp_path}}
        settings = Settings.model_validate({**sandbox.ready, **folders})
        assert all(check.ok for check in diagnose(lambda: settings))
        sandbox.weather("clock_skew:1")
        wrong = [check for check in diagnose(lambda: settings) if not check.ok]
    assert [check.name for check in wrong] == ["tenthousandft clock", "ruddr clock", "ftrack clock"]
    assert all(check.fix is not None and "Set this machine's clock" in check.fix for check in wrong)
