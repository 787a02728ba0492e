"""Bad input: from a service that does not answer as it should, and in rows that break their contract.

Each is told in words its reader understands, ends with the exit code of the design, and costs nothing: no
row is lost, no number changes, nothing in ftrack is touched.
"""

from __future__ import annotations

import copy
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sandbox import Sandbox

pytestmark = pytest.mark.slow

PLANNERS = pytest.mark.parametrize("source", ["tenthousandft", "ruddr"])
TODAY = datetime.now(UTC).date().isoformat()
WRONG_SECRET = "not-the-right-secret"
Row = dict[str, Any]
Spoil = Callable[[str, Row], Row]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(people=12, seed=1) as running:
        yield running


def told(ran: Any, code: int, *words: str) -> None:
    """The command ended with `code`, and says what its reader must know: no traceback and no secret."""
    said = ran.out + ran.err
    assert ran.code == code, said
    for word in words:
        assert word.lower() in ran.err.lower(), f"{word!r} is not in: {ran.err}"
    assert "Traceback" not in said
    assert "Unexpected" not in said
    for secret in (WRONG_SECRET, "sandbox-tenthousandft", "sandbox-ruddr", "sandbox-ftrack"):
        assert secret not in said


def numbers(workspace: Any) -> Any:
    return [workspace.run("totals", "--by", by, "--json").json for by in ("person-week", "booking")]


# --- the service ----------------------------------------------------------------------------------------


def changed(ready: dict[str, dict[str, str]], section: str, **values: str) -> dict[str, dict[str, str]]:
    return {**ready, section: {**ready[section], **values}}


@PLANNERS
def test_a_wrong_token(source: str, sandbox: Sandbox, workspace: Callable[..., Any]) -> None:
    good = workspace(sandbox.ready)
    assert good.run("pull").code == 0
    before = numbers(good)
    bad = workspace(changed(sandbox.ready, source, token=WRONG_SECRET))
    told(bad.run("pull"), 1, source, "token")
    assert numbers(bad) == before


def test_a_wrong_ftrack_key(sandbox: Sandbox, workspace: Callable[..., Any]) -> None:
    bad = workspace(changed(sandbox.ready, "ftrack", key=WRONG_SECRET))
    assert bad.run("pull").code == 0
    before = copy.deepcopy(sandbox.ftrack.entities)
    told(bad.run("plan"), 1, "ftrack", "key")
    told(bad.run("sync"), 1, "ftrack", "key")
    assert sandbox.ftrack.entities == before


@PLANNERS
def test_a_host_that_cannot_be_reached(source: str, sandbox: Sandbox, workspace: Callable[..., Any]) -> None:
    """The other planner is read all the same, and nothing is pushed on half the truth."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    before = copy.deepcopy(sandbox.ftrack.entities)
    bad = workspace(changed(sandbox.ready, source, url=url))
    told(bad.run("sync"), 1, source, f"127.0.0.1:{port}")
    assert sandbox.ftrack.entities == before
    assert {row["source"] for row in numbers(bad)[0]} == {"tenthousandft", "ruddr"} - {source}


@PLANNERS
def test_html_instead_of_json(source: str, sandbox: Sandbox, workspace: Callable[..., Any]) -> None:
    """A login page or a gateway's greeting, politely sent with status 200."""
    with website() as url:
        bad = workspace(changed(sandbox.ready, source, url=url))
        told(bad.run("pull"), 1, source, "JSON", url.removeprefix("http://"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pull", "--start", "2026-03-09", "--end", "2026-03-02"], ["2026-03-02", "before", "2026-03-09"]),
        (["pull", "--start", "tomorrow", "--end", "2026-03-02"], ["tomorrow"]),
        (["pull", "--source", "smartsheet"], ["smartsheet", "tenthousandft", "ruddr"]),
        (["totals", "--from", "2026-03-09", "--to", "2026-03-02"], ["2026-03-02", "before", "2026-03-09"]),
        (["backfill", "--start", "2026-03-09", "--end", "2026-03-02"], ["before", "2026-03-09"]),
    ],
)
def test_wrong_usage(arguments: list[str], words: list[str], workspace: Callable[..., Any]) -> None:
    nowhere = {
        source: {"url": "http://127.0.0.1:9/api", "token": WRONG_SECRET}
        for source in ("tenthousandft", "ruddr")
    }
    told(workspace(nowhere).run(*arguments), 2, *words)


