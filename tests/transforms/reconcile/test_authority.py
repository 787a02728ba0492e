"""Which planner has the say where both book the same person, project and day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def sources(plan: Any) -> set[str]:
    return {change["origin"]["source"] for change in plan.changes if change["kind"] == "allocation"}


@pytest.mark.parametrize(
    ("rules", "winner"),
    [
        ({}, "tenthousandft"),  # the first of the configuration
        ({"sources": ["ruddr", "tenthousandft"]}, "ruddr"),
        ({"default_authority": "ruddr"}, "ruddr"),
        ({"default_authority": "tenthousandft", "authority": {"alpha": "ruddr"}}, "ruddr"),
        ({"default_authority": "ruddr", "authority": {"BETA": "tenthousandft"}}, "ruddr"),
    ],
)
def test_who_wins(studio: Any, rules: dict[str, Any], winner: str) -> None:
    studio.book("tenthousandft", "a", hours=8)
    studio.book("ruddr", "b", hours=6)
    plan = studio.plan(**rules)
    assert sources(plan) == {winner}
    [conflict] = plan.conflicts
    assert (conflict["winner"], conflict["days"], conflict["agrees"]) == (winner, 5, False)
    assert {conflict["winner_hours"], conflict["loser_hours"]} == {40.0, 30.0}


def test_the_planner_s_own_name_of_a_project_counts_too(studio: Any) -> None:
    studio.project("ruddr", "j2", "Alpha", "RUD-17")
    studio.book("tenthousandft", "a")
    studio.book("ruddr", "b", project="j2")
    exceptions = [("project", "ruddr", "j2", "f1")]
    assert sources(studio.plan(authority={"rud-17": "ruddr"}, exceptions=exceptions)) == {"ruddr"}


def test_an_authority_for_a_project_that_is_not_there_is_reported(studio: Any) -> None:
    [item] = studio.plan(authority={"ALPA": "ruddr"}).unmatched
    assert (item["kind"], item["name"]) == ("authority", "ALPA")


def test_only_the_shared_days_are_suppressed_and_they_break_the_run(studio: Any) -> None:
    studio.book("tenthousandft", "a", start=date(2026, 3, 4), days=1, hours=2)
    studio.book("ruddr", "b")
    plan = studio.plan()
    spans = [(c["origin"]["source"], c["after"]["start"], c["after"]["end"], c["after"]["value"])
             for c in plan.changes]  # fmt: skip
    assert sorted(spans) == [
        ("ruddr", "2026-03-02", "2026-03-03", 1.0),
        ("ruddr", "2026-03-05", "2026-03-06", 1.0),
        ("tenthousandft", "2026-03-04", "2026-03-04", 0.25),
    ]


def test_planners_that_agree_are_said_to_agree(studio: Any) -> None:
    studio.book("tenthousandft", "a")
    studio.book("ruddr", "b")
    assert [c["agrees"] for c in studio.plan().conflicts] == [True]


def test_another_project_or_person_is_no_conflict(studio: Any) -> None:
    studio.project("ruddr", "j2", "Beta", "BETA")
    studio.ftrack_project("f2", "BETA")
    studio.book("tenthousandft", "a")
    studio.book("ruddr", "b", project="j2")
    studio.book("ruddr", "c", "p2")
    plan = studio.plan()
    assert plan.conflicts == []
    assert sources(plan) == {"tenthousandft", "ruddr"}


def test_two_bookings_of_one_planner_add_up(studio: Any) -> None:
    studio.book("ruddr", "a", hours=4)
    studio.book("ruddr", "b", hours=4)
    plan = studio.plan()
    assert len(plan.changes) == 2
    assert plan.conflicts == []


def test_leave_in_both_planners_is_pushed_once(studio: Any) -> None:
    studio.leave_type("tenthousandft", "sick", "Sick")
    studio.book("tenthousandft", "a", days=2, leave="sick")
    studio.book("ruddr", "b", days=3, leave="l1")
    plan = studio.plan()
    spans = sorted((c["after"]["start"], c["after"]["end"]) for c in plan.changes)
    assert spans == [("2026-03-02", "2026-03-03"), ("2026-03-04", "2026-03-04")]
    assert [c["project"] for c in plan.conflicts] == ["leave"]


def test_leave_does_not_fight_with_work(studio: Any) -> None:
    studio.book("tenthousandft", "a", hours=[8, 8, 8, 8, 8])
    studio.book("ruddr", "b", leave="l1")
    plan = studio.plan()
    assert len(plan.changes) == 2
    assert plan.conflicts == []


def test_what_is_suppressed_makes_no_assignment(studio: Any) -> None:
    studio.work_item("ruddr", "w2", "j1", "Lighting")
    studio.task("t2", "f1", "Lighting")
    studio.book("tenthousandft", "a", work_item="w1")
    studio.book("ruddr", "b", work_item="w2")
    plan = studio.plan()
    assert {c["after"]["task_id"] for c in plan.changes if c["kind"] == "assignment"} == {"t1"}


DAYS = st.lists(st.sampled_from([0, 2, 4, 8]), min_size=5, max_size=12)


@settings(max_examples=20)
@given(first=DAYS, second=DAYS)
def test_every_day_has_the_winner_s_hours_or_the_only_ones(
    studio: Any, first: list[float], second: list[float]
) -> None:
    """What is pushed of a day is the winner's if the winner booked it, else the other's; nothing twice."""
    for week in (("tenthousandft", "p1"), ("ruddr", "p1")):
        studio.weeks[week] = (8,) * 7
    studio.book("tenthousandft", "a", days=len(first), hours=first)
    studio.book("ruddr", "b", days=len(second), hours=second)
    plan = studio.plan()
    expected = {}
    for day in range(max(len(first), len(second))):
        mine, other = ((hours[day] if day < len(hours) else 0) for hours in (first, second))
        expected[day] = mine or other
    found = dict.fromkeys(expected, 0.0)
    for change in plan.changes:
        image = change["after"]
        start, end = ((date.fromisoformat(image[k]) - date(2026, 3, 2)).days for k in ("start", "end"))
        for day in range(start, end + 1):
            found[day] += image["value"] * 8
    assert found == expected
