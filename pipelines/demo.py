"""`crewtally demo`: the whole way on an invented studio, told as it goes, and once more for nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from connectors.sandbox import Sandbox
from pipelines import tables
from pipelines.lock import warehouse
from pipelines.pages import report
from pipelines.report import applied_line, plan_line, snapshot_line
from pipelines.settings import ENVIRONMENT_PREFIX, load_settings
from pipelines.sync import SyncResult, sync
from transforms.reconcile.plan import Plan
from transforms.reconcile.render import render
from transforms.totals import totals

WEEKS = 4
PEOPLE_SHOWN = 8
DISAGREEMENTS_SHOWN = 4  # of each kind
PLAN_LINES_SHOWN = 30
REPORT = "report"


# The largest of each kind. Grain: person, project, kind. Hours over all weeks both planners cover.
_DISAGREEMENTS = """
SELECT person, project, status, min(week), count(*), hours(sum(tenthousandft_ms)), hours(sum(ruddr_ms))
FROM mart_planner_week
WHERE status <> 'agree'
GROUP BY person, email, project, project_code, status
QUALIFY row_number() OVER (
    PARTITION BY status ORDER BY abs(sum(tenthousandft_ms) - sum(ruddr_ms)) DESC, person, project
) <= ?
ORDER BY status, person, project
"""


class DemoFailed(Exception):
    """The demo did not show what it promises."""


def run(*, people: int, seed: int, keep: bool) -> None:
    """Runs the demo on stdout. Raises DemoFailed when the second run still finds something to push."""
    folder = Path(tempfile.mkdtemp(prefix="crewtally-demo-"))
    say = tables.console().print
    say(f"[bold]A studio of {people} people, invented from seed {seed}, in three services on this machine[/]")
    try:
        with _no_real_services(), Sandbox(people=people, seed=seed) as sandbox:
            file = folder / "crewtally.toml"
            file.write_text(configuration(sandbox.ready), encoding="utf-8")
            settings = load_settings(file)
            with warehouse(settings, "demo") as con:
                _tell_first(con, sync(settings, con, _Quiet()))
            say("\n[bold]The same again, with nothing changed in between[/]")
            with warehouse(settings, "demo") as con:
                _tell_second(sync(settings, con, _Quiet()))
                page = report.write(settings, con, folder / REPORT)
    finally:
        if not keep:
            _remove_all_but(folder, REPORT)
    if keep:
        say(f"\nConfiguration and warehouse are kept: crewtally --config {file} totals", soft_wrap=True)
    say(f"\n[bold]The report, to open in a browser:[/] {page.as_uri()}", soft_wrap=True)


def _remove_all_but(folder: Path, kept: str) -> None:
    """Leaves the report; a demo that broke off leaves nothing."""
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != kept:
            shutil.rmtree(entry, ignore_errors=True)
        elif not entry.is_dir():
            entry.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


@contextmanager
def _no_real_services() -> Iterator[None]:
    """Takes crewtally's variables out of the environment: they may name real services, and would win."""
    theirs = {
        name: value for name, value in os.environ.items() if name.upper().startswith(ENVIRONMENT_PREFIX)
    }
    for name in theirs:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(theirs)


def configuration(ready: dict[str, dict[str, str]]) -> str:
    """A crewtally.toml for the services of a sandbox's ready line. Its credentials open nothing else."""
    sections = [
        f"[{name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())
        for name, values in ready.items()
    ]
    return "\n".join(sections)


class _Quiet:
    """The demo tells its own story, in its own order."""

    def pulled(self, *_: Any) -> None: ...

    def planned(self, *_: Any) -> None: ...

    def applied(self, *_: Any) -> None: ...


def _tell_first(con: duckdb.DuckDBPyConnection, result: SyncResult) -> None:
    say = tables.console().print
    say("\n[bold]1. Pulled[/]")
    for snapshot in result.snapshots:
        say(f"  {snapshot_line(snapshot)}", markup=False)
    monday = datetime.now(UTC).date()
    monday -= timedelta(days=monday.weekday())
    _tell_totals(con, monday)
    _tell_planners(con)
    say("\n[bold]4. The plan for ftrack[/]")
    if result.plan is not None:
        _tell_plan(result.plan)
    say("\n[bold]5. Pushed[/]")
    if result.applied is not None:
        say(f"  {applied_line(result.applied)}", markup=False)


def _tell_totals(con: duckdb.DuckDBPyConnection, monday: date) -> None:
    """People down, weeks across: booked hours over capacity, one line per planner."""
    weeks = [monday + timedelta(weeks=n) for n in range(WEEKS)]
    relation = totals(con, "person-week", weeks[0], weeks[-1])
    lines: dict[tuple[str, str], dict[date, str]] = {}
    busy: set[str] = set()
    for row in tables.objects(relation.columns, relation.fetchall()):
        if row["person"] and row["email"]:
            text = f"{tables.cell(row['booked_hours'])} / {tables.cell(row['capacity_hours'])}"
            lines.setdefault((row["person"], row["source"]), {})[row["week"]] = text
            busy |= {row["person"]} if row["booked_hours"] else set()
    people = sorted(busy)[:PEOPLE_SHOWN]
    rows = [
        (*key, *(lines[key].get(week, "") for week in weeks)) for key in sorted(lines) if key[0] in people
    ]
    headings = ("person", "source", *(f"week of {week:%d %b}" for week in weeks))
    shown = f"{len(people)} of {len({person for person, _ in lines})} people"
    tables.show(headings, rows, title=f"\n2. Hours by person and week: booked / capacity ({shown})")


def _tell_planners(con: duckdb.DuckDBPyConnection) -> None:
    counts = con.execute(
        "SELECT status, count(*) FROM mart_planner_week GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    rows = con.execute(_DISAGREEMENTS, [DISAGREEMENTS_SHOWN]).fetchall()
    headings = ("person", "project", "status", "from week", "weeks", "10,000ft", "Ruddr")
    tables.show(headings, rows, title="3. Where the two planners disagree, in hours: the largest differences")
    summary = ", ".join(f"{status} {number}" for status, number in counts)
    tables.console().print(f"Weeks of a person on a project: {summary}.", markup=False)


def _tell_plan(plan: Plan) -> None:
    lines = render(plan).splitlines()
    for line in lines[:PLAN_LINES_SHOWN]:
        tables.console().print(f"  {line}", markup=False, soft_wrap=True)
    if len(lines) > PLAN_LINES_SHOWN:
        tables.console().print(f"  ... and {len(lines) - PLAN_LINES_SHOWN} lines more")


def _tell_second(result: SyncResult) -> None:
    if result.plan is None or result.plan.changes or result.applied is not None:
        raise DemoFailed("The second run should have found nothing to push.")
    say = tables.console().print
    say(f"  {plan_line(result.plan)}", markup=False)
    say("  Nothing was pushed: what is agreed is in ftrack already.")
