"""What Ruddr accepts: validation of an allocation, whose write names differ from its read names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from connectors.sandbox.ruddr.hours import HOURS_FIELDS
from connectors.sandbox.ruddr.rows import effort, project_ref, ref
from connectors.sandbox.ruddr.workspace import Workspace
from connectors.sandbox.table import Row

MOST_HOURS = {"day": 24, "week": 168, "month": 744, "allocation": 99_999, "ratio_of_capacity": 1}
PROBLEM = "There was a problem processing your request. See errors for more details."

# Write name, stream, read name.
REFERENCES = (
    ("memberId", "members", "member"),
    ("resourcePlaceholderId", "placeholders", "placeholder"),
    ("projectId", "projects", "project"),
    ("projectRoleId", "roles", "role"),
    ("projectTaskId", "tasks", "task"),
    ("timeOffTypeId", "", "timeOffType"),
)
ASSIGNED = {"project": ("project", "role", "task"), "time_off": ("timeOffType",)}
OF_A_PROJECT = ("projectRoleId", "projectTaskId")
DISPLACES = {
    "unit": tuple(HOURS_FIELDS.values()),
    "memberId": ("resourcePlaceholderId", "resourceTypeId"),
    "resourcePlaceholderId": ("memberId", "resourceTypeId"),
    "projectId": ("timeOffTypeId", "assignmentTypeId", *OF_A_PROJECT),
    "timeOffTypeId": ("projectId", "assignmentTypeId", *OF_A_PROJECT),
}
PLAIN = ("start", "end", "unit", *HOURS_FIELDS.values(), "notes", "resourceTypeId", "assignmentTypeId")
OPTIONAL = ("allocateOnTimeOffDays", "bookingTypeId")


class Refused(Exception):
    """A request that Ruddr refuses: the status, the message, and perhaps details."""

    def __init__(self, status: int, message: str, errors: list[str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors


def create(workspace: Workspace, fields: Mapping[str, Any]) -> Row:
    """Make an allocation. Refused with 400 and every error found."""
    key = workspace.add("allocations", **_checked(workspace, fields))
    return workspace.get("allocations", key) or {}


def update(workspace: Workspace, key: str, fields: Mapping[str, Any]) -> Row:
    """Change the fields named; those a new value displaces are cleared, unless named as well."""
    given = {**_written(workspace.get("allocations", key) or {}), **fields}
    for name, displaced in DISPLACES.items():
        if fields.get(name) is not None:
            given |= {other: fields.get(other) for other in displaced}
    workspace.update("allocations", key, **_checked(workspace, given))
    return workspace.get("allocations", key) or {}


def _written(row: Row) -> Row:
    """A row in its write names; of the objects only those its types speak of."""
    fields = {name: row[name] for name in (*PLAIN, *OPTIONAL) if name in row}
    spoken_of = {row["resourceTypeId"], *ASSIGNED[row["assignmentTypeId"]]}
    named = {write: row[read]["id"] for write, _, read in REFERENCES if read in spoken_of and row[read]}
    return {**fields, **named}


def _checked(workspace: Workspace, fields: Mapping[str, Any]) -> Row:
    """The fields of an allocation as they will be kept."""
    errors: list[str] = []
    row: Row = {
        "start": _day(fields, "start", errors),
        "end": _day(fields, "end", errors),
        **_effort(fields, errors),
        **{name: fields[name] for name in OPTIONAL if name in fields},
        "notes": fields.get("notes") or None,
        **_references(workspace, fields, errors),
    }
    if row["start"] and row["end"] and row["end"] < row["start"]:
        errors.append("'end' must come on or after 'start'")
    if errors:
        raise Refused(400, PROBLEM, errors)
    return row


def _day(fields: Mapping[str, Any], name: str, errors: list[str]) -> str | None:
    try:
        return date.fromisoformat(fields[name]).isoformat()
    except KeyError:
        errors.append(f"'{name}' is required")
    except (TypeError, ValueError):
        errors.append(f"'{name}' is not a valid date")
    return None


def _effort(fields: Mapping[str, Any], errors: list[str]) -> Row:
    """The hours field of the unit, alone and within its bounds."""
    unit = fields.get("unit")
    if not isinstance(unit, str) or unit not in HOURS_FIELDS:
        errors.append(f"'unit' must be one of: {', '.join(HOURS_FIELDS)}")
        return {}
    own = HOURS_FIELDS[unit]
    given = {name for name in HOURS_FIELDS.values() if fields.get(name) is not None}
    errors += [f"'{name}' is only allowed with its own unit" for name in sorted(given - {own})]
    amount = fields.get(own)
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        errors.append(f"'{own}' is required")
    elif not 0 <= amount <= MOST_HOURS[unit]:
        errors.append(f"'{own}' must be between 0 and {MOST_HOURS[unit]}")
    return effort(unit, amount or 0)


def _references(workspace: Workspace, fields: Mapping[str, Any], errors: list[str]) -> Row:
    """The objects named by id: one resource, one assignment, and role and task of that very project."""
    found: dict[str, Row | None] = {}
    for write, stream, read in REFERENCES:
        key = fields.get(write)
        found[read] = None if key is None else _find(workspace, stream, key)
        if key is not None and found[read] is None:
            errors.append(f"'{write}' was not found")
    row: Row = {
        "resourceTypeId": _either(fields, "resourceTypeId", found, "member", "placeholder", errors),
        "assignmentTypeId": _either(fields, "assignmentTypeId", found, "project", "timeOffType", errors),
    }
    project = found["project"]
    for part in ("role", "task"):
        owner = (found[part] or {}).get("project")
        if owner and (project is None or owner["id"] != project["id"]):
            errors.append(f"'project{part.capitalize()}Id' does not belong to the project")
    named = {read: ref(value) if value else None for read, value in found.items()}
    named["project"] = project_ref(project) if project else None
    return {**row, **named, "isBillable": bool(project and project.get("isBillable"))}


def _find(workspace: Workspace, stream: str, key: Any) -> Row | None:
    if stream:
        return workspace.get(stream, key) if isinstance(key, str) else None
    return workspace.time_off_types().get(key)


def _either(
    fields: Mapping[str, Any],
    name: str,
    found: Mapping[str, Row | None],
    first: str,
    second: str,
    errors: list[str],
) -> str | None:
    """The type that goes with the one object named. Both, neither, or a type of the other is an error."""
    wire = {"timeOffType": "time_off"}
    named = [kind for kind in (first, second) if found[kind]]
    kind = wire.get(named[0], named[0]) if len(named) == 1 else None
    if kind is None:
        errors.append(f"exactly one of '{first}' and '{second}' must be given by its id")
    elif fields.get(name) not in (None, kind):
        errors.append(f"'{name}' must be {kind}")
    return kind
