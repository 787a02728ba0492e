"""All marts against the bare GROUP BY, at growing size: ratios of one run, and the peak of memory.

    .venv/bin/python bench/marts.py [--sizes 100000 300000 1000000] [--people 5000] [--memory-limit 1200MB]
                                    [--rounds 2] [--pandas PYTHON]

A booking spans 28 days (20 working days); every person has a calendar of their own. The bare query unnests
the same bookings to days and groups them by person, project and week: once as if every day had eight hours,
and once with the hours of each person's own calendar, without which no total is right. Then the build that
follows when nothing changed, when a hundredth of the people had all their bookings changed ("1 % new"), and
when as many bookings changed, strewn over everybody ("strewn").
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import marts_check

from pipelines import tables
from transforms.policy import Policy
from transforms.totals import build
from transforms.warehouse import open_warehouse

# The studio in SQL, since making a million bookings in Python would take longer than counting them.
STUDIO = """
INSERT INTO core_person
SELECT 'tenthousandft', i, 'member', 'P' || i, 'p' || i || '@studio.example', true, NULL, NULL, NULL, NULL,
    TIMESTAMP '2026-01-01', NULL, 's', NULL
FROM range($people) AS t(i);
INSERT INTO core_availability
SELECT 'tenthousandft', i, i, NULL, NULL, [8, 8, 8, (i % 4) + 4, 8, 0, 0], 1,
    TIMESTAMP '2026-01-01', NULL, 's', NULL
FROM range($people) AS t(i);
INSERT INTO core_project
SELECT 'tenthousandft', i, 'J' || i, NULL, NULL, NULL, i % 10 = 0, false,
    TIMESTAMP '2026-01-01', NULL, 's', NULL
FROM range(500) AS t(i);
INSERT INTO core_booking
SELECT 'tenthousandft', i, '', 'work', 'member', i % $people, i % 499, NULL, NULL,
    DATE '2026-01-05' + (i * 7919 % 330)::INTEGER, DATE '2026-01-05' + (i * 7919 % 330)::INTEGER + 27,
    CASE i % 3 WHEN 0 THEN 'percent' WHEN 1 THEN 'hours_per_day' ELSE 'hours_total' END,
    CASE i % 3 WHEN 0 THEN 0.2 WHEN 1 THEN 3 ELSE 40 END,
    true, false, NULL, NULL, NULL, NULL, NULL, '', i, TIMESTAMP '2026-01-01', NULL, 's', NULL
FROM range($bookings) AS t(i);
INSERT INTO raw_snapshot VALUES ('s', 'tenthousandft', 'assignments', 'all', '2026-01-01', '2026-12-31',
    '2026-01-01', '2026-01-01', true, NULL, 1, 0, 0, 0, 0, 0, '', 0);
"""
DAYS = """
    SELECT person_key, project_key, effort_amount,
        unnest(generate_series(start_date, end_date, INTERVAL 1 DAY))::DATE AS day
    FROM core_booking_now
"""
BARE = f"""
CREATE OR REPLACE TEMP TABLE bare AS
SELECT person_key, project_key, date_trunc('week', day) AS week, sum(effort_amount * 8) AS hours
FROM ({DAYS})
GROUP BY ALL
"""  # noqa: S608 - no text of others
CALENDAR = """
CREATE OR REPLACE TEMP TABLE own_calendar AS
SELECT person_key, day::DATE AS day, hours_per_day[isodow(day)]::INTEGER AS hours
FROM core_availability_now,
    generate_series(DATE '2026-01-01', DATE '2026-12-31', INTERVAL 1 DAY) AS days (day)
