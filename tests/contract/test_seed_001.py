"""Every code block of seed 001 runs verbatim with the official client, and does in the store what it says.

The blocks are kept one to a file under `seed_001/`, letter by letter. They expect a session, `datetime`, a
task named "My Task", a user "my_user", and rows with the ids "assignment_id" and "allocation_id".
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.ftrack.store import Store

BLOCKS = Path(__file__).parent / "seed_001"
YEAR = {"start": datetime.date(2026, 1, 1), "end": datetime.date(2026, 12, 31)}


@pytest.fixture
def store() -> Store:
    found = Store("seed", "api", "key")
    project = found.add("Project", name="SHOW101")
    task = found.add("Task", name="My Task", parent_id=project)
    user = found.add("User", username="my_user")
    other = found.add("User", username="somebody_else")
    found.add(
        "Assignment", id="assignment_id", context_id=task, resource_id=user, assignment_type="Creative Work"
    )
    found.add("Assignment", id="other_assignment", context_id=project, resource_id=other)
    found.add(
        "Allocation", id="allocation_id", resource_id=user, allocation_type="Vacation", value=1.0, **YEAR
    )
    found.add("Allocation", id="other_allocation", resource_id=other, **YEAR)
    return found


@pytest.fixture
def run(url: str, log_in: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """Run one block as its reader would, and return the names it leaves behind."""

    def run(name: str) -> dict[str, Any]:
        path = BLOCKS / f"{name}.py"
        names: dict[str, Any] = {"session": log_in(url, "key", "api"), "datetime": datetime}
        exec(compile(path.read_text(), path, "exec"), names)  # noqa: S102 - the point of the test
        return names

    return run


def test_no_block_is_forgotten() -> None:
    tested = {name for name in globals() if name.startswith("test_block_")}
    assert {f"test_block_{path.stem}" for path in BLOCKS.glob("*.py")} == tested
    assert len(tested) == 8


def test_block_1_query_assignments(run: Callable[[str], dict[str, Any]]) -> None:
    assert [row["id"] for row in run("1_query_assignments")["assignments"]] == ["assignment_id"]


def test_block_2_query_allocations(run: Callable[[str], dict[str, Any]]) -> None:
    assert [row["id"] for row in run("2_query_allocations")["allocations"]] == ["allocation_id"]


def test_block_3_create_assignment(run: Callable[[str], dict[str, Any]], store: Store) -> None:
    made = run("3_create_assignment")
    assert store.entities["Assignment"][made["assignment"]["id"]] == {
        "id": made["assignment"]["id"],
        "context_id": made["task"]["id"],
        "resource_id": made["user"]["id"],
        "assignment_type": "Creative Work",
    }
    assert made["assignment"]["resource"]["username"] == "my_user"


def test_block_4_create_allocation(run: Callable[[str], dict[str, Any]], store: Store) -> None:
    made = run("4_create_allocation")
    assert store.entities["Allocation"][made["allocation"]["id"]] == {
        "id": made["allocation"]["id"],
        "resource_id": made["user"]["id"],
        "start": datetime.datetime.fromisoformat("2023-01-01"),
        "end": datetime.datetime.fromisoformat("2023-01-31"),
        "allocation_type": "Project Work",
        "value": 1.0,
    }
    assert made["allocation"]["user_id"] == made["user"]["id"], "one person, two names"


def test_block_5_update_assignment(run: Callable[[str], dict[str, Any]], store: Store) -> None:
    run("5_update_assignment")
    assert store.entities["Assignment"]["assignment_id"]["assignment_type"] == "Management"
    assert store.entities["Assignment"]["other_assignment"]["assignment_type"] is None


def test_block_6_update_allocation(run: Callable[[str], dict[str, Any]], store: Store) -> None:
    run("6_update_allocation")
    assert store.entities["Allocation"]["allocation_id"]["value"] == 0.5
    assert store.entities["Allocation"]["other_allocation"]["value"] == 1.0


def test_block_7_delete_assignment(run: Callable[[str], dict[str, Any]], store: Store) -> None:
    run("7_delete_assignment")
    assert list(store.entities["Assignment"]) == ["other_assignment"]


def test_block_8_delete_allocation(run: Callable[[str], dict[str, Any]], store: Store) -> None:
    run("8_delete_allocation")
    assert list(store.entities["Allocation"]) == ["other_allocation"]
