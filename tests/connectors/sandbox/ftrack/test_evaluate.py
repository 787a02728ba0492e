"""What queries find in a small studio: every operator, relations, collections, empty values, order, pages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.ftrack.errors import ValidationError
from connectors.sandbox.ftrack.operations import Operations
from connectors.sandbox.ftrack.store import Store


def a_studio(dialect: str) -> Store:
    """Two projects, four tasks, three users, a group, time logged, metadata, and who does what."""
    store = Store(dialect, "api", "key")
    store.add("Project", id="P", name="SHOW", full_name="The Show", start_date=date(2026, 1, 1))
    store.add("Project", id="Q", name="OTHER", status="hidden", start_date=date(2026, 6, 1))
    store.add("Task", id="anim", name="Animation", parent_id="P", bid=3600.0, description="walk")
    store.add("Task", id="light", name="Lighting", parent_id="P", bid=7200.0)
    store.add("Task", id="crowd", name="Crowd", parent_id="anim")
    store.add("Task", id="edit", name="Edit 100%", parent_id="Q", description='say "cut"')
    store.add("User", id="ada", username="ada", email="ada@s.example")
    store.add("User", id="bo", username="bo", is_active=False)
    store.add("User", id="cy", username="cy", email="CY@s.example")
    store.add("Group", id="G", name="Animation")
    store.add("Membership", id="m", user_id="ada", group_id="G")
    store.add("Timelog", id="l1", user_id="ada", context_id="anim", start=date(2026, 3, 2), duration=1800.0)
    store.add("Timelog", id="l2", user_id="bo", context_id="anim", start=date(2026, 3, 3), duration=900.0)
    store.add("Timelog", id="l3", start=date(2026, 3, 4), duration=60.0)
    store.add("Metadata", parent_id="anim", parent_type="Task", key="k", value="v")
    store.add("Metadata", parent_id="anim", parent_type="Task", key="other", value="w")
    store.add("Metadata", parent_id="light", parent_type="Task", key="k", value="w")
    for key, context, resource in (("1", "anim", "ada"), ("2", "light", "G"), ("3", "P", "bo")):
        if dialect == "seed":
            store.add("Assignment", id=key, context_id=context, resource_id=resource)
        else:
            kind = "allocation" if context == "P" else "assignment"
            store.add("Appointment", id=key, context_id=context, resource_id=resource, type=kind)
    return store


STORES = {dialect: a_studio(dialect) for dialect in ("seed", "studio")}


def ask(store: Store, expression: str) -> list[dict[str, Any]]:
    (reply,) = Operations(store).run([{"action": "query", "expression": expression}])
    found: list[dict[str, Any]] = reply["data"]
    return found


def ids(store: Store, expression: str) -> list[str]:
    return [row["id"] for row in ask(store, expression)]


FOUND = [
    ('Task where name is "Animation"', "anim"),
    ("Task where name is_not Animation", "light crowd edit"),
    ("Task where name in (Animation, Lighting)", "anim light"),
    ("Task where name not_in (Animation, Lighting)", "crowd edit"),
    ('Task where name like "%ing"', "light"),
    ('Task where name like "%i%"', "anim light edit"),
    ('Task where name like "Edit 100%"', "edit"),
    ('Task where name not_like "%i%"', "crowd"),
    ('Task where name like "Animatio_"', ""),
    ("Task where bid > 3600", "light"),
    ("Task where bid >= 3600", "anim light"),
    ("Task where bid before 3600.5", "anim crowd edit"),
    ("Task where bid = 0", "crowd edit"),
    ("Task where time_logged is 2700", "anim"),
    ("Task where description is none", "light crowd"),
    ("Task where description is_not none", "anim edit"),
    # A comparison with an empty value is neither true nor false.
    ("Task where description is_not walk", "edit"),
    ("Task where not (description is walk)", "edit"),
    ("Task where not (description is walk and bid > 0)", "crowd edit"),
    ("Task where description not_in (walk)", "edit"),
    (r'Task where description is "say \"cut\""', "edit"),
    ("Project where start_date after 2026-01-01", "Q"),
    ("Project where start_date >= 2026-01-01", "P Q"),
    ('Project where start_date is "2026-01-01T01:00:00+01:00"', "P"),
    ("User where is_active is True", "ada cy"),
    ("User where is_active is false", "bo"),
    ("User where email is none", "bo"),
    ("User where email is Ada@s.example", ""),
    ("Task where project.name is SHOW", "anim light crowd"),
    ("Task where project_id is P and parent_id is anim", "crowd"),
    ("Task where parent.name is Animation", "crowd"),
    ("Task where parent.project_id is P", "anim light crowd"),
    ("Task where parent.parent.name is SHOW", "crowd"),
    ("Task where project has (status is hidden)", "edit"),
    ("Task where not project has (status is hidden)", "anim light crowd"),
    ("Task where status.state.short is NOT_STARTED", "anim light crowd edit"),
    ("Task where id in (edit, anim, edit, nothing)", "anim edit"),
    ("Task where id is edit or project_id is P", "anim light crowd edit"),
    ("Task where id is edit or bid > 7000", "light edit"),
    ("Task where id is none", ""),
    ("Task where parent has (id is P or id is Q)", "anim light edit"),
    ("Task where timelogs any ()", "anim"),
    ("Task where not timelogs any ()", "light crowd edit"),
    ('Task where timelogs any (user.username is "bo")', "anim"),
    ('Task where timelogs any (user.username is "bo" and duration > 1000)', ""),
    ("Timelog where user has ()", "l1 l2"),
    ("Timelog where user is none", "l3"),
    ("Timelog where user.username is_not ada", "l2"),
    ("Timelog where context.project_id is P", "l1 l2"),
    ("Timelog where context_id in (select id from Task where bid > 0)", "l1 l2"),
    ("Timelog where context_id in (select id from Task order by bid desc limit 1)", ""),
    ("Timelog where context_id not in (select id from Task where bid > 0)", ""),
    ('Task where metadata.key is "k"', "anim light"),
    ('Task where metadata.key is "k" and metadata.value is "w"', "anim light"),
    ('Task where metadata any (key is "k" and value is "w")', "light"),
    ('Task where not metadata.key is "k"', "crowd edit"),
    ("Project where children.name is Lighting", "P"),
    ("Project where children any (children any (name is Crowd))", "P"),
    ("User where memberships any (group.name is Animation)", "ada"),
    ("User where memberships.group_id is G", "ada"),
    ("Context where name like A%", "anim"),
    ("Context", "P Q anim light crowd edit"),
    ("TypedContext where bid > 3600", "light"),
    ("Context where parent_id is P", "anim light"),
    ("Resource where id in (G, ada)", "G ada"),
    ("Resource where username is ada", "ada"),
    ("Resource where name is Animation", "G"),
]
BY_DIALECT = {
    "seed": [
        ("Assignment where resource_id is ada", "1"),
        ("Assignment where resource.username is_not none", "1 3"),
        ("Task where assignments any (resource.username is ada)", "anim"),
        ("Task where assignments any (resource_id in (ada, G))", "anim light"),
        ("Group where assignments any ()", "G"),
        ("Assignment where context.name is SHOW", "3"),
    ],
    "studio": [
        ("Appointment where resource_id is ada and type is assignment", "1"),
        ("Task where assignments any (resource.username is ada)", "anim"),
        ("Project where allocations any ()", "P"),
        ("Project where assignments any ()", ""),
        ("User where allocations.context.name is SHOW", "bo"),
        ("User where appointments any (context has (name is Animation))", "ada"),
    ],
}


@pytest.mark.parametrize(("expression", "expected"), FOUND)
@pytest.mark.parametrize("dialect", ["seed", "studio"])
def test_what_is_found(dialect: str, expression: str, expected: str) -> None:
    assert sorted(ids(STORES[dialect], expression)) == sorted(expected.split())


@pytest.mark.parametrize(
    ("dialect", "expression", "expected"),
    [(dialect, *case) for dialect, cases in BY_DIALECT.items() for case in cases],
)
def test_what_is_found_in_one_dialect(dialect: str, expression: str, expected: str) -> None:
    assert sorted(ids(STORES[dialect], expression)) == sorted(expected.split())


@pytest.mark.parametrize(
    "expression",
    [
        "Nothing",
        "select nothing from Task",
        "select name.first from Task",
        "select parent.nothing from Task",
        "Task where nothing is x",
        "Task where parent is P",
        "Task where parent any ()",
        "Task where timelogs has ()",
        "Task where timelogs is none",
        "Task where timelogs.parent has ()",
        "Task where name has ()",
        "Task where name.first is x",
        "Task where time_logged.x is 1",
        "Task where bid is much",
        "Task where bid is nan",
        "Task where bid like 3%",
        "Task where bid > none",
        "Task where start_date > soon",
        "User where is_active is perhaps",
        "Task order by timelogs",
        "Task where id in (select bid from Task)",
    ],
)
def test_what_makes_no_sense_is_refused(expression: str) -> None:
    with pytest.raises(ValidationError):
        ask(STORES["seed"], expression)


def test_order_takes_several_terms_and_puts_empty_values_first() -> None:
    store = STORES["seed"]
    assert ids(store, "Task order by bid desc, name") == ["light", "anim", "crowd", "edit"]
    assert ids(store, "Task order by description") == ["light", "crowd", "edit", "anim"]
    assert ids(store, "Task order by description desc")[:2] == ["anim", "edit"]
    assert ids(store, "Task order by project.name desc, name desc") == ["light", "crowd", "anim", "edit"]


def test_projections_nest_and_always_carry_the_key() -> None:
    store = STORES["seed"]
    (row,) = ask(
        store,
        "select name, project.name, parent.id, metadata, timelogs.user.username from Task where id is anim",
    )
    of_anim, user = {"parent_id": "anim", "parent_type": "Task"}, {"__entity_type__": "User"}
    assert row == {
        "__entity_type__": "Task",
        "id": "anim",
        "name": "Animation",
        "project": {"__entity_type__": "Project", "id": "P", "name": "SHOW"},
        "parent": {"__entity_type__": "Project", "id": "P"},
        "metadata": [
            {"__entity_type__": "Metadata", **of_anim, "key": "k", "value": "v"},
            {"__entity_type__": "Metadata", **of_anim, "key": "other", "value": "w"},
        ],
        "timelogs": [
            {"__entity_type__": "Timelog", "id": "l1", "user": {**user, "id": "ada", "username": "ada"}},
            {"__entity_type__": "Timelog", "id": "l2", "user": {**user, "id": "bo", "username": "bo"}},
        ],
    }
    assert ask(store, "select user.username from Timelog where id is l3")[0]["user"] is None
    assert [row["__entity_type__"] for row in ask(store, "select id from Context limit 3")] == [
        "Project",
        "Project",
        "Task",
    ]
    names = [
        row["resource"].get("name", row["resource"].get("username"))
        for row in ask(store, "select resource.name, resource.username from Assignment")
    ]
    assert names == ["ada", "Animation", "bo"]


def test_a_change_between_two_pages_is_seen() -> None:
    store = a_studio("seed")
    operations = Operations(store)

    def page(offset: int) -> list[str]:
        (reply,) = operations.run(
            [{"action": "query", "expression": f"User order by username offset {offset} limit 2"}]
        )
        return [row["username"] for row in reply["data"]]

    assert page(0) == ["ada", "bo"]
    store.remove("User", "ada")
    assert page(0) == ["bo", "cy"]
    store.change("User", "bo", username="zoe")
    assert page(0) == ["cy", "zoe"]


@given(
    st.sampled_from([case[0] for case in FOUND]),
    st.sampled_from(["", " order by id", " order by name desc"]),
    st.integers(1, 5),
)
def test_pages_together_are_the_whole(expression: str, order: str, limit: int) -> None:
    if "name" in order and not expression.startswith(("Task", "Project", "Context", "TypedContext")):
        order = " order by id desc"
    operations = Operations(STORES["seed"])

    def run(tail: str) -> Any:
        return operations.run([{"action": "query", "expression": expression + order + tail}])[0]

    whole, pages, offset = run("")["data"], [], 0
    while offset is not None:
        page = run(f" offset {offset} limit {limit}")
        assert len(page["data"]) <= limit
        pages.extend(page["data"])
        offset = page["metadata"]["next"]["offset"]
    assert pages == whole


ABOUT_TASKS = [case[0].partition(" where ")[2] for case in FOUND if case[0].startswith("Task where")]


@given(st.lists(st.sampled_from(ABOUT_TASKS), min_size=2, max_size=3))
def test_and_or_not_are_those_of_sets(conditions: list[str]) -> None:
    """And narrows, or widens, and a condition and its negation never both hold."""
    store = STORES["seed"]
    found = [set(ids(store, f"Task where {condition}")) for condition in conditions]
    assert set(
        ids(store, "Task where " + " and ".join(f"({part})" for part in conditions))
    ) == set.intersection(*found)
    assert set(ids(store, "Task where " + " or ".join(f"({part})" for part in conditions))) == set.union(
        *found
    )
    assert not found[0] & set(ids(store, f"Task where not ({conditions[0]})"))
