"""Planning against the bare anti-joins: 200,000 wanted records against 200,000 in ftrack, and peak memory.

The bare way is what a colleague would write who has both lists as tables, each with an id and the fields,
and nothing else to think of: three statements, each into a table of its own. To create: wanted ANTI JOIN
there; to delete: there ANTI JOIN wanted; to update: the inner join where the fields differ.

`diff` starts from the same two lists. It looks besides at what we own and last wrote of each record, and at
what proves that a booking is gone. `to the plan` adds all that follows: waiting after failures, moves, impact
for the guards, the lists with the names people know, the plan as it is written to its file, and its hash;
`read` also makes objects of it, as whoever shows or applies it does. None of them holds the steps before,
which make the wanted list from bookings.

A record in twenty differs: a third each is to create, to update, to delete. Each try is a process of its own,
the median of --tries (3) counts. Options: --records N (200000), --dialect seed|studio.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import resource
import statistics
import subprocess
import sys
import time
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from pipelines import tables
from transforms.reconcile import reconcile
from transforms.reconcile.actual import load
from transforms.reconcile.reconcile import IDENTITY_STEPS, STEPS, Rules
from transforms.warehouse import open_warehouse
from transforms.warehouse.ledger import Ledger

PEOPLE, PROJECTS = 2000, 500
STUDIO = """
INSERT INTO core_person BY NAME
SELECT 'ruddr' AS source, 'p' || i AS person_key, 'member' AS kind, 'P ' || i AS name,
    'p' || i || '@x.example' AS email,
    true AS is_active, TIMESTAMP '2026-01-01' AS known_from, 's' AS snapshot_id
FROM range($people) AS t(i);
INSERT INTO core_project BY NAME
SELECT 'ruddr' AS source, 'j' || i AS project_key, 'Project ' || i AS name, 'J' || i AS code,
    false AS is_tentative,    false AS is_archived, TIMESTAMP '2026-01-01' AS known_from, 's' AS snapshot_id
FROM range($projects) AS t(i);
INSERT INTO raw_snapshot BY NAME
SELECT 's' AS snapshot_id, 'ruddr' AS source, 'allocations' AS stream, 'all' AS scope,
    DATE '2026-01-01' AS window_start, DATE '2026-12-31' AS window_end, TIMESTAMP '2026-01-01' AS started_at,
    TIMESTAMP '2026-01-01' AS finished_at, true AS complete, 1 AS pages, 0 AS rows, 0 AS loaded,
    0 AS repeated, 0 AS quarantined, 0 AS outside, '' AS content_sha256;
CREATE TABLE mart_calendar AS
SELECT 'ruddr' AS source, 'p' || i AS person_key, day::DATE AS day, 28800000::BIGINT AS contracted_ms,
    28800000::BIGINT AS work_ms, 28800000::BIGINT AS effective_ms
FROM range($people) AS t(i), generate_series(DATE '2026-01-01', DATE '2026-12-31', INTERVAL 1 DAY) AS d(day);
"""
# One day each: what is measured begins where days have become records.
BOOKINGS = """
DELETE FROM core_booking;
INSERT INTO core_booking BY NAME
SELECT 'ruddr' AS source, 'b' || i AS source_key, 'c' || i AS content_key, 'work' AS kind,
    'member' AS resource_kind,    'p' || i % $people AS person_key, 'j' || i % $projects AS project_key,
    DATE '2026-01-05' + (i * 7919 % 330)::INTEGER AS start_date,
    DATE '2026-01-05' + (i * 7919 % 330)::INTEGER AS end_date, 'hours_per_day' AS effort_unit,
    if($second AND i % 61 = 1, 2, 4) AS effort_amount, true AS is_billable, false AS is_tentative,
    '' AS page_sha256, i AS page_position, TIMESTAMP '2026-01-01' AS known_from,
    if($second AND i % 61 = 3, TIMESTAMP '2026-01-02', NULL) AS known_to, 's' AS snapshot_id,
    if($second AND i % 61 = 3, 's', NULL) AS closed_by
FROM range(($records * 61 / 60)::BIGINT) AS t(i)
WHERE $second OR i % 61 <> 2;
CREATE OR REPLACE TABLE mart_booking_day AS
SELECT source, source_key, person_key, resource_kind, kind, project_key, work_item_key, leave_type_key,
    start_date AS day, (effort_amount * 3600000)::BIGINT AS ms, is_billable, is_tentative
FROM core_booking
WHERE known_to IS NULL;
"""
NAMES = """
CREATE OR REPLACE TEMP TABLE ft_user AS
SELECT 'u' || i AS user_id, 'u' || i AS username, 'p' || i || '@x.example' AS email, 'P ' || i AS name,
    true AS is_active
