"""What the server knows beyond its schemas.

ftrack's pages do not describe these; they are what a workspace does, as far as a sync can notice:
a task without a project takes its parent's, a period ends no sooner than it starts, a required value may
come by a later operation of the same list (the official client sends relations that way), a task's logged
time is the sum of its timelogs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.sandbox.ftrack.errors import IntegrityError, ValidationError

if TYPE_CHECKING:
    from connectors.sandbox.ftrack.store import Change, Row, Store


def derive(store: Store, entity_type: str, row: Row) -> None:
    """Fill in what follows from a row's other values; raises IntegrityError where they contradict."""
    if entity_type == "Task":
        _place_task(store, row)
    elif entity_type == "Project":
        row["project_id"] = row["id"]
    elif entity_type == "Metadata" and row["parent_id"] is not None:
        _check_parent(store, row)


def _place_task(store: Store, row: Row) -> None:
    if row["parent_id"] is None:
        row["parent_id"] = row["project_id"]
    elif row["project_id"] is None:
        entity_type, parent = store.find("Context", row["parent_id"]) or ("", {})
        row["project_id"] = parent["id"] if entity_type == "Project" else parent.get("project_id")


def _check_parent(store: Store, row: Row) -> None:
    parent = store.find("*", row["parent_id"])
    if parent is not None and row["parent_type"] not in (None, parent[0]):
        raise IntegrityError(
            f"Metadata of {row['parent_id']}: its parent is a {parent[0]}, not a {row['parent_type']}."
        )


def settle(store: Store, changes: list[Change]) -> None:
    """Check the rows a list of operations leaves: nothing required missing, no end before its start."""
    for change in changes:
        row = store.entities[change.entity_type].get(change.key)
        if change.after is None or row is None:
            continue
        for name in store.schema.types[change.entity_type].required:
            if row[name] is None:
                raise ValidationError(f"{change.entity_type} {change.key} needs a value for {name}.")
        if "end" in row and row["end"] < row["start"]:
            raise ValidationError(f"{change.entity_type} {change.key} ends before it starts.")


def time_logged(store: Store, task_id: str) -> float:
    """Seconds booked on a task by timelogs."""
    logs = store.entities["Timelog"]
    return float(sum(logs[key]["duration"] for key in store.referring("Timelog", "context_id", task_id)))