"""
BARE_OWN = f"""
CREATE OR REPLACE TEMP TABLE bare AS
SELECT person_key, project_key, date_trunc('week', day) AS week, sum(effort_amount * c.hours) AS hours
FROM ({DAYS})
INNER JOIN own_calendar AS c USING (person_key, day)
WHERE c.hours > 0
GROUP BY ALL
"""  # noqa: S608 - no text of others


# A hundredth of the bookings gets other hours: all of a hundredth of the people, or some of nearly everybody.
CHANGE = """
UPDATE core_booking SET known_to = TIMESTAMP '2026-02-01', closed_by = '{snapshot}'
WHERE known_to IS NULL AND {which};
INSERT INTO core_booking
SELECT * REPLACE (
    effort_amount * 2 AS effort_amount, NULL AS known_to, NULL AS closed_by, '{snapshot}' AS snapshot_id
)
FROM core_booking WHERE closed_by = '{snapshot}';
CHECKPOINT
"""
OF_FEW_PEOPLE = CHANGE.format(snapshot="t", which="person_key::INTEGER % 100 = 0")
OF_EVERYBODY = CHANGE.format(snapshot="u", which="hash(source_key) % 100 = 0")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One size, in a process of its own: (seconds, processor seconds) by step, and peak memory in MB."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="crewtally-bench-") as folder:
        con = open_warehouse(Path(folder) / "warehouse.duckdb")
        con.execute("SET memory_limit = ?", [options.memory_limit])
        _execute(con, STUDIO, people=options.people, bookings=options.one)
        if options.pandas:
            found["pandas"] = _pandas(con, options.pandas, Path(folder), "--rounds", str(options.rounds))
        for _ in range(options.rounds):
            _timed(found, "bare", partial(con.execute, BARE))
        con.execute(CALENDAR)
        for _ in range(options.rounds):
            _timed(found, "bare, own calendars", partial(con.execute, BARE_OWN))
        for table in ("bare", "own_calendar"):
            con.execute(f"DROP TABLE {table}")
        build_marts = partial(build, con, Policy.model_validate({}))
        for _ in range(options.rounds):
            con.execute("DROP TABLE IF EXISTS known_build")
            _timed(found, "marts", build_marts)
        _timed(found, "unchanged", build_marts)
        for change, step in ((OF_FEW_PEOPLE, "of 1 % of people"), (OF_EVERYBODY, "of everybody")):
            _execute(con, change)
            _timed(found, step, build_marts)
        con.close()
    return found | {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def _execute(con: duckdb.DuckDBPyConnection, script: str, **values: int) -> None:
    for statement in filter(str.strip, script.split(";")):
        con.execute(statement, {name: value for name, value in values.items() if f"${name}" in statement})


def _timed(found: dict[str, Any], step: str, work: Callable[[], object]) -> None:
    """The faster of the times that a step is done."""
    started, used = time.perf_counter(), time.process_time()
    work()
    took = (time.perf_counter() - started, time.process_time() - used)
    found[step] = min(took, found.get(step, took))


# What pandas reads, as it likes it best.
HANDED = {
    "booking": """
        SELECT * REPLACE (
            start_date::TIMESTAMP AS start_date, end_date::TIMESTAMP AS end_date,
            effort_amount::DOUBLE AS effort_amount
        )
        FROM core_booking_now
        """,
    "person": "FROM core_person_now",
    "project": "FROM core_project_now",
    "availability": "FROM core_availability_now",
    "snapshot": "FROM raw_snapshot",
}


def _pandas(con: duckdb.DuckDBPyConnection, python: str, folder: Path, *more: str) -> list[float]:
    """The same marts in pandas (marts_pandas.py), by an interpreter that has it.

    Seconds, processor seconds, peak of memory in MB.
    """
    for name, rows in HANDED.items():
        con.execute(f"COPY ({rows}) TO '{folder}/{name}.parquet'")
    script = Path(__file__).with_name("marts_pandas.py")
    command = [python, str(script), str(folder), *more]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: list[float] = json.loads(out.stdout)
    return found


def _check_pandas(python: str, people: int, bookings: int) -> None:
    """Raises Different unless pandas makes our marts of a studio this small."""
    known = "2026-06-01 10:00:00"
    with tempfile.TemporaryDirectory(prefix="crewtally-bench-") as folder:
        con = open_warehouse(Path(folder) / "warehouse.duckdb")
        _execute(con, STUDIO, people=people, bookings=bookings)
        build(con, Policy.model_validate({}), datetime.fromisoformat(known))
        _pandas(con, python, Path(folder), "--known", known, "--write")
        marts_check.compare(con, Path(folder) / "pandas")
        con.close()


def _row(size: int, found: dict[str, Any]) -> tuple[Any, ...]:
    steps = ("bare", "bare, own calendars", "marts", "of 1 % of people", "of everybody")
    bare, own, marts, few, strewn = (found[step] for step in steps)
    return (
        f"{size:,}", round(bare[0], 2), round(own[0], 2), round(marts[0], 2),
        f"{marts[0] / bare[0]:.1f} x", f"{marts[0] / own[0]:.1f} x",
        round(marts[0] / size * 1e6, 1), f"{few[0] / marts[0]:.1%}", f"{strewn[0] / marts[0]:.1%}",
        f"{found['unchanged'][0] / marts[0]:.1%}", found["megabytes"],
    )  # fmt: skip


def _pandas_row(size: int, found: dict[str, Any]) -> tuple[Any, ...]:
    (seconds, processor, megabytes), marts = found["pandas"], found["marts"]
    ratios = (seconds / marts[0], processor / marts[1])
    return f"{size:,}", round(seconds, 2), *(f"{ratio:.1f} x" for ratio in ratios), round(megabytes)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory-limit", default="1200MB")
    parser.add_argument("--pandas", metavar="PYTHON", help="an interpreter with pandas and pyarrow")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options)))
        return
    if options.pandas:
        # Booked as densely as the large ones are, and so that people have time left.
        _check_pandas(options.pandas, people=100, bookings=20_000)
        _check_pandas(options.pandas, people=200, bookings=2_000)
    found = {size: _measured(size) for size in options.sizes}
    names = (
        "bookings", "bare", "own calendars", "marts", "to bare", "to own", "us each", "1 % new", "strewn",
        "no change", "MB",
    )  # fmt: skip
    title = f"{options.people} people with calendars of their own, {options.memory_limit}; seconds"
    tables.show(names, [_row(size, one) for size, one in found.items()], title=title)
    if options.pandas:
        names = ("bookings", "seconds", "to our seconds", "to our processor seconds", "MB")
        tables.show(names, [_pandas_row(size, one) for size, one in found.items()], title="pandas")


def _measured(size: int) -> dict[str, Any]:
    """As `measure`, in a process of its own: its peak of memory is that of this size."""
    command = [sys.executable, __file__, *sys.argv[1:], "--one", str(size)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
