"""Explanations: the parts add up to every number, and lead back to the very row on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sandbox import Sandbox
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.totals import explain
from transforms.warehouse import Landing, open_warehouse

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
GONE, SPLIT, STUCK = "8000900", "8000901", "8000902"


@dataclass(frozen=True)
class Pulled:
    sandbox: Sandbox
    settings: Settings
    con: duckdb.DuckDBPyConnection

    @property
    def landing(self) -> Landing:
        return Landing(self.settings.landing.path)


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """A studio pulled twice: between the pulls one booking changed and one was deleted."""
    folder = tmp_path_factory.mktemp("explained")
    with Sandbox(people=16, seed=5, today=NOW.date()) as sandbox:
        settings = Settings.model_validate(
            {
                "tenthousandft": sandbox.ready["tenthousandft"],
                "ruddr": sandbox.ready["ruddr"],
                "warehouse": {"path": folder / "warehouse.duckdb"},
                "landing": {"path": folder / "landing"},
                "window": {"past_days": 14, "future_days": 56},
            }
        )
        add = sandbox.tenthousandft.add
        project = sandbox.tenthousandft.rows("projects")[0]["id"]
        weekend = {"starts_at": "2026-03-07", "ends_at": "2026-03-08"}
        work = {"starts_at": "2026-03-09", "ends_at": "2026-03-13", "percent": 0.5}
        for key, fields in {
            GONE: work,
            SPLIT: work,
            STUCK: {**weekend, "allocation_mode": "fixed", "fixed_hours": 7.5},
        }.items():
            add("assignments", id=int(key), assignable_id=project, user_id=None, **fields)
        with open_warehouse(settings.warehouse.path) as con:
            pull(settings, con, now=NOW)
            sandbox.tenthousandft.delete("assignments", int(GONE))
            sandbox.tenthousandft.update("assignments", int(SPLIT), ends_at="2026-03-18", percent=0.25)
            pull(settings, con, source="tenthousandft", now=NOW)
            yield Pulled(sandbox, settings, con)


def test_every_person_week_adds_up(pulled: Pulled) -> None:
    weeks = pulled.con.execute(
        "SELECT source, coalesce(person_key, 'unassigned'), week,"
        " booked_ms, leave_ms, holiday_ms, capacity_ms"
        " FROM mart_person_week"
    ).fetchall()
    assert len(weeks) > 250
    for source, who, week, *numbers in weeks:
        [explained] = explain.person_week(pulled.con, who, week + timedelta(days=3), source)
        assert list(explained.numbers.values()) == numbers
        assert explained.adds_up, f"{explained.title}: {explained.numbers} but {explained.sums}"
        assert not explained.remarks
        assert all(week <= day <= week + timedelta(days=6) for part in explained.parts for day in part.days)


def test_every_project_week_adds_up(pulled: Pulled) -> None:
    weeks = pulled.con.execute(
        "SELECT source, project_key, week, booked_ms FROM mart_project_week"
    ).fetchall()
    assert len(weeks) > 50
    for source, project_key, week, booked_ms in weeks:
        [explained] = explain.project_week(pulled.con, project_key, week, source)
        assert explained.numbers == {"work": booked_ms}
        assert explained.adds_up, f"{explained.title}: {explained.numbers} but {explained.sums}"


def test_every_booking_adds_up_over_its_whole_span(pulled: Pulled) -> None:
    bookings = pulled.con.execute("SELECT source, source_key, kind, total_ms FROM mart_booking").fetchall()
    assert len(bookings) > 80
    for source, source_key, kind, total_ms in bookings:
        explained = explain.booking(pulled.con, source, source_key)
        assert explained.numbers == {kind: total_ms}
        assert explained.adds_up, f"{explained.title}: {explained.numbers} but {explained.sums}"


def test_an_explanation_whose_parts_do_not_add_up_says_so() -> None:
    assert not explain.Explanation("x", "ruddr", {"work": 1}, []).adds_up


def rows_of(page: Any) -> list[dict[str, Any]]:
    """The rows of a page of either planner; a bare object is one row."""
    rows = page.get("data", page.get("results"))
    return rows if isinstance(rows, list) else [page]


def test_every_version_leads_to_its_row_on_the_wire(pulled: Pulled) -> None:
    """The id at the place named is the booking's, and so are its dates."""
    seen = 0
    keys = pulled.con.execute("SELECT DISTINCT source, source_key FROM core_booking").fetchall()
    for source, key in keys:
        [part] = explain.booking(pulled.con, source, key).parts
        assert part.versions
        for version in part.versions:
            raw = rows_of(json.loads(pulled.landing.get(version.page_sha256)))[version.page_position]
            assert str(raw["id"]) == (key.split(":")[1] if ":" in key else key)
            start, end = raw.get("starts_at", raw.get("start")), raw.get("ends_at", raw.get("end"))
            assert (start, end) == (str(version.start_date), str(version.end_date))
            assert version.url is not None
            assert "auth" not in version.url
            seen += 1
    assert seen > len(keys)  # one of them has two versions