def test_a_missing_token(sandbox: Sandbox, workspace: Callable[..., Any]) -> None:
    bad = workspace({"ruddr": {"url": sandbox.ready["ruddr"]["url"]}})
    told(bad.run("pull"), 2, "[ruddr] token", "CREWTALLY_RUDDR__TOKEN")


@contextmanager
def website() -> Iterator[str]:
    """A real server that answers every request with a page for people."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!DOCTYPE html><title>Sign in</title><p>Please sign in."
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- the rows -------------------------------------------------------------------------------------------

BOOKINGS = {"tenthousandft": "assignments", "ruddr": "allocations"}
FIRST_DAY = {"tenthousandft": "starts_at", "ruddr": "start"}
LAST_DAY = {"tenthousandft": "ends_at", "ruddr": "end"}


def upstream(sandbox: Sandbox, source: str) -> Any:
    """The rows of a planner, to be edited."""
    return getattr(sandbox, source)


def unknown_mode(source: str, _row: Row) -> Row:
    return {"allocation_mode": "hourly"} if source == "tenthousandft" else {"unit": "hour"}


def end_before_start(source: str, row: Row) -> Row:
    start = date.fromisoformat(row[FIRST_DAY[source]])
    return {LAST_DAY[source]: (start - timedelta(days=1)).isoformat()}


def three_hundred_years(source: str, row: Row) -> Row:
    start = date.fromisoformat(row[FIRST_DAY[source]])
    return {LAST_DAY[source]: start.replace(year=start.year + 300, day=1).isoformat()}


def negative_hours(source: str, _row: Row) -> Row:
    if source == "tenthousandft":
        return {"allocation_mode": "hours_per_day", "hours_per_day": -8, "percent": None, "fixed_hours": None}
    return {"unit": "day", "hoursPerDay": -8}


REASONS: dict[Spoil, list[str]] = {
    unknown_mode: ["got 'hour"],
    end_before_start: [" is before start"],
    three_hundred_years: ["days, ", "3660"],
    negative_hours: ["greater than or equal to 0", "got -8"],
}


@PLANNERS
def test_a_row_that_breaks_keeps_its_last_good_version(
    source: str, sandbox: Sandbox, workspace: Callable[..., Any]
) -> None:
    """The bookings are in ftrack already. Broken is not gone: nothing about them is changed or deleted."""
    crewtally = workspace(sandbox.ready)
    pushed = crewtally.run("sync", "--json")
    told(pushed, 0)
    before, in_ftrack = numbers(crewtally), copy.deepcopy(sandbox.ftrack.entities)
    planner, stream = upstream(sandbox, source), BOOKINGS[source]
    rows = pushed_bookings(sandbox, source, pushed)[: len(REASONS)]
    for row, spoil in zip(rows, REASONS, strict=True):
        planner.update(stream, row["id"], **spoil(source, row))

    again = crewtally.run("sync", "--json")

    told(again, 0, f"{len(REASONS)} in quarantine")
    assert again.json["plan"]["changes"] == {"create": 0, "update": 0, "delete": 0}
    assert sandbox.ftrack.entities == in_ftrack
    assert numbers(crewtally) == before
    assert_accounted_for(crewtally)
    told_of = crewtally.run("status", "--json").json["quarantine"]
    for row, (spoil, words) in zip(rows, REASONS.items(), strict=True):
        [(reason, raw)] = quarantine(crewtally, source, str(row["id"]))
        assert all(word in reason for word in words), reason
        assert spoil(source, row).items() <= raw.items()
        assert {"source": source, "stream": stream, "reason": reason, "rows": 1} in told_of
    # The proof that there was something to lose: bookings that are really gone are deleted.
    for row in rows:
        planner.delete(stream, row["id"])
    assert crewtally.run("sync", "--json", "--dry-run").json["plan"]["changes"]["delete"] >= len(rows)


@PLANNERS
def test_new_broken_rows_stay_out_and_keep_nothing_else_out(
    source: str, sandbox: Sandbox, workspace: Callable[..., Any]
) -> None:
    """Rows of every kind of breach beside the good ones: each in quarantine, none in a total or in ftrack."""
    clean = workspace(sandbox.ready)
    planned = clean.run("sync", "--dry-run", "--json")
    before = numbers(clean)
    planner, stream = upstream(sandbox, source), BOOKINGS[source]
    good = next(
        row for row in planner.rows(stream) if is_plain_work(source, row) and row[FIRST_DAY[source]] > TODAY
    )
    keys = [new_key(source, number) for number in range(len(BREACHES))]
    for key, breach in zip(keys, BREACHES, strict=True):
        planner.add_row(stream, {**good, "id": key, **breach(source, good)})
    planner.add_row(stream, {**good, "id": None})

    again = clean.run("sync", "--dry-run", "--json")

    told(again, 0, f"{len(keys) + 1} in quarantine")
    assert numbers(clean) == before
    assert again.json["plan"]["changes"] == planned.json["plan"]["changes"]
    assert_accounted_for(clean)
    assert all(quarantine(clean, source, str(key)) for key in keys)
    assert len(quarantine(clean, source, None)) == 1


def no_such_day(source: str, row: Row) -> Row:
    return {FIRST_DAY[source]: f"{row[FIRST_DAY[source]][:8]}32"}


def no_dates(source: str, _row: Row) -> Row:
    return {FIRST_DAY[source]: None, LAST_DAY[source]: None}


def text_for_hours(source: str, _row: Row) -> Row:
    if source == "tenthousandft":
        return {"allocation_mode": "hours_per_day", "hours_per_day": "eight"}
    return {"unit": "day", "hoursPerDay": "eight"}


def no_hours(source: str, _row: Row) -> Row:
    if source == "tenthousandft":
        return {"allocation_mode": "fixed", "fixed_hours": None}
    return {"unit": "week", "hoursPerWeek": None}


BREACHES = [
    unknown_mode, end_before_start, three_hundred_years, negative_hours, no_dates, no_such_day, no_hours,
    text_for_hours,
]  # fmt: skip


@PLANNERS
def test_beside_a_row_without_an_id_nothing_counts_as_deleted(
    source: str, sandbox: Sandbox, workspace: Callable[..., Any]
) -> None:
    """It could be any of the missing ones."""
    crewtally = workspace(sandbox.ready)
    pushed = crewtally.run("sync", "--json")
    planner, stream = upstream(sandbox, source), BOOKINGS[source]
    row = pushed_bookings(sandbox, source, pushed)[0]
    planner.delete(stream, row["id"])
    planner.add_row(stream, {**row, "id": None})
    in_ftrack = copy.deepcopy(sandbox.ftrack.entities)
    told(crewtally.run("sync"), 0, "1 in quarantine")
    assert sandbox.ftrack.entities == in_ftrack


def break_a_calendar(sandbox: Sandbox, source: str) -> str:
    """Gives somebody with a working week of their own an impossible one; returns whom, by key."""
    if source == "tenthousandft":
        block = sandbox.tenthousandft.rows("availabilities")[0]
        sandbox.tenthousandft.update("availabilities", block["id"], day1=-4)
        return str(block["user_id"])
    member = sandbox.ruddr.rows("members")[0]
    periods = [{**period, "hoursPerDay": [8, 8, 8, 8, 8]} for period in member["availabilityPeriods"]]
    sandbox.ruddr.update("members", member["id"], availabilityPeriods=periods)
    return str(member["id"])


@PLANNERS
def test_a_broken_person_keeps_name_and_calendar(
    source: str, sandbox: Sandbox, workspace: Callable[..., Any]
) -> None:
    crewtally = workspace(sandbox.ready)
    told(crewtally.run("sync"), 0)
    before, in_ftrack = numbers(crewtally), copy.deepcopy(sandbox.ftrack.entities)
    key = break_a_calendar(sandbox, source)
    told(crewtally.run("sync"), 0, "1 in quarantine")
    assert ask(crewtally, "SELECT source, source_key FROM raw_quarantine") == [(source, key)]
    assert numbers(crewtally) == before
    assert sandbox.ftrack.entities == in_ftrack


def test_a_broken_time_off_row_stays_time_off(sandbox: Sandbox, workspace: Callable[..., Any]) -> None:
    """Ruddr's read-only rows are known by id, person and dates: a breach of those hides part of the key."""
    crewtally = workspace(sandbox.ready)
    told(crewtally.run("sync"), 0)
    before, in_ftrack = numbers(crewtally), copy.deepcopy(sandbox.ftrack.entities)
    spoils = [end_before_start, no_dates, unknown_mode]
    rows = [row for row in sandbox.ruddr.rows("allocations") if row["readOnly"] and row["start"] > TODAY]
    for row, spoil in zip(rows[: len(spoils)], spoils, strict=True):
        sandbox.ruddr.update("allocations", row["id"], **spoil("ruddr", row))
    told(crewtally.run("sync"), 0, f"{len(spoils)} in quarantine")
    assert sandbox.ftrack.entities == in_ftrack
    after = numbers(crewtally)
    assert after[0] == before[0]
    # The service itself no longer counts the broken day off in its totals of other bookings.
    vendors = {"vendor_hours", "drift_hours", "flag"}
    assert [without(row, vendors) for row in after[1]] == [without(row, vendors) for row in before[1]]


