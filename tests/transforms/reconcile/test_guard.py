"""Guards: what one plan may take away, said in words a producer understands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from transforms.reconcile.guard import GuardLimits, clock, evaluate

LIMITS = GuardLimits()


def crew(studio: Any, people: int = 30, source: str = "ruddr") -> None:
    """So many people with a week of work ahead on ALPHA, pushed."""
    for number in range(people):
        studio.person(source, f"q{number}", f"Person {number:02}")
        studio.user(f"v{number}", f"Person {number:02}")
        studio.book(source, f"b{number}", f"q{number}", start=date(2026, 3, 9))
    studio.apply(studio.plan())


def tripped(studio: Any, limits: GuardLimits = LIMITS, **rules: Any) -> dict[str, str]:
    return {trip.guard: trip.message for trip in evaluate(studio.plan(**rules), limits)}


def test_a_first_push_and_a_quiet_day_trip_nothing(studio: Any) -> None:
    crew(studio)
    assert tripped(studio) == {}
    studio.drop("ruddr", "b1")
    assert tripped(studio) == {}


def test_losing_40_percent_of_a_source_is_stopped(studio: Any) -> None:
    crew(studio)
    for number in range(12):
        studio.drop("ruddr", f"b{number}")
    trips = tripped(studio)
    assert trips["max_source_lost_share"] == (
        "12 of the 30 bookings pushed from ruddr are gone from it at once (40%, limit 30%)."
    )
    assert trips["max_delete_share"].startswith("The plan would delete 12 of the 30 records")
    assert trips["max_future_hours_removed_share"].startswith("480 of 1,200 booked hours from 2026-03-02 on")
    assert trips["max_people_emptied"].startswith(
        "12 people would have no work left from 2026-03-02 on (limit 3)"
    )
    assert "Person 00, Person 01" in trips["max_people_emptied"]


def test_an_empty_source_is_stopped_however_small_it_was(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    studio.drop("ruddr", "b1")
    assert set(tripped(studio)) == {"empty source"}


def test_below_the_minimum_shares_do_not_trip(studio: Any) -> None:
    crew(studio, people=10)
    for number in range(9):
        studio.drop("ruddr", f"b{number}")
    assert set(tripped(studio)) == {"max_project_hours_removed_share"}  # a project's own minimum is 10


def test_a_single_project_that_loses_its_hours_is_named(studio: Any) -> None:
    crew(studio, people=60)
    studio.project("ruddr", "j2", "Beta", "BETA")
    studio.ftrack_project("f2", "BETA", "Beta")
    for number in range(10):
        studio.book("ruddr", f"c{number}", f"q{number}", "j2", start=date(2026, 4, 6))
    studio.apply(studio.plan())
    for number in range(7):
        studio.drop("ruddr", f"c{number}")
    assert tripped(studio) == {
        "max_project_hours_removed_share": "BETA Beta would lose 280 of its 400 booked hours "
        "from 2026-03-02 on (70%, limit 60%)."
    }


def test_work_that_moves_to_another_person_is_not_lost(studio: Any) -> None:
    crew(studio)
    for number in range(4):
        booking = studio.bookings["ruddr", f"b{number}"]
        booking.person = "q9"
    assert set(tripped(studio)) == {"max_people_emptied"}


def test_the_past_weighs_nothing(studio: Any) -> None:
    crew(studio)
    for number in range(5):
        studio.drop("ruddr", f"b{number}")
    assert "max_people_emptied" in tripped(studio)
    assert tripped(studio, today=date(2026, 3, 9) + timedelta(days=30)) == {}


def test_a_record_under_way_counts_from_today_on(studio: Any) -> None:
    studio.weeks["ruddr", "p1"] = (8,) * 7
    studio.book("ruddr", "b1", days=10)
    plan = studio.plan(today=date(2026, 3, 9))
    [project] = plan.content["impact"]["projects"]
    assert project["after"] == 24.0  # 9, 10 and 11 March


def test_changing_everything_is_stopped(studio: Any) -> None:
    crew(studio)
    for number in range(30):
        studio.book("ruddr", f"b{number}", f"q{number}", start=date(2026, 3, 9), hours=7)
    trips = tripped(studio)
    assert set(trips) == {"max_update_share"}
    assert trips["max_update_share"].startswith("The plan would change 30 of the 30 records")


def test_numbers_can_be_limited_too(studio: Any) -> None:
    crew(studio)
    studio.drop("ruddr", "b0")
    studio.book("ruddr", "b1", "q1", days=3)
    assert set(tripped(studio, GuardLimits(max_deletes=0, max_updates=0))) == {"max_deletes", "max_updates"}


@pytest.mark.parametrize(("minutes", "side"), [(60, "behind"), (-60, "ahead of")])
def test_clocks_that_differ_are_stopped(minutes: int, side: str) -> None:
    [trip] = clock("ftrack", timedelta(minutes=minutes), LIMITS)
    assert trip.message.startswith(
        f"The clock of this machine is 60 minutes {side} that of ftrack (limit 5)."
    )
    assert "Set this machine's clock" in trip.message
    assert str(trip).endswith("([guards] max_clock_skew_minutes)")


def test_a_planners_clock_is_told_of_the_last_pull() -> None:
    [trip] = clock("ruddr", timedelta(minutes=60), LIMITS, pulled=True)
    assert trip.message.startswith("The clock of this machine was 60 minutes behind that of ruddr at the ")
    assert trip.message.endswith("tell who runs ruddr. Then pull again.")


def test_clocks_that_differ_by_no_more_than_the_limit_are_let_through() -> None:
    assert clock("ftrack", timedelta(minutes=-5), LIMITS) == []
    assert clock("ftrack", timedelta(days=1), GuardLimits(max_clock_skew_minutes=None)) == []


@pytest.mark.parametrize("wrong", [{"max_delete_share": 1.5}, {"minimum_records": -1}, {"max_delete": 1}])
def test_limits_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        GuardLimits(**wrong)