def test_the_versions_of_a_booking_are_all_shown_oldest_first(pulled: Pulled) -> None:
    [part] = explain.booking(pulled.con, "tenthousandft", SPLIT).parts
    before, after = part.versions
    assert (before.effort_amount, after.effort_amount) == (0.5, 0.25)
    assert before.known_to == after.known_from
    assert before.closed_by == after.snapshot_id
    assert after.known_to is None
    assert (part.end_date, part.effort_amount) == (date(2026, 3, 18), 0.25)  # the booking as it stands


def test_a_booking_that_is_gone_is_still_explained(pulled: Pulled) -> None:
    explained = explain.booking(pulled.con, "tenthousandft", GONE)
    [part] = explained.parts
    assert (explained.numbers, part.ms) == ({}, 0)
    assert part.project == pulled.sandbox.tenthousandft.rows("projects")[0]["name"]
    [version] = part.versions
    assert version.closed_by is not None
    assert explained.remarks == [f"The booking is gone: snapshot {version.closed_by} proved it."]


def test_hours_without_a_working_day_are_accounted_for(pulled: Pulled) -> None:
    explained = explain.booking(pulled.con, "tenthousandft", STUCK)
    [part] = explained.parts
    assert explained.numbers == {"work": 27_000_000}
    assert (part.days, part.unplaced_ms, explained.adds_up) == ({}, 27_000_000, True)
    assert "no working day" in explained.remarks[0]


def test_weeks_that_were_not_pulled_whole_are_told(pulled: Pulled) -> None:
    [explained] = explain.project_week(
        pulled.con, pulled.sandbox.studio.projects[0].name, date(2020, 1, 1), "ruddr"
    )
    assert explained.numbers == {"work": 0}
    assert explained.remarks == ["The week was not pulled whole: none of its days was covered."]


def test_a_part_of_a_week_is_a_part_of_a_week(pulled: Pulled) -> None:
    con = pulled.con
    con.begin()
    con.execute("DELETE FROM mart_coverage WHERE source = 'ruddr' AND day >= DATE '2026-03-05'")
    [explained] = explain.project_week(con, pulled.sandbox.studio.projects[0].name, date(2026, 3, 2), "ruddr")
    con.rollback()
    assert explained.remarks == ["The week was not pulled whole: only 3 of its 7 days were covered."]


def test_people_go_by_mail_name_or_key_in_each_planner(pulled: Pulled) -> None:
    person = pulled.sandbox.studio.people[0]
    assert person.email is not None
    by_mail = explain.person_week(pulled.con, person.email.upper(), NOW.date())
    assert [one.source for one in by_mail] == ["ruddr", "tenthousandft"]
    assert explain.person_week(pulled.con, person.name, NOW.date()) == by_mail
    assert explain.person_week(pulled.con, "30001", NOW.date()) == by_mail[1:]
    assert explain.person_week(pulled.con, person.name, NOW.date(), "ruddr") == by_mail[:1]


def test_nobody_and_nothing_by_that_name(pulled: Pulled) -> None:
    with pytest.raises(LookupError, match="no person goes by 'Nobody At All' in ruddr"):
        explain.person_week(pulled.con, "Nobody At All", NOW.date(), "ruddr")
    with pytest.raises(LookupError, match="no project goes by ''"):
        explain.project_week(pulled.con, "", NOW.date())
    with pytest.raises(LookupError, match="ruddr has no booking '8000900', now or before"):
        explain.booking(pulled.con, "ruddr", GONE)


def test_two_of_a_name_are_asked_for_by_key(pulled: Pulled) -> None:
    con = pulled.con
    name = pulled.sandbox.studio.people[0].name
    con.begin()
    con.execute("UPDATE mart_resource SET person = ? WHERE person_key IN ('30001', '30003')", [name])
    with pytest.raises(LookupError, match=r"more than one person .*'30001', tenthousandft '30003'"):
        explain.person_week(con, name, NOW.date())
    assert explain.person_week(con, "30003", NOW.date())[0].adds_up
    con.rollback()


def test_a_warehouse_without_totals_says_what_to_do(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "empty.duckdb") as con:
        for ask in (
            lambda: explain.person_week(con, "x", NOW.date()),
            lambda: explain.project_week(con, "x", NOW.date()),
            lambda: explain.booking(con, "ruddr", "x"),
        ):
            with pytest.raises(LookupError, match="crewtally pull"):
                ask()
