"""Whether the planners' clocks agreed with ours when they were pulled."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files

import duckdb

from transforms.reconcile.guard import GuardLimits, Trip, clock
from transforms.reconcile.plan import Plan


def planners_clocks(con: duckdb.DuckDBPyConnection, plan: Plan, limits: GuardLimits) -> list[Trip]:
    """The guard on the clocks of the planners that a plan rests on, at their last pull."""
    rows = con.execute(files(__package__).joinpath("clocks.sql").read_text()).fetchall()
    asked = {snapshot["source"] for snapshot in plan.content["snapshots"]}
    return [
        trip
        for source, seconds in rows
        if source in asked
        for trip in clock(source, timedelta(seconds=seconds), limits, pulled=True)
    ]