FROM range($people) AS t(i);
CREATE OR REPLACE TEMP TABLE ft_project AS
SELECT 'f' || i AS project_id, 'J' || i AS code, 'Project ' || i AS name FROM range($projects) AS t(i);
CREATE OR REPLACE TEMP TABLE ft_task (task_id VARCHAR, project_id VARCHAR, name VARCHAR);
CREATE OR REPLACE TEMP TABLE ft_record AS FROM bench_there;
"""
ACTIONS = ("create", "update", "delete")
FLAT = "SELECT kind, record_id, unnest(image) FROM rec_want"
BARE = (
    "CREATE TABLE bare_create AS FROM bare_wanted ANTI JOIN bare_there USING (record_id)",
    "CREATE TABLE bare_delete AS FROM bare_there ANTI JOIN bare_wanted USING (record_id)",
    """
    CREATE TABLE bare_update AS
    SELECT w.*, t.* EXCLUDE (kind, record_id)
    FROM bare_wanted AS w INNER JOIN bare_there AS t USING (record_id)
    WHERE w IS DISTINCT FROM t
    """,
)


def run(con: duckdb.DuckDBPyConnection, statements: str, **parameters: Any) -> None:
    for statement in duckdb.extract_statements(statements):
        con.execute(statement, {name: parameters[name] for name in statement.named_parameters})


def step(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute(files("transforms.reconcile").joinpath(f"{name}.sql").read_text())


def names(con: duckdb.DuckDBPyConnection) -> None:
    """A fresh read of ftrack."""
    run(con, NAMES, people=PEOPLE, projects=PROJECTS)


def prepared(records: int, rules: Rules) -> duckdb.DuckDBPyConnection:
    """A warehouse with everything that comes before the diff; ftrack is as an earlier push left it."""
    con = open_warehouse(":memory:")
    Ledger(con)
    sizes = {"records": records, "people": PEOPLE, "projects": PROJECTS}
    run(con, STUDIO, **sizes)
    for second in (False, True):
        run(con, BOOKINGS, second=second, **sizes)
        if not second:
            load(con, "ft_record", [])
            con.execute("CREATE TABLE bench_there AS FROM ft_record")
        names(con)
        reconcile._set_rules(con, rules)
        for name in (*IDENTITY_STEPS, "desired"):
            step(con, name)
        if not second:
            con.execute(f"INSERT INTO bench_there BY NAME {FLAT}")
            names(con)
            assert (
                reconcile.adopt(con, rules)
                == con.execute("SELECT count(*) FROM bench_there").fetchall()[0][0]
            )
    con.execute(f"CREATE TABLE bare_wanted AS {FLAT}")
    con.execute("CREATE TABLE bare_there AS FROM ft_record")
    return con


def measure(records: int, dialect: Any) -> dict[str, Any]:
    """One try: seconds of each way, the numbers of changes, and the peak in MB before and after."""
    rules = Rules(server="bench", dialect=dialect, today=date(2026, 1, 1), sources=["ruddr"])
    con = prepared(records, rules)
    forget_peak()
    before = peak_mb()
    marks = [time.perf_counter()]
    for statement in BARE:
        con.execute(statement)
    marks.append(time.perf_counter())
    steps = STEPS[STEPS.index("diff") :]
    step(con, steps[0])
    marks.append(time.perf_counter())
    for name in steps[1:]:
        step(con, name)
    plan = reconcile._plan(con, rules)
    marks.append(time.perf_counter())
    assert plan.content
    marks.append(time.perf_counter())
    bare = [con.execute(f"SELECT count(*) FROM bare_{name}").fetchall()[0][0] for name in ACTIONS]  # noqa: S608
    changes = plan.content["summary"]["changes"]
    assert [sum(changes[name].values()) for name in ACTIONS] == bare
    seconds = [end - start for start, end in itertools.pairwise(marks)]
    return {
        "bare": seconds[0], "diff": seconds[1], "plan": sum(seconds[1:3]), "read": sum(seconds[1:4]),
        "changes": len(plan.changes),
        "before_mb": before, "peak_mb": peak_mb(),
    }  # fmt: skip


def forget_peak() -> None:
    """So that the making of the lists does not count. Linux only; elsewhere it does."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--dialect", default="seed")
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.records, options.dialect)))
        return
    tries = [one_try(options) for _ in range(options.tries)]
    middle = {name: statistics.median(found[name] for found in tries) for name in tries[0]}
    bare = middle["bare"]
    rows = [
        ("bare anti-joins and join", bare, 1.0),
        ("diff", middle["diff"], middle["diff"] / bare),
        (f"diff to the plan ({middle['changes']:,.0f} changes)", middle["plan"], middle["plan"] / bare),
        ("diff to the plan, read", middle["read"], middle["read"] / bare),
    ]
    memory = f"peak {middle['peak_mb']:,.0f} MB, {middle['before_mb']:,.0f} MB of it before"
    title = f"{options.records:,} records, {options.dialect}: {memory}"
    tables.show(("planning", "seconds", "times bare"), rows, title=title)


def one_try(options: argparse.Namespace) -> dict[str, float]:
    command = [
        sys.executable,
        __file__,
        "--one",
        "--records",
        str(options.records),
        "--dialect",
        options.dialect,
    ]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


if __name__ == "__main__":
    main()
