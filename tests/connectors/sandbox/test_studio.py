"""The imagined studio: the same from the same seed, and with everything in it that planners can hold."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from connectors.sandbox.studio import Booking, Person, Studio, generate

TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def studio() -> Studio:
    return generate(40, 1, TODAY)


def members(studio: Studio) -> list[Person]:
    return [person for person in studio.people if person.kind == "member"]


def test_the_same_seed_and_year_tell_the_same_story() -> None:
    assert generate(25, 9, date(2026, 1, 1)) == generate(25, 9, date(2026, 12, 31))


def test_another_seed_or_year_tells_another() -> None:
    first = generate(25, 9, TODAY)
    assert generate(25, 10, TODAY).bookings != first.bookings
    assert generate(25, 9, date(2027, 6, 1)).bookings != first.bookings


@pytest.mark.parametrize("people", [1, 2, 7, 11, 40, 200])
def test_every_booking_lies_inside_the_horizon_and_runs_forward(people: int) -> None:
    studio = generate(people, 3, TODAY)
    assert (studio.first, studio.last) == (date(2025, 10, 1), date(2027, 3, 31))
    for booking in studio.bookings:
        assert studio.first <= booking.start <= booking.end <= studio.last
        assert booking.amount > 0


def test_a_studio_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one person"):
        generate(0, 1, TODAY)


def test_names_and_mails_stay_unique_in_a_large_studio() -> None:
    people = members(generate(4000, 1, TODAY))
    mails = Counter(person.email for person in people if person.email)
    assert max(mails.values()) == 1
    twice = [name for name, times in Counter(person.name for person in people).items() if times > 1]
    assert len(twice) == 1, "only the namesakes that ftrack cannot tell apart"


def test_one_name_is_ambiguous_in_ftrack_and_nothing_but_the_name_is_known(studio: Studio) -> None:
    names = Counter(person.name for person in members(studio) if person.in_ftrack)
    (name,) = [name for name, times in names.items() if times > 1]
    known = [p for p in members(studio) if p.name == name]
    assert [p.email is None for p in known if p.in_tenthousandft] == [True]


def test_people_without_mail_in_other_case_part_time_archived_and_not_in_ftrack(studio: Studio) -> None:
    people = members(studio)
    assert sum(person.email is None for person in people) == 2
    assert any(p.email != p.ruddr_email and p.email == (p.ruddr_email or "").lower() for p in people)
    assert (8, 8, 8, 8, 0, 0, 0) in {person.hours_mon_first for person in people}
    assert any(hours % 1 for person in people for hours in person.hours_mon_first or ())
    assert any(len(person.blocks) > 1 for person in people)
    assert any(block.end is None for person in people for block in person.blocks)
    assert any(block.start and block.end for person in people for block in person.blocks)
    assert any(person.archived and person.termination_date for person in people)
    assert any(not person.in_ftrack for person in people)
    assert any(p.in_tenthousandft and not p.in_ruddr for p in people)
    assert any(p.in_ruddr and not p.in_tenthousandft for p in people)
    assert any(person.kind == "placeholder" for person in studio.people)


def test_projects_of_every_state_and_reach(studio: Studio) -> None:
    projects = studio.projects
    assert {project.state for project in projects} == {"confirmed", "tentative", "internal"}
    assert any(project.archived for project in projects)
    assert any(project.code is None for project in projects)
    assert any(not project.phases and not project.tasks for project in projects)
    assert any(not project.in_ftrack for project in projects)
    assert any(p.in_tenthousandft and not p.in_ruddr for p in projects)
    assert any(p.in_ruddr and not p.in_tenthousandft for p in projects)
    assert sum(p.in_ftrack for p in projects) > len(projects) * 0.7


def test_some_parts_of_a_project_are_in_ftrack_and_some_are_not(studio: Studio) -> None:
    phases = [(project, phase.name) for project in studio.projects for phase in project.phases]
    tasks = [(project, task.name) for project in studio.projects for task in project.tasks]
    known = [name in project.ftrack_tasks for project, name in phases + tasks]
    assert any(known)
    assert not all(known)


def test_the_planners_agree_differ_and_know_things_alone(studio: Studio) -> None:
    pairs: dict[int, list[Booking]] = {}
    for booking in studio.bookings:
        if booking.agreement is not None:
            pairs.setdefault(booking.agreement, []).append(booking)
    both = [pair for pair in pairs.values() if len({booking.planner for booking in pair}) == 2]
    alike = [a for a, b in both if (a.start, a.end, a.amount) == (b.start, b.end, b.amount)]
    assert 0 < len(alike) < len(both)
    alone = {booking.planner for booking in studio.bookings if booking.agreement is None}
    assert alone == {"tenthousandft", "ruddr"}


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_forty_people_book_in_every_unit_and_across_every_edge(seed: int) -> None:
    studio = generate(40, seed, TODAY)
    bookings = studio.bookings
    assert {(b.planner, b.unit) for b in bookings} == {
        *(("tenthousandft", mode) for mode in ("percent", "hours_per_day", "fixed", "fixed_hours")),
        *(("ruddr", unit) for unit in ("day", "week", "month", "allocation", "ratio_of_capacity")),
    }
    for planner in ("tenthousandft", "ruddr"):
        own = [booking for booking in bookings if booking.planner == planner]
        assert any(booking.start.year < booking.end.year for booking in own)
        assert any(booking.start.weekday() > 4 for booking in own)
        assert any(booking.end.weekday() > 4 for booking in own)
        assert any(booking.leave for booking in own)
        archived = {project.key for project in studio.projects if project.archived}
        assert any(booking.project_key in archived for booking in own)
        gone = {person.key for person in studio.people if person.archived}
        assert any(booking.person_key in gone for booking in own)
    assert any(booking.person_key is None for booking in bookings)
    assert {b.on_time_off for b in bookings if b.planner == "ruddr"} == {True, False, None, "missing"}
    assert {b.soft for b in bookings if b.planner == "ruddr"} == {True, False, None}
    assert any(b.entity == "time_entry" for b in bookings)


def test_a_series_knows_its_first_booking_even_when_that_is_gone(studio: Studio) -> None:
    keys = {booking.key for booking in studio.bookings}
    series = {booking.series for booking in studio.bookings if booking.series}
    assert any(first in keys for first in series)
    assert any(first not in keys for first in series)


def test_people_have_ten_to_twenty_odd_bookings_in_a_planner_they_are_in(studio: Studio) -> None:
    booked = Counter((b.planner, b.person_key) for b in studio.bookings)
    for person in members(studio):
        if person.in_tenthousandft and person.in_ruddr:
            assert all(5 <= booked[planner, person.key] <= 30 for planner in ("tenthousandft", "ruddr"))
