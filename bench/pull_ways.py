"""The ways of getting bookings into DuckDB that bench/pull.py compares; each runs in a process of its own.

    .venv/bin/python bench/pull_ways.py WAY '{"ready": {...}, ...}'

prints one JSON object: seconds and processor seconds by step, rows, and the peak of memory in MB.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import requests

FOREVER = ("2000-01-01", "2100-01-01")

# What a script that trusts its source would do: every field of an assignment, typed.
COLUMNS = {
    "id": "BIGINT", "allocation_mode": "VARCHAR", "percent": "DOUBLE", "hours_per_day": "DOUBLE",
    "fixed_hours": "DOUBLE", "user_id": "BIGINT", "assignable_id": "BIGINT", "ends_at": "DATE",
    "starts_at": "DATE", "bill_rate": "DOUBLE", "bill_rate_id": "BIGINT", "repetition_id": "BIGINT",
    "created_at": "TIMESTAMP", "updated_at": "TIMESTAMP", "all_day_assignment": "BOOLEAN",
    "resource_request_id": "BIGINT", "status": "VARCHAR", "status_option_id": "BIGINT",
    "description": "VARCHAR", "note": "VARCHAR",
}  # fmt: skip


class Clock:
    """Seconds, and processor seconds of all threads, of each step."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started, used = time.perf_counter(), time.process_time()
        yield
        self.steps[name] = (time.perf_counter() - started, time.process_time() - used)


def session(planner: dict[str, str]) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.headers.update({"auth": planner["token"], "Authorization": f"Bearer {planner['token']}"})
    return made


def pages(planner: dict[str, str]) -> Iterator[bytes]:
    """All pages of 10,000ft's assignments as bytes; only the link to the next one is looked at."""
    host = planner["url"].removesuffix("/api/v1")
    link = f"/api/v1/assignments?with_phases=true&from={FOREVER[0]}&to={FOREVER[1]}&per_page=1000&page=1"
    with session(planner) as asking:
        while link:
            body = asking.get(host + link, timeout=60).content
            yield body
            found = re.search(rb'"next":"([^"]+)"', body[:1000])
            link = found[1].decode() if found else ""


def fetch(options: dict[str, Any], clock: Clock) -> int:
    """The bytes, one page after another, with one session."""
    with clock.step("fetch"):
        return sum(map(len, pages(options["ready"]["tenthousandft"])))


def floor(options: dict[str, Any], clock: Clock, folder: Path) -> int:
    """The bytes into files, and the files into a typed table: no checks, no history, no proof."""
    with clock.step("floor"):
        for number, body in enumerate(pages(options["ready"]["tenthousandft"])):
            (folder / f"{number:05}.json").write_bytes(body)
        shape = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        with duckdb.connect(str(folder / "floor.duckdb")) as con:
            con.execute(
                "CREATE TABLE assignment AS SELECT unnest(data, max_depth := 2) FROM read_json(?,"  # noqa: S608
                f" columns = {{data: 'STRUCT({shape})[]'}}, maximum_object_size = 100000000)",
                [str(folder / "*.json")],
            )
            [(rows,)] = con.execute("SELECT count(*) FROM assignment").fetchall()
    return int(rows)


def dlt(options: dict[str, Any], clock: Clock, folder: Path) -> int:
    """dlt's rest_api source into its DuckDB destination, both as they come but for `resource`.

    As it comes it appends; with write_disposition "merge" it finds the rows it has by their primary key.
    """
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
    import dlt
    from dlt.sources.rest_api import rest_api_source

    planner = options["ready"]["tenthousandft"]
    params = {"per_page": 1000, "with_phases": "true", "from": FOREVER[0], "to": FOREVER[1]}
    paginator = {
        "type": "page_number", "base_page": 1, "total_path": None, "stop_after_empty_page": True,
        "maximum_page": options["dlt_rows"] // 1000,
    }  # fmt: skip
    endpoint = {"path": "assignments", "params": params, "data_selector": "data", "paginator": paginator}
    source = rest_api_source(
        {
            "client": {"base_url": planner["url"], "headers": {"auth": planner["token"]}},
            "resources": [{"name": "assignments", "endpoint": endpoint, **options.get("resource", {})}],
        }
    )
    destination = dlt.destinations.duckdb(str(folder / "dlt.duckdb"))
    with clock.step("dlt"):
        pipeline = dlt.pipeline(
            "bench", destination=destination, dataset_name="raw", pipelines_dir=str(folder / "dlt")
        )
        pipeline.run(source)
    with duckdb.connect(str(folder / "dlt.duckdb")) as con:
        [(rows,)] = con.execute("SELECT count(*) FROM raw.assignments").fetchall()
    return int(rows)


def pull(options: dict[str, Any], clock: Clock, folder: Path) -> int:
    """crewtally: one stream of bookings, pulled, and pulled again with nothing changed.

    The lists are pulled before and not counted: the others do not pull them either.
    """
    from pipelines.reading import Window
    from pipelines.settings import Settings
    from pipelines.snapshot import Puller
    from pipelines.sources import SOURCES
    from transforms.warehouse import Landing, open_warehouse

    spec = SOURCES[options.get("source", "tenthousandft")]
    files: dict[str, Any] = {
        "warehouse": {"path": folder / "w.duckdb"},
        "landing": {"path": folder / "landing"},
    }
    settings = Settings(**{spec.name: options["ready"][spec.name]}, **files)
    con = open_warehouse(folder / "w.duckdb")
    with spec.connect(settings) as client:
        puller = Puller(con, Landing(folder / "landing"), spec, client)
        window = Window(*(date.fromisoformat(day) for day in options.get("window", FOREVER)))
        for stream in spec.streams[:-1]:
            puller.take(stream, window)
        for step in options.get("steps", ("pull", "pull again")):
            with clock.step(step):
                snapshot = puller.take(spec.streams[-1], window)
            assert snapshot.complete, snapshot.incomplete_reason
    con.close()
    return snapshot.loaded


def at_a_time(options: dict[str, Any], clock: Clock) -> int:
    """The least that the allowed concurrency makes possible: all pages known beforehand, bytes only."""
    planner = options["ready"]["tenthousandft"]
    link = (
        f"{planner['url']}/assignments?with_phases=true&from={FOREVER[0]}&to={FOREVER[1]}&per_page=1000&page="
    )
    with session(planner) as asking, ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda n: asking.get(f"{link}{n}", timeout=60), range(1, 5)):  # opens connections
            pass
        with clock.step("at a time"):
            found = pool.map(lambda n: len(asking.get(f"{link}{n}", timeout=60).content), options["pages"])
            return sum(found)


WAYS: dict[str, Callable[..., int]] = {
    way.__name__: way  # type: ignore[attr-defined]
    for way in (fetch, floor, dlt, pull, at_a_time)
}


def main() -> None:
    way, options = sys.argv[1], json.loads(sys.argv[2])
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="crewtally-bench-") as name:
        folder = [Path(name)] if way in ("floor", "dlt", "pull") else []
        rows = WAYS[way](options, clock, *folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"steps": clock.steps, "rows": rows, "megabytes": peak}))


if __name__ == "__main__":
    main()
