"""Rows every ftrack workspace is born with: states, statuses, types, priorities, the server's location."""

from __future__ import annotations

import uuid
from typing import Any

_NAMESPACE = uuid.UUID("5b2f7a53-9a0e-5d8f-8a35-3a7b1f0c7d11")
_STATES = (
    ("Not started", "NOT_STARTED"),
    ("In progress", "IN_PROGRESS"),
    ("Done", "DONE"),
    ("Blocked", "BLOCKED"),
)
_STATUSES = (
    ("Not started", "Not started"),
    ("In progress", "In progress"),
    ("On hold", "Blocked"),
    ("Pending review", "In progress"),
    ("Approved", "Done"),
)
_TYPES = (
    "Generic",
    "Previs",
    "Modeling",
    "Rigging",
    "Layout",
    "Animation",
    "FX",
    "Lighting",
    "Compositing",
    "Editorial",
    "Production",
)
_PRIORITIES = (("None", 0.0), ("Low", 1.0), ("Medium", 2.0), ("High", 3.0), ("Urgent", 4.0))
# The official client knows the server's own location by this id (its `symbol.SERVER_LOCATION_ID`).
_SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"


def builtin_id(entity_type: str, name: str) -> str:
    """The id of a built-in row, the same in every sandbox."""
    return str(uuid.uuid5(_NAMESPACE, f"{entity_type}:{name}"))


def builtin_rows() -> list[tuple[str, dict[str, Any]]]:
    """(entity type, data) in an order in which every reference is already there."""
    rows: list[tuple[str, dict[str, Any]]] = []
    for sort, (name, short) in enumerate(_STATES):
        rows.append(_row("State", name, short=short, sort=sort))
    for sort, (name, state) in enumerate(_STATUSES):
        rows.append(_row("Status", name, state_id=builtin_id("State", state), sort=sort))
    for sort, name in enumerate(_TYPES):
        rows.append(_row("Type", name, sort=sort))
    for sort, (name, value) in enumerate(_PRIORITIES):
        rows.append(_row("Priority", name, value=value, sort=sort))
    rows.append(("Location", {"id": _SERVER_LOCATION, "name": "ftrack.server", "label": "ftrack server"}))
    return rows


def _row(entity_type: str, name: str, **data: Any) -> tuple[str, dict[str, Any]]:
    return entity_type, {"id": builtin_id(entity_type, name), "name": name, **data}
