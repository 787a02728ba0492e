"""Build every mart from the current rows of the common model.

The SQL beside this file holds the rules; this module only says in which order it runs. Everything is counted
into temporary tables first, and then put in place in one short transaction (what a transaction itself has
written, DuckDB reads with one thread). Project work in Ruddr spreads over what time off leaves, so the time
off is spread first (groups.py). Where only bookings have changed, only these, or their people, are counted
again (stale.py): by the same SQL, and by what else is in the files that say "kept" and "apart".
"""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from transforms.policy import WEEKDAYS, Policy
from transforms.totals import groups, stale, steps

# Temp `fresh_X` of each goes into table `mart_X`.
_FACTS = (
    "weight_fact", "stretch_fact", "spread_fact", "booking_fact", "person_day_fact",
    "person_week", "person_month", "project_fact", "planner_fact",
)  # fmt: skip
# Which rows of temp `spread` are of people who are counted whole.
_WHOLE = "CREATE OR REPLACE TEMP VIEW whole_spread AS FROM spread"
_APART = """
CREATE OR REPLACE TEMP TABLE apart_spread AS FROM spread SEMI JOIN apart_booking USING (booking_id);
CREATE OR REPLACE TEMP VIEW whole_spread AS FROM spread ANTI JOIN apart_booking USING (booking_id);
"""
# Of the last build: what is counted again, and what else those people have on these projects.
_FORMER = "FROM mart_spread_fact WHERE booking_id IN (SELECT booking_id FROM former_booking)"
_KEPT = "FROM mart_spread_fact WHERE booking_id IN (SELECT booking_id FROM kept_booking)"
_POLICY_WEEK = """
CREATE OR REPLACE TEMP TABLE policy_week AS
SELECT
    'tenthousandft' AS source,
    unnest(range(1, 8))::INTEGER AS weekday,
    unnest($tenthousandft::BIGINT[]) AS work_ms
UNION ALL
SELECT 'ruddr', unnest(range(1, 8))::INTEGER, unnest($ruddr::BIGINT[])
"""
_NUMBERED = """
CREATE OR REPLACE TABLE mart_resource AS FROM resource;
CREATE OR REPLACE TABLE mart_project AS FROM project;
CREATE OR REPLACE TABLE mart_coverage AS SELECT source, day FROM source_day WHERE is_covered;
CREATE OR REPLACE TABLE mart_policy AS SELECT getvariable('policy')::JSON AS policy;
"""


def build(con: duckdb.DuckDBPyConnection, policy: Policy, known: datetime | None = None) -> None:
    """Make all `mart_*` tables say what the core rows say: the same rows and policy, the same numbers.

    `known` (UTC, without the mark; default now) is when the changed numbers enter the history.
    """
    con.execute("SET VARIABLE known = ?::TIMESTAMP", [known or datetime.now(UTC).replace(tzinfo=None)])
    others = _temporary(con)
    try:
        _policy_week(con, policy)
        changed = stale.find(con, policy)
        if changed != 0:
            _count(con, policy, anew=changed is None)
        con.begin()
        try:
            if changed != 0:
                _put(con, anew=changed is None)
            steps.run(con, "09_usage", "09_today")
            con.commit()
        except BaseException:
            con.rollback()
            raise
    finally:
        _drop(con, _temporary(con) - others)


def _count(con: duckdb.DuckDBPyConnection, policy: Policy, *, anew: bool) -> None:
    """The facts of what is to be counted again, or of everybody, into temp `fresh_*`."""
    con.execute("SET VARIABLE anew = ?", [anew])
    steps.run(con, "00_numbers" if anew else "00_kept")
    steps.run(con, "01_calendar", "01_bookings", "01_policies", *([] if anew else ["01_kept"]))
    time_off, work = list(groups.time_off(policy)), list(groups.work(policy))
    for number, group in enumerate(time_off):
        _spread(con, number, group)
    steps.run(con, "03_capacity")
    for number, group in enumerate(work, start=len(time_off)):
        _spread(con, number, group)
    _drop_hours(con, groups.dropped(policy))
    con.execute(_WHOLE if anew else _APART)
    steps.run(con, "04_facts", "05_people", *([] if anew else ["05_apart"]))
    _count_work(con, anew=anew)
    steps.run(con, "05_projects", "05_planners")


