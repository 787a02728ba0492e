"""Build every mart from the current rows of the common model, in one transaction.

The SQL beside this file holds the rules; this module only says in which order it runs. Project work in Ruddr
spreads over what time off leaves, so the time off is expanded first (groups.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

import duckdb

from transforms.policy import WEEKDAYS, Policy
from transforms.totals import groups

_TEMPORARY = (
    "block",
    "block_day",
    "block_week",
    "booking",
    "busy_week",
    "calendar",
    "calendar_contracted",
    "calendar_day",
    "calendar_range",
    "covered_day",
    "covered_part",
    "day_sum",
    "expand_part",
    "expand_running",
    "planner_person",
    "planner_project",
    "policy_week",
)

_BOOKING_DAY = """
CREATE OR REPLACE TABLE mart_booking_day_fact
    (booking_id INTEGER, day_id INTEGER, counts_as UTINYINT, ms BIGINT)
"""

_DROP_HOURS = """
DELETE FROM mart_booking_day_fact AS d
USING calendar AS c
WHERE
    d.day_id = c.day_id AND c.spread_ms = 0
    AND d.booking_id IN (SELECT booking_id FROM expand_booking)
"""


def build(con: duckdb.DuckDBPyConnection, policy: Policy, known: datetime | None = None) -> None:
    """Replace all `mart_*` tables. The same core rows and policy give the same marts, row for row.

    `known` (UTC, without the mark; default now) is when the changed numbers enter the history.
    """
    con.begin()
    try:
        con.execute("SET VARIABLE known = ?::TIMESTAMP", [known or datetime.now(UTC).replace(tzinfo=None)])
        _policy_week(con, policy)
        _run(con, "01_calendar")
        _run(con, "01_policies")
        con.execute(_BOOKING_DAY)
        for group in groups.time_off(policy):
            _expand(con, group)
        _run(con, "03_capacity")
        for group in groups.work(policy):
            _expand(con, group)
        _drop_hours(con, groups.dropped(policy))
        for step in ("04_facts", "05_marts", "06_planners", "07_history", "08_usage"):
            _run(con, step)
        con.execute(
            "CREATE OR REPLACE TABLE mart_policy AS SELECT ?::JSON AS policy", [policy.model_dump_json()]
        )
        con.commit()
    except BaseException:
        con.rollback()
        raise
    finally:
        _drop_temporary(con)


def _expand(con: duckdb.DuckDBPyConnection, group: groups.Group) -> None:
    con.execute(f"CREATE OR REPLACE TEMP VIEW expand_booking AS {group.bookings}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW expand_weight AS {group.weights}")
    _run(con, "02_expand")


def _drop_hours(con: duckdb.DuckDBPyConnection, bookings: str | None) -> None:
    """Takes the hours on days off from these bookings, where a policy says so."""
    if bookings is not None:
        con.execute(f"CREATE OR REPLACE TEMP VIEW expand_booking AS SELECT * FROM booking WHERE {bookings}")
        con.execute(_DROP_HOURS)


def _policy_week(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """temp policy_week(source, weekday 1 = Monday, work_ms): the default week of each source.

    Beside it, as variables, the policies that the SQL itself asks for.
    """
    con.execute("SET VARIABLE overlapping_blocks = ?", [policy.tenthousandft_overlapping_blocks])
    con.execute("SET VARIABLE partial_leave_counts = ?", [policy.partial_leave == "counts"])
    con.execute("CREATE OR REPLACE TEMP TABLE policy_week (source VARCHAR, weekday INTEGER, work_ms BIGINT)")
    account_ms = round(policy.tenthousandft_hours_per_day * 3_600_000)
    default_ms = round(policy.ruddr_default_hours_per_day * 3_600_000)
    rows: list[tuple[str, int, int]] = []
    for weekday, name in enumerate(WEEKDAYS, start=1):
        rows.append(("tenthousandft", weekday, account_ms if name in policy.tenthousandft_work_week else 0))
        rows.append(("ruddr", weekday, default_ms if weekday <= 5 else 0))
    con.executemany("INSERT INTO policy_week VALUES (?, ?, ?)", rows)


def _run(con: duckdb.DuckDBPyConnection, step: str) -> None:
    con.execute(files(__package__).joinpath(f"{step}.sql").read_text())


def _drop_temporary(con: duckdb.DuckDBPyConnection) -> None:
    for view in ("expand_booking", "expand_weight", "account_day", "booking_piece"):
        con.execute(f"DROP VIEW IF EXISTS temp.{view}")
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
