"""All marts against the bare GROUP BY, at growing size: ratios of one run, and the peak of memory.

    .venv/bin/python bench/marts.py [--sizes 100000 300000 1000000] [--people 5000]

A booking spans 28 days (20 working days); every person has a calendar of their own. The bare query unnests
the same bookings to days and groups them by person, project and week: no build can do with less.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
    '2026-01-01', '2026-01-01', true, NULL, 1, 0, 0, 0, 0, 0, '');
"""
BARE = """
SELECT person_key, project_key, date_trunc('week', day) AS week, sum(effort_amount * 8) AS hours
FROM (
    SELECT person_key, project_key, effort_amount,
        unnest(generate_series(start_date, end_date, INTERVAL 1 DAY))::DATE AS day
    FROM core_booking_now
)
GROUP BY ALL
"""


def measure(bookings: int, people: int) -> None:
    """One size, in a process of its own; prints bare seconds, marts seconds, peak MB."""
    folder = tempfile.TemporaryDirectory(prefix="crewtally-bench-")
    con = open_warehouse(Path(folder.name) / "warehouse.duckdb")
    con.execute("SET memory_limit = '1200MB'")
    for statement in STUDIO.split(";"):
        if statement.strip():
            values = {"people": people, "bookings": bookings}
            con.execute(statement, {k: v for k, v in values.items() if f"${k}" in statement})
    bare = min(
        _seconds(lambda: con.execute(f"CREATE OR REPLACE TEMP TABLE bare AS {BARE}")) for _ in range(2)
    )
    con.execute("DROP TABLE bare")
    marts = min(_seconds(lambda: build(con, Policy.model_validate({}))) for _ in range(2))
    print(bare, marts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _seconds(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options.one, options.people)
        return
    print(f"{'bookings':>10} {'bare s':>8} {'marts s':>8} {'ratio':>6} {'us/booking':>11} {'peak MB':>8}")
    for size in options.sizes:
        command = [sys.executable, __file__, "--one", str(size), "--people", str(options.people)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        bare, marts, peak = map(float, out.split())
        each = marts / size * 1e6
        print(f"{size:>10} {bare:>8.2f} {marts:>8.2f} {marts / bare:>6.1f} {each:>11.1f} {peak:>8.0f}")


if __name__ == "__main__":
    main()
