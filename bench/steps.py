"""`make bench`: how long each step takes on a large invented studio. Options: --people N --seed S."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connectors.sandbox import Sandbox
from pipelines import tables
from pipelines.demo import configuration
from pipelines.lock import warehouse
from pipelines.settings import load_settings
from pipelines.sync import sync


class Silent:
    """A report nobody reads."""

    def pulled(self, *_: Any) -> None: ...

    def planned(self, *_: Any) -> None: ...

    def applied(self, *_: Any) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows: list[tuple[str, str, float]] = []

    def timed(name: str, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        result = function(*arguments, **named)
        rows.append((run, name, time.perf_counter() - started))
        return result

    run = "start"
    with tempfile.TemporaryDirectory(prefix="crewtally-bench-") as folder:
        sandbox = timed("invent the studio", Sandbox, people=options.people, seed=options.seed)
        with sandbox:
            file = Path(folder) / "crewtally.toml"
            file.write_text(configuration(sandbox.ready))
            settings = load_settings(file)
            for run in ("first run", "second run"):
                with warehouse(settings, "bench") as con:
                    result = sync(settings, con, Silent(), step=timed)
                sys.stderr.write(f"{run}: {result.line()}\n")
    tables.show(("run", "step", "seconds"), rows, title=f"{options.people} people, seed {options.seed}")


if __name__ == "__main__":
    main()
