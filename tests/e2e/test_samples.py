"""The vendors' own samples, sent through the whole way: wire, model, warehouse, totals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connectors.sandbox import Sandbox

SAMPLE = Path(__file__).parents[1] / "connectors" / "ruddr" / "data" / "allocation.json"


def test_the_ruddr_sample_totals_528_hours(workspace: Callable[[Any], Any]) -> None:
    """Seed 002: 2022-06-01 to 2022-08-31 at 8 hours on 66 weekdays; 4 July counts."""
    sample = json.loads(SAMPLE.read_text())
    with Sandbox(people=5, seed=1) as sandbox:
        sandbox.ruddr.add_row("allocations", sample)
        studio = workspace(sandbox.ready)
        pulled = studio.run("pull", "--source", "ruddr", "--start", "2022-06-01", "--end", "2022-08-31")
        assert pulled.code == 0, pulled.err
    [booking] = studio.run("totals", "--by", "booking", "--json").json
    assert (booking["source_key"], booking["total_hours"]) == (sample["id"], 528)
    assert (booking["vendor_hours"], booking["flag"]) == (528, None)
    assert (booking["person"], booking["project"]) == ("Project Manager", "Vendor Portal")
    weeks = studio.run("totals", "--by", "person-week", "--json").json
    of_sample = [week for week in weeks if week["person"] == "Project Manager"]
    assert sum(week["booked_hours"] for week in of_sample) == 528
    assert {week["email"] for week in of_sample} == {None}
    projects = studio.run("totals", "--by", "project-week", "--json").json
    assert sum(week["booked_hours"] for week in projects) == 528
