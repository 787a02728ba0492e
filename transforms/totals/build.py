"""Build every mart from the current rows of the common model, in one transaction.

The SQL beside this file holds the rules; this module only says in which order it runs. Project work in Ruddr
spreads over what time off leaves, so the time off is expanded first (groups.py). Where only bookings have
changed, their people alone are counted again, by the same SQL (stale.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

import duckdb

from transforms.policy import WEEKDAYS, Policy
from transforms.totals import groups, stale

_TEMPORARY = (
    "block",
    "block_day",
    "block_week",
    "booking",
    "busy_week",
    "calendar",
    "calendar_contracted",
    "covered",
    "covered_day",
    "day_sum",
    "expand_part",
    "expand_running",
    "planner_person",
    "planner_project",
    "policy_week",
    "redo",
)
_VIEWS = (
    "account_day",
    "booking_piece",
    "booking_snapshot",
    "calendar_range",
    "expand_booking",
    "expand_weight",
    "fresh_booking_fact",
    "fresh_person_day_fact",
    "fresh_person_month",
    "fresh_person_week",
    "fresh_project_fact",
    "fresh_work_fact",
    "redo_part",
)

_DROP_HOURS = """
DELETE FROM mart_booking_day_fact AS d
USING calendar AS c
WHERE
    d.day_id = c.day_id AND c.spread_ms = 0
    AND d.booking_id IN (SELECT booking_id FROM expand_booking)
"""


def build(con: duckdb.DuckDBPyConnection, policy: Policy, known: datetime | None = None) -> None:
    """Make all `mart_*` tables say what the core rows say: the same rows and policy, the same numbers.

    `known` (UTC, without the mark; default now) is when the changed numbers enter the history.
    """
    con.begin()
    try:
        con.execute("SET VARIABLE known = ?::TIMESTAMP", [known or datetime.now(UTC).replace(tzinfo=None)])
        _policy_week(con, policy)
        people = stale.find(con, policy)
        if people is None:
            _number(con, policy)
        elif people:
            _forget(con)
        if people != 0:
            _count(con, policy, anew=people is None)
            stale.remember(con, policy)
        for step in ("08_usage", "09_today"):
            _run(con, step)
        con.commit()
    except BaseException:
        con.rollback()
        raise
    finally:
        _drop_temporary(con)


def _number(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Start anew, with everybody."""
    _run(con, "00_numbers")
    con.execute("SET VARIABLE last_booking_id = 0")
    con.execute("CREATE OR REPLACE TABLE mart_policy AS SELECT ?::JSON AS policy", [policy.model_dump_json()])


def _forget(con: duckdb.DuckDBPyConnection) -> None:
    """Take away what the facts hold of the people in temp `redo`."""
    for step in ("05_projects", "00_forget"):
        _run(con, step)


def _count(con: duckdb.DuckDBPyConnection, policy: Policy, *, anew: bool) -> None:
    """The facts of the people in temp `redo`, and then all marts."""
    for step in ("01_calendar", "01_bookings", "01_policies"):
        _run(con, step)
    for group in groups.time_off(policy):
        _expand(con, group)
    _run(con, "03_capacity")
    for group in groups.work(policy):
        _expand(con, group)
    _drop_hours(con, groups.dropped(policy))
    _run(con, "04_facts")
    _put(con, ("person_day_fact", "booking_fact", "work_fact"), anew=anew)
    _run(con, "05_people")
    _put(con, ("person_week", "person_month"), anew=anew)
    _run(con, "05_projects")
    _put(con, ("project_fact",), anew=anew)
    if not anew:
        _run(con, "05_settle")
    _run(con, "05_names")
    for step in ("05_marts", "06_planners", "07_history"):
        _run(con, step)


def _put(con: duckdb.DuckDBPyConnection, names: tuple[str, ...], *, anew: bool) -> None:
    """What the views `fresh_X` say into the tables `mart_X`, which is what they say or has lost it."""
    for name in names:
        into = f"CREATE OR REPLACE TABLE mart_{name} AS" if anew else f"INSERT INTO mart_{name} BY NAME"
        con.execute(f"{into} FROM fresh_{name}")


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
    for view in _VIEWS:
        con.execute(f"DROP VIEW IF EXISTS temp.{view}")
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
