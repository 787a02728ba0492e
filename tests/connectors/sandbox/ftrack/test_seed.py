"""The studio in ftrack: the same every time, complete but for what the studio says is missing."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from connectors.sandbox.ftrack.seed import HAND_MADE, populate, row_id
from connectors.sandbox.ftrack.store import Store
from connectors.sandbox.studio import Studio, generate

TODAY = date(2026, 5, 1)


@pytest.fixture(params=["seed", "studio"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def filled(dialect: str, studio: Studio) -> Store:
    store = Store(dialect, "api@studio.example", "key")
    populate(store, studio)
    return store


def test_the_same_studio_gives_the_same_rows(dialect: str) -> None:
    assert (
        filled(dialect, generate(40, 1, TODAY)).entities == filled(dialect, generate(40, 1, TODAY)).entities
    )
    assert (
        filled(dialect, generate(40, 1, TODAY)).entities != filled(dialect, generate(40, 2, TODAY)).entities
    )


def test_people_and_projects_are_there_but_for_those_that_are_not(dialect: str) -> None:
    studio = generate(40, 1, TODAY)
    store = filled(dialect, studio)
    for person in studio.people:
        known = person.in_ftrack and person.kind == "member"
        assert (row_id("User", person.key) in store.entities["User"]) is known
    for project in studio.projects:
        row = store.entities["Project"].get(row_id("Project", project.key))
        assert (row is not None) is project.in_ftrack
        if row is not None:
            assert (row["name"], row["full_name"]) == (project.code or project.name, project.name)
            tasks = store.referring("Task", "project_id", row["id"])
            assert sorted(store.entities["Task"][task]["name"] for task in tasks) == sorted(
                project.ftrack_tasks
            )
    assert all(row["bid"] > 0 for row in store.entities["Task"].values())


def test_some_names_are_ambiguous_and_some_mails_missing(dialect: str) -> None:
    users = filled(dialect, generate(40, 1, TODAY)).entities["User"].values()
    names = Counter((user["first_name"], user["last_name"]) for user in users)
    assert [name for name, count in names.items() if count > 1]
    assert [user for user in users if user["email"] is None]
    assert any(user["username"] == "api@studio.example" for user in users), "who logs in is a user"


def test_people_booked_a_few_things_by_hand(dialect: str) -> None:
    store = filled(dialect, generate(40, 1, TODAY))
    booking, assignment = (
        ("Allocation", "Assignment") if dialect == "seed" else ("CalendarEvent", "Appointment")
    )
    assert len(store.entities[booking]) == HAND_MADE
    assert len(store.entities[assignment]) >= HAND_MADE
    assert store.entities["Metadata"] == {}, "nothing there carries a mark of ours"


def test_a_studio_of_one_person_will_do(dialect: str) -> None:
    filled(dialect, generate(1, 1, TODAY))
