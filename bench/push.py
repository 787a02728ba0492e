"""How long a push takes, beside raw POSTs of the same operations and the official client's row by row.

A push is `crewtally apply` without the start of Python: checks, ledger, sending, and reading everything back.
Raw POSTs are what a script would do with the very same operations, ready made: `requests` in batches of 500,
one after the other, the answers read, nothing noted and nothing looked at. The official client creates the
entities of a change and commits, change by change; its time is scaled up from some rows to all.

Each measurement meets a sandbox that was just started, on the same port. Options: --people N (by default as
many as make about 20,000 changes), --dialect seed|studio, --rows N (by the official client, 1000),
--times N (the median of so many, 3).
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import requests

from connectors.ftrack import dialects
from connectors.ftrack.client import Ftrack
from connectors.ftrack.dialects import Dialect
from pipelines import push, tables
from pipelines.apply import apply_plan
from pipelines.plan import make_plan
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.reconcile.plan import Plan
from transforms.warehouse import open_warehouse
from transforms.warehouse.ledger import Entry

PEOPLE = {"seed": 2900, "studio": 2200}
"""Of the invented studio; they make about 20,000 changes."""


class Took(NamedTuple):
    """Seconds of wall clock, and of processor in this process and in the server's."""

    wall: float
    ours: float
    server: float


class Server(NamedTuple):
    ready: dict[str, Any]
    pid: int

    def processor_seconds(self) -> float:
        """From Linux; 0 elsewhere."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / 100

    def timed(self, function: Callable[..., Any], *arguments: Any) -> tuple[Took, Any]:
        before = time.perf_counter(), time.process_time(), self.processor_seconds()
        result = function(*arguments)
        after = time.perf_counter(), time.process_time(), self.processor_seconds()
        return Took(*(end - start for start, end in zip(before, after, strict=True))), result


@contextmanager
def sandbox(options: argparse.Namespace) -> Iterator[Server]:
    """The services in a process of their own, so that they do not share our interpreter's lock."""
    script = str(Path(sys.executable).with_name("crewtally"))
    command = [script, "sandbox", "--people", str(options.people), "--dialect", options.dialect]
    with subprocess.Popen(
        [*command, "--port-base", str(options.port)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Server(json.loads(process.stdout.readline()), process.pid)
        finally:
            process.terminate()


def free_ports() -> int:
    """The first of three in a row."""
    while True:
        with contextlib.ExitStack() as stack:
            first = 0
            try:
                for offset in range(3):
                    one = stack.enter_context(socket.socket())
                    one.bind(("127.0.0.1", first + offset if first else 0))
                    first = first or one.getsockname()[1]
            except (OSError, OverflowError):
                continue
            return first


def raw_posts(ready: dict[str, Any], batches: list[list[Any]]) -> None:
    ftrack = ready["ftrack"]
    session = requests.Session()
    session.headers.update({"ftrack-user": ftrack["user"], "ftrack-api-key": ftrack["key"]})
    for batch in batches:
        answer = session.post(f"{ftrack['url']}/api", json=batch)
        answer.raise_for_status()
        assert len(answer.json()) == len(batch)


def row_by_row(session: Any, changes: list[list[dict[str, Any]]]) -> None:
    for operations in changes:
        for operation in operations:
            data = {name: value for name, value in operation["entity_data"].items() if name[0] != "_"}
            session.create(operation["entity_type"], data)
        session.commit()


@contextmanager
def official_client(ready: dict[str, Any]) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ftrack_api
    ftrack = ready["ftrack"]
    session = ftrack_api.Session(ftrack["url"], ftrack["key"], ftrack["user"], schema_cache_path=False)
    yield session
    session.close()


def native(value: Any) -> Any:
    """An operation's value as the official client takes it."""
    return datetime.fromisoformat(value["value"]) if isinstance(value, dict) else value


def operations_of(plan: Plan, spoken: Dialect) -> tuple[list[list[Any]], list[list[Any]]]:
    """The plan's operations in batches, and change by change with native values."""
    entries = [Entry("", position, change) for position, change in enumerate(plan.changes)]
    by_change = [push._of_change(spoken, entry.change, {}) for entry in entries]
    for operations in by_change:
        for operation in operations:
            data = operation["entity_data"]
            operation["entity_data"] = {name: native(value) for name, value in data.items()}
    return [batch.operations for batch in push.batches_of(spoken, entries, {})], by_change


def planned(options: argparse.Namespace, folder: Path) -> tuple[Settings, Plan, Dialect]:
    """A warehouse after its first pull, and what has to be pushed."""
    files: dict[str, Any] = {"warehouse": {"path": folder / "first.duckdb"}, "landing": {"path": folder}}
    with sandbox(options) as server, open_warehouse(folder / "first.duckdb") as con:
        settings = Settings(**server.ready, **files)
        pull(settings, con)
        plan = make_plan(settings, con)
        with Ftrack(**server.ready["ftrack"]) as client:
            return settings, plan, dialects.dialect(client.schemas())


def measure(options: argparse.Namespace, folder: Path) -> tuple[int, int, list[Took], list[Took], Took]:
    settings, plan, spoken = planned(options, folder)
    batches, by_change = operations_of(plan, spoken)
    gc.freeze()  # the plan in our hands would slow down what allocates, raw POSTs first
    raw, ours = [], []
    for number in range(options.times):
        with sandbox(options) as server:
            raw.append(server.timed(raw_posts, server.ready, batches)[0])
        copy = Path(shutil.copy(folder / "first.duckdb", folder / f"{number}.duckdb"))
        with sandbox(options) as server, open_warehouse(copy) as con:
            took, result = server.timed(apply_plan, settings, con, plan)
        assert result.verified == len(plan.changes)
        ours.append(took)
    rows = min(options.rows, len(by_change))
    sample = by_change[:: len(by_change) // rows][:rows]
    with sandbox(options) as server, official_client(server.ready) as session:
        slow = server.timed(row_by_row, session, sample)[0]
    scale = len(by_change) / rows
    return len(by_change), sum(map(len, batches)), raw, ours, Took(*(value * scale for value in slow))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int)
    parser.add_argument("--dialect", default="seed")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    options.people = options.people or PEOPLE[options.dialect]
    options.port = free_ports()
    with tempfile.TemporaryDirectory() as name:
        changes, operations, raw, ours, slow = measure(options, Path(name))
    base = statistics.median(took.wall for took in raw)
    wall = statistics.median(took.wall for took in ours)
    rows = [
        (f"raw POSTs of {operations:,} operations", *_middle(raw), 1.0, slow.wall / base),
        (f"crewtally: {changes:,} changes, with ledger and reading back", *_middle(ours), wall / base,
         slow.wall / wall),
        (f"official client, row by row ({options.rows} rows, scaled up)", *slow, slow.wall / base, 1.0),
    ]  # fmt: skip
    columns = ("push", "seconds", "cpu here", "cpu server", "times raw", "faster than the client")
    title = f"{options.people} people, {options.dialect}, median of {options.times}"
    tables.show(columns, rows, title=title)


def _middle(took: list[Took]) -> Took:
    return sorted(took)[len(took) // 2]


if __name__ == "__main__":
    main()