def without(row: Row, names: set[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def is_plain_work(source: str, row: Row) -> bool:
    if source == "tenthousandft":
        return bool(row["allocation_mode"] == "percent")
    return bool(row["entity"] == "allocation" and row["assignmentTypeId"] == "project")


def new_key(source: str, number: int) -> int | str:
    return 990_000_000 + number if source == "tenthousandft" else f"broken-{number}"


def pushed_bookings(sandbox: Sandbox, source: str, pushed: Any) -> list[Row]:
    """Ordinary bookings of this planner, still to begin, that have a record in ftrack."""
    changes = json.loads(Path(pushed.json["plan"]["file"]).read_text())["plan"]["changes"]
    keys = {c["origin"]["source_key"] for c in changes if c["origin"]["source"] == source}
    rows = upstream(sandbox, source).rows(BOOKINGS[source])
    return [row for row in rows if str(row["id"]) in keys and row[FIRST_DAY[source]] > TODAY]


def ask(workspace: Any, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(workspace.warehouse), read_only=True) as con:
        return con.execute(sql, list(parameters)).fetchall()


def assert_accounted_for(workspace: Any) -> None:
    """Guarantee 1: every row on the wire is in the model, a repeat, outside the window, or in quarantine."""
    lost = ask(
        workspace,
        "SELECT * FROM raw_snapshot WHERE rows <> loaded + repeated + quarantined + outside"
        " OR quarantined <>"
        " (SELECT count(*) FROM raw_quarantine AS q WHERE q.snapshot_id = raw_snapshot.snapshot_id)",
    )
    assert lost == []


def quarantine(workspace: Any, source: str, key: str | None) -> list[tuple[str, Row]]:
    """Reason and original of the quarantined rows with this key, in the latest listing."""
    rows = ask(
        workspace,
        "SELECT reason, raw FROM raw_quarantine WHERE source = ? AND source_key IS NOT DISTINCT FROM ?"
        " AND snapshot_id = (SELECT max(snapshot_id) FROM raw_snapshot WHERE stream = ? AND scope = 'all')",
        source, key, BOOKINGS[source],
    )  # fmt: skip
    return [(reason, json.loads(raw)) for reason, raw in rows]
