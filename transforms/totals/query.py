"""Ask the marts: one function, a grain, and dates that only filter."""

from __future__ import annotations

from datetime import date

import duckdb

from transforms.totals import steps

GRAINS = (
    "person-week",
    "person-day",
    "person-month",
    "project-week",
    "project-month",
    "discipline-week",
    "bench-week",
    "planner-week",
    "usage-week",
    "booking",
)


def totals(
    con: duckdb.DuckDBPyConnection, by: str, start: date | None = None, end: date | None = None
) -> duckdb.DuckDBPyRelation:
    """Rows at grain `by`, in hours, in a stable order; columns as the SQL file of that grain selects them.

    `start` and `end` filter (inclusive): weeks that touch the dates, bookings that touch them. Raises
    ValueError for an unknown grain, LookupError when nothing was ever totalled in this warehouse.
    """
    if by not in GRAINS:
        raise ValueError(f"unknown grain {by!r}: one of {', '.join(GRAINS)}")
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'mart_person_week'").fetchall():
        raise LookupError("nothing was pulled into this warehouse yet: run `crewtally pull` first")
    return con.sql(steps.text(f"by_{by.replace('-', '_')}"), params=[start, end])
