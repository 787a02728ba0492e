"""The pull of bookings against dlt, against the least that can be done, against latency, and its memory.

    .venv/bin/python bench/pull.py [--rows N] [--rounds N] [--dlt-rows N] [--latency MS] [--only PART ...]

Every way runs in a process of its own, and so does the sandbox that serves them all; the ways take turns, and
of each the fastest round counts. PART is speed, latency or memory.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from slow_network import slow_network

from pipelines import tables

ROWS_A_PERSON = 12.4  # assignments of 10,000ft in the sandbox
WAYS = Path(__file__).with_name("pull_ways.py")


@contextmanager
def sandbox(people: int, *more: str) -> Iterator[dict[str, Any]]:
    """How to reach a sandbox in a process of its own."""
    command = [str(Path(sys.executable).with_name("crewtally")), "sandbox", "--people", str(people), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield {**json.loads(process.stdout.readline()), "pid": process.pid}
        finally:
            process.terminate()


def processor_seconds(pid: int) -> float:
    """What a process has used so far; not known where there is no /proc."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return math.nan


def run(way: str, **options: Any) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, str(WAYS), way, json.dumps(options)], stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def fastest(rounds: list[dict[str, Any]], step: str) -> tuple[float, float, int]:
    """Seconds, processor seconds and MB of the round in which a step was fastest."""
    best = min(rounds, key=lambda one: one["steps"][step][0])
    return *best["steps"][step], best["megabytes"]


def scaled(one: dict[str, Any], rows: int) -> tuple[float, float, int]:
    """What dlt takes for so many rows: seconds, processor seconds and MB."""
    took, used = (value * rows / one["rows"] for value in one["steps"]["dlt"])
    return took, used, one["megabytes"]


def speed(options: argparse.Namespace) -> None:
    """Pull, land and load on loopback; the same again with nothing changed."""
    with sandbox(int(options.rows / ROWS_A_PERSON)) as ready:
        run("fetch", ready=ready)  # the sandbox makes the JSON of a row when it is first asked for
        before = processor_seconds(ready["pid"])
        run("fetch", ready=ready)
        serving = processor_seconds(ready["pid"]) - before
        rounds: dict[str, list[dict[str, Any]]] = {"fetch": [], "floor": [], "pull": []}
        for _ in range(options.rounds):
            for way, found in rounds.items():
                found.append(run(way, ready=ready))
        rows = rounds["pull"][0]["rows"]
        dlt_rows = min(options.dlt_rows or rows, rows)
        merging = {"write_disposition": "merge", "primary_key": "id"}
        merged = run("dlt", ready=ready, dlt_rows=dlt_rows, resource=merging)
        appended = run("dlt", ready=ready, dlt_rows=dlt_rows)
    part = "" if appended["rows"] == rows else f" ({appended['rows']:,} rows, scaled up)"
    measured = {
        "fetch the bytes, one page after another": fastest(rounds["fetch"], "fetch"),
        "floor: fetch, and DuckDB reads the JSON": fastest(rounds["floor"], "floor"),
        "crewtally: pull, land, load": fastest(rounds["pull"], "pull"),
        "crewtally: the same again, unchanged": fastest(rounds["pull"], "pull again"),
        f"dlt rest_api, merges by id{part}": scaled(merged, rows),
        f"dlt rest_api, appends{part}": scaled(appended, rows),
    }
    to_fetch, to_floor = list(measured.values())[:2]
    appending = list(measured.values())[-1]
    tables.show(
        ("way", "seconds", "processor", "times fetch", "times floor", "dlt that appends", "MB"),
        [
            (name, round(took, 2), round(used, 2), round(took / to_fetch[0], 2), round(took / to_floor[0], 2),
             f"{appending[0] / took:.0f} x", megabytes)
            for name, (took, used, megabytes) in measured.items()
        ],
        title=f"{rows:,} assignments, fastest of {options.rounds} rounds; "
        f"the sandbox itself takes {serving:.2f} processor seconds to serve them",
    )  # fmt: skip


def latency(options: argparse.Namespace) -> None:
    """The wall time with a slow network, against what concurrency and the rate limit allow."""
    found: list[tuple[str, float, float, float]] = []
    people = int(options.rows / ROWS_A_PERSON)
    with sandbox(people) as ready, slow_network(ready, options.latency) as slow:
        rows = run("pull", ready=ready, steps=["pull"])["rows"]  # the sandbox makes the JSON when first asked
        numbers = list(range(1, -(-rows // 1000) + 1))
        allowed = min(
            run("at_a_time", ready=slow, pages=numbers)["steps"]["at a time"][0]
            for _ in range(options.rounds)
        )
        took = min(run("pull", ready=slow, steps=["pull"])["steps"]["pull"][0] for _ in range(options.rounds))
        found.append((f"10,000ft, {len(numbers)} pages, 4 at a time", took, allowed, took / allowed))
    with (
        sandbox(people // 10, "--rate-limits", "on") as ready,
        slow_network(ready, options.latency) as slow,
    ):
        pulled = run("pull", ready=slow, source="ruddr", steps=["pull"])
        requests = -(-pulled["rows"] // 100)
        allowed, took = requests / 20, pulled["steps"]["pull"][0]
        found.append((f"Ruddr, {requests} pages by cursor, 20 a second", took, allowed, took / allowed))
    tables.show(
        ("listing", "seconds", "allowed", "times allowed"),
        [(name, *(round(value, 2) for value in values)) for name, *values in found],
        title=f"{options.latency} ms from request to answer",
    )


def memory(options: argparse.Namespace) -> None:
    """The peak of memory while the number of rows grows."""
    found: list[tuple[int, int, int]] = []
    for share in (0.25, 0.5, 1):
        with sandbox(int(options.rows * share / ROWS_A_PERSON)) as ready:
            first = run("pull", ready=ready, steps=["pull"])
            found.append((first["rows"], first["megabytes"], run("floor", ready=ready)["megabytes"]))
    tables.show(("rows", "peak MB", "of the floor"), found, title="Peak memory of a first pull")


PARTS = {"speed": speed, "latency": latency, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dlt-rows", type=int, default=0, help="fewer rows for dlt, scaled up linearly")
    parser.add_argument("--latency", type=float, default=50)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    for part in options.only:
        PARTS[part](options)


if __name__ == "__main__":
    main()
