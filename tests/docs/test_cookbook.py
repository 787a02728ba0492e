"""The cookbook: page and files agree, every query runs on a published copy, and its numbers are right.

Numbers are held to planted cases whose hours anybody can count (conftest.py), and to a second count in plain
Python over the copy's day rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
QUESTIONS = sorted(path.stem for path in (DOCS / "cookbook").glob("*.sql"))
TODAY = date(2026, 3, 4)
MS = 3_600_000
# conftest.py: .ask(question, **variables) and .sql(text); the ids of what was planted
Published = Any
Planted = Any
Answer = list[dict[str, Any]]


def text_of(question: str) -> str:
    return (DOCS / "cookbook" / f"{question}.sql").read_text()


def only(answer: Answer, **fields: object) -> Answer:
    """The rows that have these values."""
    return [row for row in answer if all(row[name] == value for name, value in fields.items())]


def shown(row: dict[str, Any], *columns: str) -> tuple[Any, ...]:
    return tuple(row[column] for column in columns)


# --- Page and files -----------------------------------------------------------------------------------------


def test_the_page_quotes_every_file_under_its_question() -> None:
    sections = re.split(r"(?m)^### ", (DOCS / "cookbook.md").read_text())[1:]
    quoted = {
        section.partition("\n")[0]: re.search(r"```sql\n(.*?)```", section, re.DOTALL) for section in sections
    }
    files = {text.partition("\n")[0].removeprefix("-- "): text for text in map(text_of, QUESTIONS)}
    assert len(files) == len(QUESTIONS) >= 12
    assert {question: match and match[1] for question, match in quoted.items()} == files


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_file_says_question_grain_and_variables(question: str) -> None:
    lines = text_of(question).splitlines()
    assert re.fullmatch(r"-- .*\?", lines[0])
    assert lines[1].startswith("-- Grain: ")
    comment = "\n".join(line for line in lines if line.startswith("-- "))
    page = (DOCS / "cookbook.md").read_text()
    for variable in re.findall(r"getvariable\('(\w+)'\)", text_of(question)):
        assert re.search(rf"-- Variables: .*\b{variable} \(", comment), variable
        assert f"| `{variable}` |" in page


# --- Every query runs ---------------------------------------------------------------------------------------

COLUMNS = {
    "bench_against_demand": "source discipline week placeholder_hours free_hours missing_hours people",
    "changed_bookings": "source source_key status what person_before person project_before project"
    " start_before start_date end_before end_date effort_before effort effort_unit",
    "changed_hours": "source person resource_kind week booked_hours_before booked_hours booked_hours_change"
    " leave_hours_change capacity_hours_change",
    "first_free_day": "source person email discipline first_free_day stretch_start stretch_end stretch_days",
    "free_people": "source person email free_hours free_days first_free_day tentative_hours booked_hours"
    " capacity_hours other_planner_hours",
    "freshness": "source stream last_complete_pull age_hours is_complete incomplete_reason window_start"
    " window_end quarantined",
    "headcount": "source month confirmed_fte tentative_fte open_fte capacity_fte spare_fte",
    "hidden_clashes": "source person discipline week booked_hours capacity_hours over_days over_hours",
    "holidays": "source person discipline holidays holiday_hours days booked_hours",
    "leave_in_one_planner": "person email known_to first_day last_day days leave_hours",
    "leave_next_month": "source person leave_type first_day last_day days leave_hours source_key",
    "left_out": "source stream source_key reason is_counted person project raw",
    "open_demand": "source resource_kind discipline needed week hours tentative_hours value_fte",
    "over_allocated_days": "source person discipline day booked_hours capacity_hours over_hours"
    " shows_in_the_week projects",
    "planners_by_project": "project project_code weeks_agreed weeks_different weeks_only_tenthousandft"
    " weeks_only_ruddr tenthousandft_hours ruddr_hours difference_hours disputed_hours",
    "project_months": "source project month booked_hours same_hours changed_hours new_hours first_seen_hours"
    " dropped_bookings",
    "project_team": "source person resource_kind work_items first_day end_date days booked_hours"
    " tentative_hours",
    "tentative_over_capacity": "source source_key person project work_item start_date end_date breaking_days"
    " first_breaking_day tentative_hours over_hours",
    "utilisation": "source discipline month is_whole_month people booked_hours capacity_hours utilisation"
    " firm_utilisation billable_utilisation contracted_utilisation",
    "vendor_drift": "source source_key person project leave_type start_date end_date effort_amount"
    " effort_unit total_hours vendor_hours drift_hours flag",
    "without_working_day": "source source_key kind person subject start_date end_date effort_amount"
    " effort_unit lost_hours flag",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_an_answer_and_always_the_same(published: Published, question: str) -> None:
    answer = published.ask(question)
    assert answer, "the planted studio guarantees an answer"
    assert list(answer[0]) == COLUMNS[question].split()
    assert published.ask(question) == answer


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_runs_as_it_is(published: Published, question: str) -> None:
    """Whatever day it is: without variables the queries look at the day of the last pull."""
    published.sql(text_of(question))


# --- Planted cases ------------------------------------------------------------------------------------------


def test_over_allocated_days(published: Published) -> None:
    answer = published.ask("over_allocated_days")
    columns = ("day", "booked_hours", "capacity_hours", "over_hours", "shows_in_the_week", "projects")
    assert [shown(row, *columns) for row in only(answer, person="Olive Over")] == [
        (date(2026, 3, 11), 12, 8, 4, True, "Cookbook Alpha")
    ]
    assert [shown(row, *columns) for row in only(answer, person="Hidde Clash")] == [
        (date(2026, 3, 17), 12, 8, 4, False, "Cookbook Alpha")
    ]
    both = "Cookbook Alpha, Cookbook Beta"
    assert [shown(row, *columns) for row in only(answer, person="Tess Tative")] == [
        (date(2026, 3, 9), 10, 8, 2, False, both),
        (date(2026, 3, 10), 10, 8, 2, False, both),
    ]


def test_hidden_clashes(published: Published) -> None:
    clashes = {
        row["person"]: row for row in published.ask("hidden_clashes") if row["week"] < date(2026, 3, 23)
    }
    columns = ("week", "booked_hours", "capacity_hours", "over_days", "over_hours")
    assert shown(clashes["Hidde Clash"], *columns) == (date(2026, 3, 16), 14, 40, 1, 4)
    assert "Olive Over" not in clashes  # her week is above capacity: nothing is hidden


def test_tentative_over_capacity(published: Published) -> None:
    [row] = only(published.ask("tentative_over_capacity"), person="Tess Tative")
    columns = ("project", "breaking_days", "first_breaking_day", "tentative_hours", "over_hours")
    assert shown(row, *columns) == ("Cookbook Beta", 2, date(2026, 3, 9), 12, 4)  # 12 March just fits


def test_free_people(published: Published) -> None:
    """March has 22 working days; Linus works 5 of them and is away for 4 hours of one."""
    answer = published.ask("free_people", discipline="lighting")
    columns = ("free_hours", "free_days", "first_free_day", "booked_hours", "capacity_hours")
    assert [shown(row, *columns) for row in only(answer, person="Linus Free")] == [
        (132, 16, date(2026, 3, 9), 40, 176)
    ]
    assert [row["free_hours"] for row in answer] == sorted(
        (row["free_hours"] for row in answer), reverse=True
    )
    assert {row["person"] for row in published.ask("free_people", discipline="Cooking")} == {"Chef Cook"}


def test_free_in_one_planner_and_busy_in_the_other(published: Published) -> None:
    [row] = only(published.ask("free_people", discipline="Editorial"), person="Lena Away")
    assert row["other_planner_hours"] == 60
    assert row["free_hours"] == (22 - 4 - 10) * 8  # four days of leave, ten booked


def test_first_free_day(published: Published) -> None:
    [linus] = only(published.ask("first_free_day"), person="Linus Free")
    columns = ("first_free_day", "stretch_start", "stretch_end", "stretch_days")
    assert shown(linus, *columns) == (date(2026, 3, 9), date(2026, 3, 9), date(2026, 3, 19), 9)
    [linus] = only(published.ask("first_free_day", days=10), person="Linus Free")
    assert shown(linus, *columns[:2]) == (date(2026, 3, 9), date(2026, 3, 23))  # the half day off breaks it


def test_leave_next_month(published: Published) -> None:
    """Leave from 26 to 31 March: four working days, the weekend does not count."""
    [row] = only(published.ask("leave_next_month"), person="Lena Away")
    columns = ("leave_type", "first_day", "last_day", "days", "leave_hours")
    assert shown(row, *columns) == ("Vacation", date(2026, 3, 26), date(2026, 3, 31), 4, 32)
    assert only(published.ask("leave_next_month", month=date(2026, 4, 15)), person="Lena Away") == []


def test_leave_in_one_planner(published: Published) -> None:
    [row] = only(published.ask("leave_in_one_planner"), person="Lena Away")
    columns = ("known_to", "first_day", "last_day", "days", "leave_hours")
    assert shown(row, *columns) == ("tenthousandft", date(2026, 3, 26), date(2026, 3, 31), 4, 32)


def test_changed_bookings(published: Published, planted: Planted) -> None:
    answer = {row["source_key"]: row for row in published.ask("changed_bookings")}
    statuses = {key: shown(row, "status", "what", "effort_before", "effort") for key, row in answer.items()}
    assert statuses[str(planted.changed)] == ("changed", "effort", 0.5, 1)
    assert statuses[str(planted.gone)] == ("gone", None, 1, None)
    assert statuses[str(planted.new)] == ("new", None, None, 2)
    assert statuses[str(planted.taken)] == ("handed over", "person", 8, 8)
    assert statuses[str(planted.first_seen)] == ("first seen", None, None, 1)
    people = shown(answer[str(planted.taken)], "person_before", "person")
    assert people == ("Dora Delta", "Hank Delta")
    assert shown(answer[str(planted.gone)], "person_before", "person") == ("Dora Delta", None)
    assert str(planted.same) not in answer
    assert str(planted.given) not in answer
    # Nothing else was edited: all else lies in the weeks that only the second pull asked for.
    others = set(answer) - {str(key) for key in (planted.changed, planted.gone, planted.new, planted.taken)}
    assert {answer[key]["status"] for key in others} == {"first seen"}
    assert all(answer[key]["start_date"] > date(2026, 9, 6) for key in others)


def test_changed_hours(published: Published) -> None:
    answer = [
        shown(row, "person", "week", "booked_hours_before", "booked_hours", "booked_hours_change")
        for row in published.ask("changed_hours")
    ]
    assert answer == [
        ("Dora Delta", date(2026, 3, 16), 20, 40, 20),
        ("Dora Delta", date(2026, 3, 23), 16, 6, -10),
        ("Dora Delta", date(2026, 3, 30), 8, 0, -8),
        ("Hank Delta", date(2026, 3, 30), 0, 8, 8),
    ]


def test_project_months(published: Published) -> None:
    answer = only(published.ask("project_months"), project="Cookbook Delta")
    columns = ("month", "booked_hours", "same_hours", "changed_hours", "new_hours", "first_seen_hours")
    assert [shown(row, *columns, "dropped_bookings") for row in answer] == [
        (date(2026, 3, 1), 94, 40, 40, 14, 0, 2),
        (date(2026, 9, 1), 40, 0, 0, 0, 40, 0),
    ]


def test_project_team(published: Published) -> None:
    columns = ("person", "first_day", "end_date", "days", "booked_hours", "tentative_hours")
    for project in ("cook4", "Cookbook Delta"):
        assert [shown(row, *columns) for row in published.ask("project_team", project=project)] == [
            ("Dora Delta", date(2026, 3, 9), date(2026, 9, 25), 18, 126, 0),
            ("Hank Delta", date(2026, 3, 30), date(2026, 3, 30), 1, 8, 0),
        ]
    tentative = published.ask("project_team", project="COOK2")
    assert [shown(row, "person", "booked_hours", "tentative_hours") for row in tentative] == [
        ("Tess Tative", 16, 16),
        ("Chef Cook", 10, 10),
    ]


def test_planners_by_project(published: Published) -> None:
    [row] = only(published.ask("planners_by_project"), project_code="COOK3")
    hours = ("tenthousandft_hours", "ruddr_hours", "difference_hours", "disputed_hours")
    assert shown(row, "weeks_agreed", "weeks_different", *hours) == (1, 1, 80, 60, 20, 20)
    assert shown(row, "weeks_only_tenthousandft", "weeks_only_ruddr") == (0, 0)


def test_open_demand(published: Published) -> None:
    answer = only(published.ask("open_demand"), source="tenthousandft", week=date(2026, 4, 13))
    [lighter] = only(answer, needed="Night Cook")
    columns = ("resource_kind", "discipline", "hours", "tentative_hours", "value_fte")
    assert shown(lighter, *columns) == ("placeholder", "Cooking", 40, 0, 1)
    [unassigned] = only(answer, resource_kind="unassigned", needed=None)
    assert unassigned["hours"] >= 20


def test_bench_against_demand(published: Published) -> None:
    [row] = only(published.ask("bench_against_demand"), discipline="Cooking")
    columns = ("week", "placeholder_hours", "free_hours", "missing_hours", "people")
    assert shown(row, *columns) == (date(2026, 4, 13), 40, 40, 0, 1)


def test_utilisation(published: Published) -> None:
    """The only cook: 40 billable hours and 10 tentative ones of 176."""
    march = only(published.ask("utilisation"), discipline="Cooking", month=date(2026, 3, 1))
    ratios = ("utilisation", "firm_utilisation", "billable_utilisation", "contracted_utilisation")
    assert [shown(row, "people", "booked_hours", "capacity_hours", *ratios) for row in march] == [
        (1, 50, 176, round(50 / 176, 4), round(40 / 176, 4), round(40 / 176, 4), round(50 / 176, 4))
    ]
    whole = {row["month"]: row["is_whole_month"] for row in published.ask("utilisation")}
    assert whole[date(2026, 2, 1)] is False  # the pull began on 2 February
    assert whole[date(2026, 3, 1)] is True


def test_holidays(published: Published) -> None:
    answer = published.ask("holidays")
    [row] = only(answer, person="Olive Over")
    assert shown(row, "holidays", "holiday_hours", "days", "booked_hours") == (1, 8, "2026-05-01", 0)
    later = published.ask("holidays", today=date(2026, 5, 2))
    assert all("2026-05-01" not in row["days"] for row in later)


def test_vendor_drift(published: Published) -> None:
    [row] = only(published.ask("vendor_drift"), person="Lena Away")
    columns = ("total_hours", "vendor_hours", "drift_hours", "flag")
    assert shown(row, *columns) == (20, 21, -1, "differs from the vendor's total")


def test_without_working_day(published: Published) -> None:
    answer = only(published.ask("without_working_day"), person="Olive Over")
    assert [shown(row, "start_date", "effort_unit", "lost_hours") for row in answer] == [
        (date(2026, 3, 14), "percent", None),
        (date(2026, 3, 21), "hours_total", 6),
    ]


def test_freshness(published: Published) -> None:
    [(last,)] = [
        shown(row, "last_complete_pull") for row in only(published.ask("freshness"), stream="assignments")
    ]
    answer = published.ask("freshness", now=last + timedelta(minutes=90))
    [row] = only(answer, stream="assignments")
    assert shown(row, "age_hours", "is_complete", "incomplete_reason", "quarantined") == (1.5, True, None, 2)
    assert shown(row, "window_start", "window_end") == (date(2026, 2, 2), date(2026, 10, 4))
    assert len(answer) == 12
    assert sum(row["quarantined"] for row in answer) == 2


def test_left_out(published: Published, planted: Planted) -> None:
    """One row was sound before and still counts as it was; the other never was."""
    answer = published.ask("left_out")
    assert all(row["reason"].startswith("percent: ") for row in answer)
    assert {(row["source_key"] == str(planted.broken), row["is_counted"]) for row in answer} == {
        (True, True),
        (False, False),
    }


# --- A second count -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def days(published: Published) -> Answer:
    """Every covered day of everybody, counted again from bookings and calendar."""
    worked: dict[tuple[str, str | None, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in published.sql("SELECT source, person_key, day, kind, is_tentative, ms FROM mart_booking_day"):
        cell = worked[row["source"], row["person_key"], row["day"]]
        cell[row["kind"]] += row["ms"]
        cell["tentative"] += row["ms"] if row["kind"] == "work" and row["is_tentative"] else 0
    calendar: Answer = published.sql(
        "SELECT source, person_key, resource_kind, day, effective_ms, name AS person, discipline,"
        " coalesce(is_active, false) AS is_active"
        " FROM mart_calendar SEMI JOIN mart_coverage USING (source, day)"
        " LEFT JOIN core_person_now USING (source, person_key)"
    )
    for row in calendar:
        cell = worked[row["source"], row["person_key"], row["day"]]
        row.update(
            booked=cell["work"], tentative=cell["tentative"], leave=cell["leave"], any=any(cell.values())
        )
        row["taken"] = row["booked"] + (row["leave"] if row["effective_ms"] else 0)  # half a day off counts
    return calendar


def test_nobody_over_allocated_is_missed(published: Published, days: Answer) -> None:
    expected = sorted(
        (row["source"], row["person"], row["day"], row["booked"] / MS)
        for row in days
        if row["resource_kind"] == "member"
        and TODAY <= row["day"] <= TODAY + timedelta(days=41)
        and row["taken"] > row["effective_ms"]
    )
    answer = [
        shown(r, "source", "person", "day", "booked_hours") for r in published.ask("over_allocated_days")
    ]
    assert len(expected) == len(answer) > 20
    for row, (*who, hours) in zip(sorted(answer), expected, strict=True):
        assert list(row[:3]) == who
        assert row[3] == pytest.approx(hours, abs=1e-6)


def test_everybody_free_in_lighting_is_found(published: Published, days: Answer) -> None:
    free: dict[tuple[str, str], float] = defaultdict(float)
    for row in days:
        in_march = date(2026, 3, 1) <= row["day"] <= date(2026, 3, 31)
        if in_march and row["discipline"] == "Lighting" and row["is_active"]:
            left = max(row["effective_ms"] - row["booked"] - row["leave"], 0)
            free[row["source"], row["person"]] += left / MS if row["resource_kind"] == "member" else 0
    answer = {(r["source"], r["person"]): r["free_hours"] for r in published.ask("free_people")}
    assert answer == pytest.approx({who: hours for who, hours in free.items() if hours}, abs=1e-6)


def test_all_open_demand_is_counted(published: Published, days: Answer) -> None:
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for row in days:
        if row["resource_kind"] != "member" and row["day"] >= TODAY - timedelta(days=TODAY.weekday()):
            expected[row["source"], row["resource_kind"]] += row["booked"] / MS
    counted: dict[tuple[str, str], float] = defaultdict(float)
    for row in published.ask("open_demand"):
        counted[row["source"], row["resource_kind"]] += row["hours"]
    assert counted == pytest.approx(expected, abs=1e-3)


def test_project_months_add_up_to_the_whole_plan(published: Published, days: Answer) -> None:
    for source in ("tenthousandft", "ruddr"):
        answer = only(published.ask("project_months"), source=source)
        parts = ("same_hours", "changed_hours", "new_hours", "first_seen_hours")
        for row in answer:
            assert sum(row[part] for part in parts) == pytest.approx(row["booked_hours"], abs=1e-5)
        booked = sum(row["booked"] for row in only(days, source=source)) / MS
        assert sum(row["booked_hours"] for row in answer) == pytest.approx(booked, abs=1e-3)


def test_headcount_is_the_months_work_over_a_full_time_month(published: Published, days: Answer) -> None:
    """Full time is eight hours on five days, whatever the holidays. Archived people count while they work."""

    def week(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["source"], row["person_key"], row["day"].isocalendar()[:2]

    busy = {week(row) for row in days if row["any"]}
    hours: dict[tuple[str, date], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    weekdays: dict[tuple[str, date], set[date]] = defaultdict(set)
    for row in days:
        month = (row["source"], row["day"].replace(day=1))
        weekdays[month] |= {row["day"]} if row["day"].weekday() < 5 else set()
        cell = hours[month]
        if row["resource_kind"] != "member":
            cell["open"] += row["booked"]
            continue
        cell["confirmed"] += row["booked"] - row["tentative"]
        cell["tentative"] += row["tentative"]
        cell["capacity"] += row["effective_ms"] if row["is_active"] or week(row) in busy else 0
    for row in published.ask("headcount"):
        month = (row["source"], row["month"])
        full_time = 8 * MS * len(weekdays[month])
        for kind in ("confirmed", "tentative", "open", "capacity"):
            assert row[f"{kind}_fte"] == pytest.approx(hours[month][kind] / full_time, abs=0.0051)


def test_stretches_are_really_free(published: Published, days: Answer) -> None:
    by_person: dict[tuple[str, str], Answer] = defaultdict(list)
    for row in days:
        if row["effective_ms"] > 0 and row["resource_kind"] == "member" and row["day"] >= TODAY:
            by_person[row["source"], row["person"]].append(row)
    for answer in published.ask("first_free_day"):
        working = sorted(by_person[answer["source"], answer["person"]], key=lambda row: row["day"])
        free = [row["day"] for row in working if not row["booked"] and not row["leave"]]
        assert answer["first_free_day"] == (free[0] if free else None)
        if answer["stretch_start"] is not None:
            inside = [r for r in working if answer["stretch_start"] <= r["day"] <= answer["stretch_end"]]
            assert len(inside) == answer["stretch_days"] >= 5
            assert all(not row["booked"] and not row["leave"] for row in inside)
