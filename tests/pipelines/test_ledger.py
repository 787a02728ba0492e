"""`ledger`: what was pushed, what came of it, what failed, what is open."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest


def test_the_plans_and_what_came_of_them(studio: Any, trouble: Any) -> None:
    told = studio.run("ledger", "--json")
    assert told.code == 0, told.err
    ledger = told.json
    second, first = ledger["plans"]
    assert second["plan_sha256"] == trouble.keys["pushed"]
    assert (second["status"], first["status"]) == ("applied", "applied")
    assert second["changes"]["create"]["failed"] == 1
    assert first["changes"]["create"].keys() == {"done"}
    counted = sum(n for plan in ledger["plans"] for by in plan["changes"].values() for n in by.values())
    assert counted == sum(ledger["outcomes"].values())
    with duckdb.connect(str(studio.warehouse), read_only=True) as con:
        ours = con.execute(
            "SELECT kind, count(*) FROM push_record WHERE state = 'live' GROUP BY 1"
        ).fetchall()
    assert {row["kind"]: row["records"] for row in ledger["records"]} == dict(ours)


def test_a_failed_change_names_its_error_and_its_next_try(studio: Any) -> None:
    [failed] = studio.run("ledger", "--json").json["failed"]
    assert (failed["person"], failed["project"], failed["action"]) == ("Hank Gone", "TRBL Trouble", "create")
    assert failed["error"]
    assert failed["tries"] == 1
    assert failed["is_open"] is True
    assert failed["next_try"]
    assert studio.run("ledger", "--failed", "--json").json == {"failed": [failed]}


def test_on_the_terminal(studio: Any, trouble: Any) -> None:
    told = studio.run("ledger")
    assert told.code == 0
    assert trouble.keys["pushed"][:8] in told.out
    assert "Failed, and not dealt with since: 1" in told.out
    assert "Next try:" in told.out
    assert "Records of ours in ftrack:" in told.out
    only = studio.run("ledger", "--failed")
    assert "Hank Gone" in only.out
    assert "Plans pushed" not in only.out


def test_what_a_later_plan_did_is_no_longer_failed(studio: Any) -> None:
    """A record whose last word is `done` is dealt with, however often it failed before."""
    with duckdb.connect(str(studio.warehouse)) as con:
        con.execute(
            "INSERT INTO push_plan SELECT * REPLACE ('later' AS plan_sha256, started_at + INTERVAL 1 HOUR AS"
            " started_at) FROM push_plan ORDER BY started_at DESC LIMIT 1"
        )
        con.execute(
            "INSERT INTO push_change BY NAME SELECT * REPLACE ('later' AS plan_sha256, 'done' AS status,"
            " NULL AS error) FROM push_change WHERE status = 'failed'"
        )
    ledger = studio.run("ledger", "--json").json
    [failed] = ledger["failed"]
    assert (failed["is_open"], failed["next_try"]) == (False, None)
    told = studio.run("ledger", "--failed")
    assert (told.code, told.out) == (0, "")
    assert "Nothing is failed." in told.err


@pytest.mark.parametrize("status", ["intended", "sending"])
def test_a_change_without_an_outcome_is_open(studio: Any, status: str) -> None:
    with duckdb.connect(str(studio.warehouse)) as con:
        con.execute("UPDATE push_change SET status = ?, error = NULL WHERE status = 'failed'", [status])
    ledger = studio.run("ledger", "--json").json
    assert ledger["failed"] == []
    [change] = ledger["open"]
    assert (change["status"], change["person"]) == (status, "Hank Gone")
    assert "Open: neither done nor failed: 1" in studio.run("ledger").out


@pytest.mark.usefixtures("config")
def test_before_the_first_push(crewtally: Any) -> None:
    told = crewtally("ledger")
    assert (told.code, told.out) == (0, "")
    assert "Nothing was pushed yet" in told.err
    empty = crewtally("ledger", "--json")
    assert empty.document == {"plans": [], "outcomes": {}, "records": [], "failed": [], "open": []}