def _put(con: duckdb.DuckDBPyConnection, *, anew: bool) -> None:
    """What was counted, in place of what stood there, and the marts that are made from all of it."""
    if anew:
        con.execute(_NUMBERED)
    else:
        steps.run(con, "06_forget")
    for name in _FACTS:
        into = f"CREATE OR REPLACE TABLE mart_{name} AS" if anew else f"INSERT INTO mart_{name} BY NAME"
        con.execute(f"{into} FROM fresh_{name}")
    if not anew:
        steps.run(con, "06_apart", "06_settle")
    whole = _work("FROM mart_spread_fact", "FROM mart_stretch_fact")
    con.execute(f"CREATE OR REPLACE VIEW mart_work_fact AS SELECT * FROM ({whole}) WHERE ms > 0")
    steps.run(con, "06_names", "07_marts", "08_history")
    stale.remember(con)


def _spread(con: duckdb.DuckDBPyConnection, number: int, group: groups.Group) -> None:
    """The bookings of a group over its weights. Its ids follow those of the groups before it."""
    [(days, stretches)] = con.execute(
        "SELECT max(day_id_0 + (last_day - DATE '2000-01-01')) + 1,"
        " (SELECT max(stretches) FROM source_day) * (max(resource_id) + 1) FROM resource"
    ).fetchall()
    con.execute("SET VARIABLE weight_0 = ?::BIGINT", [number * (days or 0)])
    con.execute("SET VARIABLE stretch_0 = ?::BIGINT", [number * (stretches or 0)])
    con.execute(f"CREATE OR REPLACE TEMP VIEW group_booking AS {group.bookings}")
    if not con.execute("SELECT 1 FROM group_booking LIMIT 1").fetchall():
        return
    con.execute(f"CREATE OR REPLACE TEMP VIEW group_weight AS {group.weights}")
    steps.run(con, "02_spread")


def _count_work(con: duckdb.DuckDBPyConnection, *, anew: bool) -> None:
    """Temp signed_work: project work as it is now (sign 1) and, unless all is new, as it was (-1)."""
    work = _work("FROM spread", "FROM stretch_sum")
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh_work AS SELECT * EXCLUDE (booking_id) FROM ({work})")
    signed = ["SELECT 1 AS sign, * FROM fresh_work"]
    for spreads, signs in ((_FORMER, [-1]), (_KEPT, [1, -1])) if not anew else ():
        work = _work(spreads, "FROM mart_stretch_fact")
        signed.append(f"SELECT unnest({signs}) AS sign, * EXCLUDE (booking_id) FROM ({work})")
    rows = f"FROM ({' UNION ALL '.join(signed)}) WHERE ms > 0"
    con.execute(f"CREATE OR REPLACE TEMP {'VIEW' if anew else 'TABLE'} signed_work AS {rows}")


def _work(spreads: str, stretches: str) -> str:
    """A query for project work, of tables like temp `spread` and `stretch_sum`."""
    return f"WITH spreads AS ({spreads}), stretches AS ({stretches}), {steps.text('work')}"


def _drop_hours(con: duckdb.DuckDBPyConnection, bookings: str | None) -> None:
    """Takes the hours on days off from these bookings, where a policy says so."""
    if bookings is not None:
        con.execute(f"CREATE OR REPLACE TEMP VIEW group_booking AS SELECT * FROM booking WHERE {bookings}")
        steps.run(con, "02_drop")


def _policy_week(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """temp policy_week(source, weekday 1 = Monday, work_ms): the default week of each source.

    Beside it, as variables, the whole policy, and what the SQL itself asks of it.
    """
    con.execute("SET VARIABLE policy = ?", [policy.model_dump_json()])
    con.execute("SET VARIABLE overlapping_blocks = ?", [policy.tenthousandft_overlapping_blocks])
    con.execute("SET VARIABLE partial_leave_counts = ?", [policy.partial_leave == "counts"])
    account_ms = round(policy.tenthousandft_hours_per_day * 3_600_000)
    default_ms = round(policy.ruddr_default_hours_per_day * 3_600_000)
    week_ms = {
        "tenthousandft": [account_ms if day in policy.tenthousandft_work_week else 0 for day in WEEKDAYS],
        "ruddr": [default_ms] * 5 + [0] * 2,
    }
    con.execute(_POLICY_WEEK, week_ms)


def _temporary(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """(VIEW or TABLE, name) of all that lives as long as this connection."""
    found = con.execute(
        "SELECT 'VIEW', view_name FROM duckdb_views() WHERE temporary AND NOT internal"
        " UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE temporary"
    ).fetchall()
    return {(kind, name) for kind, name in found}


def _drop(con: duckdb.DuckDBPyConnection, temporary: set[tuple[str, str]]) -> None:
    for kind, name in temporary:
        con.execute(f"DROP {kind} temp.{name}")
