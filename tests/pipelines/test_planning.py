"""What `crewtally plan` says of the guards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox import Sandbox
from pipelines.demo import configuration


@pytest.mark.parametrize("faults", ["", "clock_skew:1@ruddr/"])
def test_a_plan_says_that_a_planners_clock_would_stop_it(
    crewtally: Callable[..., Any], tmp_path: Path, faults: str
) -> None:
    with Sandbox(people=3) as sandbox:
        sandbox.weather(faults)
        (tmp_path / "crewtally.toml").write_text(configuration(sandbox.ready))
        assert crewtally("pull").code == 0
        said = crewtally("plan")
    assert said.code == 0, said.err
    warned = "was 60 minutes behind that of ruddr at the last pull (limit 5)" in " ".join(said.out.split())
    assert warned == bool(faults)
