"""`explain`, `quarantine`, `publish` and `dictionary`, as people and scripts call them."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sandbox import Sandbox
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.policy import Policy
from transforms.totals import build
from transforms.warehouse import open_warehouse

Workspace = Any  # the fixture of tests/conftest.py: .run(*arguments) -> code, out, err, json; .folder

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a week without holidays
TODAY = NOW.date()
MONDAY = TODAY - timedelta(days=TODAY.weekday())
# Clears the screen, colours, rings, turns the writing round, breaks the line and fakes an error.
HOSTILE = "\x1b[2J\x1b[31mMallory\x07\u202etxt\r\nError: all is lost\u2028\x9b5n"
EVIL, BROKEN, NAMESAKES = 900_001, 900_002, ("Sam Same", "Sam Same")


@dataclass(frozen=True)
class Studio:
    sandbox: Sandbox
    folder: Path


def plant(sandbox: Sandbox) -> None:
    """A person, a project and a note with hostile names, a broken row, and two people of one name."""
    state = sandbox.tenthousandft
    person = state.add("users", first_name=HOSTILE, display_name=HOSTILE, email="mallory@x.test")
    project = state.add("projects", name=HOSTILE, project_code="EVIL", project_state="Confirmed")
    week = {"starts_at": str(MONDAY), "ends_at": str(MONDAY + timedelta(days=4)), "assignable_id": project}
    state.add("assignments", id=EVIL, user_id=person, percent=0.5, note=HOSTILE, **week)
    state.add("assignments", id=BROKEN, user_id=person, percent=-3, note=HOSTILE, **week)
    for number, name in enumerate(NAMESAKES):
        first, last = name.split()
        state.add("users", first_name=first, last_name=last, display_name=name, email=f"sam{number}@x.test")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("inspected")
    with Sandbox(people=4, seed=6, today=TODAY) as sandbox:
        plant(sandbox)
        settings = Settings.model_validate(
            {
                "tenthousandft": sandbox.ready["tenthousandft"],
                "ruddr": sandbox.ready["ruddr"],
                "warehouse": {"path": folder / "warehouse.duckdb"},
                "landing": {"path": folder / "landing"},
                "window": {"past_days": 7, "future_days": 21},
            }
        )
        with open_warehouse(settings.warehouse.path) as con:
            pull(settings, con, now=NOW)
        yield Studio(sandbox, folder)


@pytest.fixture
def studio(pulled: Studio, workspace: Callable[[Any], Workspace]) -> Workspace:
    """A workspace of its own with what was pulled."""
    planners = {name: pulled.sandbox.ready[name] for name in ("tenthousandft", "ruddr")}
    made: Workspace = workspace(planners)
    shutil.copytree(pulled.folder, made.folder, dirs_exist_ok=True)
    return made


def harmless(text: str) -> bool:
    """No character but the line break that could steer a terminal, and no line somebody else began."""
    dangerous = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")}
    return dangerous <= {"\n"} and not re.search(r"(?m)^Error: all is lost", text)


def test_explain_person_week_on_the_terminal(studio: Workspace) -> None:
    told = studio.run("explain", "person-week", "mallory@x.test", TODAY)
    assert told.code == 0, told.err
    assert "20 h work, 0 h leave, 0 h holiday" in told.out
    assert f"booking {EVIL}, 50% of the working day" in told.out
    assert "1 booking; the parts add up to it." in told.out
    assert harmless(told.out)


def test_explain_names_the_rules(studio: Workspace) -> None:
    """Those of the totals, not those of a configuration that has changed since."""
    told = studio.run("explain", "person-week", "mallory@x.test", TODAY)
    assert "Rules: [policy] by default." in told.out
    with open_warehouse(studio.warehouse) as con:
        build(con, Policy(ruddr_edge_periods="whole", tenthousandft_hours_per_day_on="every_day"))
    told = studio.run("explain", "person-week", "mallory@x.test", TODAY)
    assert 'Rules: [policy] tenthousandft_hours_per_day_on = "every_day"; else the defaults.' in told.out
    [explained] = studio.run("explain", "person-week", "mallory@x.test", TODAY, "--json").json
    assert explained["policy"]["ruddr_edge_periods"] == "whole"
    assert set(explained["policy"]) == set(Policy.model_fields)


def test_explain_project_week_and_booking_on_the_terminal(studio: Workspace) -> None:
    for arguments in (("project-week", "evil", TODAY), ("booking", "tenthousandft", EVIL)):
        told = studio.run("explain", *arguments)
        assert told.code == 0, told.err
        assert f'"id": {EVIL}' in told.out  # the row itself
        assert harmless(told.out)


def test_explain_in_json_leads_to_the_row_as_it_is_on_the_wire(studio: Workspace, pulled: Studio) -> None:
    [explained] = studio.run("explain", "person-week", "mallory@x.test", TODAY, "--json").json
    assert explained["adds_up"] is True
    assert explained["hours"]["work"] == 20
    assert len(explained["capacity"]) == 7
    [part] = explained["parts"]
    assert sum(day["ms"] for day in part["days"]) == part["ms"] == 72_000_000
    assert part["project"] == HOSTILE  # whole: JSON is for programs
    [version] = part["versions"]
    wire = pulled.sandbox.tenthousandft.get("assignments", EVIL)
    assert wire is not None
    assert version["raw"]["id"] == EVIL
    assert {name: wire[name] for name in version["raw"]} == version["raw"]


def test_the_row_of_ruddr_is_found_too(studio: Workspace, pulled: Studio) -> None:
    first, last = str(TODAY - timedelta(days=7)), str(TODAY + timedelta(days=21))
    row = next(
        row
        for row in pulled.sandbox.ruddr.rows("allocations")
        if row["entity"] == "allocation" and row["start"] <= last and row["end"] >= first
    )
    [explained] = studio.run("explain", "booking", "ruddr", row["id"], "--json").json
    assert explained["parts"][0]["versions"][0]["raw"] == row


def test_a_page_the_landing_folder_lost_is_said_to_be_lost(studio: Workspace) -> None:
    shutil.rmtree(studio.folder / "landing")
    told = studio.run("explain", "booking", "tenthousandft", EVIL)
    assert told.code == 0
    assert "the page is not in the landing folder any more" in told.out
    [explained] = studio.run("explain", "booking", "tenthousandft", EVIL, "--json").json
    assert explained["parts"][0]["versions"][0]["raw"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("person-week", "Nobody", TODAY), "no person goes by 'Nobody'"),
        (("person-week", "Nobody", TODAY, "--source", "ruddr"), "no person goes by 'Nobody' in ruddr"),
        (("project-week", "Nothing", TODAY), "no project goes by 'Nothing'"),
        (("booking", "ruddr", "no-such-key"), "ruddr has no booking 'no-such-key', now or before"),
        (("person-week", "Sam Same", TODAY), "more than one person goes by 'Sam Same': ask by key (ten"),
        (("person-week", HOSTILE + "?", TODAY), "no person goes by"),
    ],
)
def test_what_cannot_be_explained_is_code_1(
    studio: Workspace, arguments: tuple[object, ...], message: str
) -> None:
    for form in ((), ("--json",)):
        told = studio.run("explain", *arguments, *form)
        assert told.code == 1
        assert told.out == ""
        assert message in told.err
        assert harmless(told.err)


def test_bad_usage_is_code_2(studio: Workspace) -> None:
    assert studio.run("explain", "person-week", "x", "yesterday").code == 2
    assert studio.run("explain", "booking", "excel", "1").code == 2
    assert studio.run("explain", "team-week", "x", TODAY).code == 2
    assert studio.run("quarantine", "--source", "excel").code == 2
    assert studio.run("dictionary", "--json", "--format", "html").code == 2


def test_before_the_first_pull_everything_says_what_to_do(
    workspace: Callable[[Any], Workspace], pulled: Studio
) -> None:
    fresh = workspace({"ruddr": pulled.sandbox.ready["ruddr"]})
    for there in (False, True):  # no file, then a file in which nothing was ever totalled
        if there:
            open_warehouse(fresh.warehouse).close()
        told = fresh.run("explain", "person-week", "x", TODAY)
        assert (told.code, told.out) == (1, "")
        assert "crewtally pull" in told.err
        empty = fresh.run("quarantine", "--json")
        assert (empty.code, empty.json) == (0, [])
    refused = fresh.run("publish")
    assert (refused.code, refused.out) == (1, "")
    assert "crewtally pull" in refused.err
    assert not list(fresh.folder.rglob("mart-*"))


def test_quarantine_shows_the_row_and_why(studio: Workspace) -> None:
    told = studio.run("quarantine")
    assert told.code == 0
    assert str(BROKEN) in told.out
    assert harmless(told.out)
    [row] = studio.run("quarantine", "--json").json
    assert (row["source"], row["stream"], row["source_key"]) == ("tenthousandft", "assignments", str(BROKEN))
    assert "percent" in row["reason"]
    assert json.loads(row["raw"])["id"] == BROKEN
    assert studio.run("quarantine", "--source", "tenthousandft", "--json").json == [row]
    nothing = studio.run("quarantine", "--source", "ruddr")
    assert (nothing.code, nothing.out) == (0, "")
    assert "Nothing is in quarantine" in nothing.err


def test_publish_moves_the_link(studio: Workspace) -> None:
    told = studio.run("publish")
    assert told.code == 0, told.err
    link = studio.folder / ".crewtally" / "current.duckdb"
    assert told.out == f"{link} -> {link.readlink()}\n"
    published = studio.run("publish", "--json").json
    assert published == {"published": str(link), "file": str(link.resolve())}
    with duckdb.connect(str(link), read_only=True) as con:
        hours = "SELECT booked_hours FROM mart_person_week WHERE email = 'mallory@x.test' AND week = ?"
        assert con.execute(hours, [MONDAY]).fetchall() == [(20.0,)]
        assert con.execute("SELECT count(*) FROM meta_freshness").fetchall() == [(12,)]


def test_publish_never_overwrites_a_file(studio: Workspace) -> None:
    link = studio.folder / ".crewtally" / "current.duckdb"
    link.parent.mkdir()
    link.write_text("somebody's own")
    refused = studio.run("publish", "--json")
    assert (refused.code, refused.out) == (1, "")
    assert "not a link of ours" in refused.err
    assert link.read_text() == "somebody's own"


def test_the_dictionary_needs_neither_configuration_nor_data(crewtally: Any, tmp_path: Path) -> None:
    page = crewtally("dictionary")
    assert (page.code, page.err) == (0, "")
    assert "## mart_person_week\n" in page.out
    assert crewtally("dictionary", "--format", "markdown").out == page.out  # and always the same
    html = tmp_path / "dictionary.html"
    assert crewtally("dictionary", "--format", "html", "-o", html).out == ""
    assert html.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [html]


def test_the_dictionary_describes_what_analysts_meet(crewtally: Any, studio: Workspace) -> None:
    described = {table["name"]: table for table in crewtally("dictionary", "--json").document}
    assert described["push_record"]["grain"] == "record"  # only in the working file
    assert all(
        table["text"] and table["grain"] and all(column["text"] for column in table["columns"])
        for table in described.values()
    )
    studio.run("publish")
    with duckdb.connect(str(studio.folder / ".crewtally" / "current.duckdb"), read_only=True) as con:
        columns = con.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE NOT internal AND NOT ends_with(table_name, '_now')"
        ).fetchall()
    missing = [
        (table, column)
        for table, column, kind in columns
        if {"name": column, "kind": kind}
        not in [{"name": c["name"], "kind": c["kind"]} for c in described[table]["columns"]]
    ]
    assert missing == []
