"""Backfills against the three services: chunks, going on after a break, and the edge of the span."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

import pipelines.backfill
from connectors.errors import Unreachable
from connectors.sandbox import Sandbox
from pipelines.backfill import months

pytestmark = pytest.mark.slow

Workspace = Any  # the fixture of tests/conftest.py: .run(*arguments) -> code, out, err, json; .folder

TODAY = datetime.now(UTC).date()
START, END = TODAY - timedelta(days=40), TODAY + timedelta(days=40)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("PREFECT_API_URL", "")
    with Sandbox(people=12, seed=3) as running:
        yield running


@pytest.fixture
def studio(sandbox: Sandbox, workspace: Callable[[Any], Workspace]) -> Workspace:
    return workspace(sandbox.ready)


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, date, date]]:
    """The chunks that were pulled; the one at `fails_at` (an attribute of the list) is unreachable."""
    pulled: list[tuple[str, date, date]] = []
    real = pipelines.backfill.pull_source

    def spy(settings: Any, con: Any, source: str, start: date, end: date) -> Any:
        if len(pulled) == FAILS.get("at"):
            raise Unreachable("nobody answers", service=source)
        pulled.append((source, start, end))
        return real(settings, con, source, start, end)

    monkeypatch.setattr(pipelines.backfill, "pull_source", spy)
    return pulled


FAILS: dict[str, int] = {}


@pytest.fixture(autouse=True)
def _no_failures() -> Iterator[None]:
    FAILS.clear()
    yield
    FAILS.clear()


def test_it_pulls_month_by_month_and_pushes_once(
    studio: Workspace, chunks: list[tuple[str, date, date]]
) -> None:
    done = studio.run("backfill", "--start", START, "--end", END, "--json")
    assert done.code == 0, done.err
    expected = [(source, *month) for source in ("tenthousandft", "ruddr") for month in months(START, END)]
    assert chunks == expected
    assert done.json["applied"]["created"] > 0
    assert studio.run("sync", "--dry-run", "--json").json["plan"]["changes"]["delete"] == 0


def test_it_goes_on_where_it_broke_off_and_then_starts_anew(
    studio: Workspace, chunks: list[tuple[str, date, date]]
) -> None:
    command = ("backfill", "--start", START, "--end", END, "--source", "ruddr")
    FAILS["at"] = 2
    broken = studio.run(*command)
    assert broken.code == 1
    assert "nobody answers" in broken.err
    assert "again" in broken.err
    FAILS.clear()
    resumed = studio.run(*command, "--json")
    assert resumed.code == 0, resumed.err
    assert chunks == [("ruddr", *month) for month in months(START, END)]  # none twice, none left out
    assert resumed.json["applied"]["created"] > 0
    chunks.clear()
    assert studio.run(*command).code == 0
    assert chunks == [("ruddr", *month) for month in months(START, END)]


def test_a_dry_run_is_not_finished_and_not_pulled_twice(
    studio: Workspace, chunks: list[tuple[str, date, date]]
) -> None:
    command = ("backfill", "--start", START, "--end", END)
    assert studio.run(*command, "--dry-run", "--json").json["applied"] is None
    pulled = len(chunks)
    assert studio.run(*command, "--json").json["applied"]["created"] > 0
    assert len(chunks) == pulled


def test_what_is_gone_is_deleted_inside_the_span_only(studio: Workspace, sandbox: Sandbox) -> None:
    assert studio.run("sync").code == 0
    with duckdb.connect(str(studio.folder / "warehouse.duckdb"), read_only=True) as con:
        pushed = {key for (key,) in con.execute("SELECT source_key FROM push_record").fetchall()}
    rows = [row for row in sandbox.tenthousandft.rows("assignments") if str(row["id"]) in pushed]
    start, end = TODAY + timedelta(days=1), TODAY + timedelta(days=60)
    inside = next(row for row in rows if str(start) <= row["starts_at"] and row["ends_at"] <= str(end))
    outside = next(row for row in rows if row["starts_at"] > str(end))
    for row in (inside, outside):
        sandbox.tenthousandft.delete("assignments", row["id"])
    done = studio.run("backfill", "--start", start, "--end", end, "--json")
    assert done.code == 0, done.err
    changes = json.loads(Path(done.json["plan"]["file"]).read_bytes())["plan"]["changes"]
    deleted = {change["origin"]["source_key"] for change in changes if change["action"] == "delete"}
    assert deleted == {str(inside["id"])}
