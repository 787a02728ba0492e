"""How long a push takes, against raw POSTs of the same operations and against the official client's way.

Options: --people N (2000), --dialect seed|studio, --rows N (create and commit by the official client, 1000).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.ftrack import dialects
from connectors.ftrack.client import Ftrack
from pipelines import push, tables
from pipelines.apply import apply_plan
from pipelines.plan import make_plan
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.warehouse import open_warehouse
from transforms.warehouse.ledger import Entry


@contextmanager
def sandbox(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The services in a process of their own, so that they do not share our interpreter's lock."""
    script = str(Path(sys.executable).with_name("crewtally"))
    command = [script, "sandbox", "--people", str(options.people), "--dialect", options.dialect]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


def raw_posts(ready: dict[str, Any], plan: Any) -> tuple[float, int]:
    """Seconds for the plan's operations in the same batches, and their number."""
    with Ftrack(**ready["ftrack"]) as client:
        spoken = dialects.dialect(client.schemas())
        entries = [Entry("", position, change) for position, change in enumerate(plan.changes)]
        batches = [batch.operations for batch in push._batches(spoken, entries, {})]
        started = time.perf_counter()
        for batch in batches:
            client.send(batch)
        return time.perf_counter() - started, sum(map(len, batches))


def row_by_row(ready: dict[str, Any], options: argparse.Namespace) -> float:
    """Seconds for create and commit per row with the official client."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ftrack_api
    ftrack = ready["ftrack"]
    session = ftrack_api.Session(ftrack["url"], ftrack["key"], ftrack["user"], schema_cache_path=False)
    user, task = session.query("User").first(), session.query("Task").first()
    kind, more = ("Assignment", {}) if options.dialect == "seed" else ("Appointment", {"type": "assignment"})
    started = time.perf_counter()
    for _ in range(options.rows):
        session.create(kind, {"id": str(uuid.uuid4()), "context": task, "resource": user, **more})
        session.commit()
    seconds = time.perf_counter() - started
    session.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--dialect", default="seed")
    parser.add_argument("--rows", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sandbox(options) as ready:
        folder = Path(name)
        files: dict[str, Any] = {
            "warehouse": {"path": folder / "warehouse.duckdb"},
            "landing": {"path": folder / "landing"},
        }
        settings = Settings(**ready, **files)
        con = open_warehouse(folder / "warehouse.duckdb")
        pull(settings, con)
        plan = make_plan(settings, con)
        with sandbox(options) as other:
            raw, operations = raw_posts(other, plan)
        started = time.perf_counter()
        result = apply_plan(settings, con, plan)
        pushed = time.perf_counter() - started
        assert result.verified == len(plan.changes)
        slow = row_by_row(ready, options)
    per_row = slow / options.rows * len(plan.changes)
    rows = [
        (f"raw POSTs of {operations} operations", raw, 1.0),
        (f"crewtally: {len(plan.changes)} changes, with ledger and reading back", pushed, pushed / raw),
        (f"official client, row by row ({options.rows} rows, scaled up)", per_row, per_row / raw),
    ]
    tables.show(("push", "seconds", "times raw"), rows, title=f"{options.people} people, {options.dialect}")


if __name__ == "__main__":
    main()
