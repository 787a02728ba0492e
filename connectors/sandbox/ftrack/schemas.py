"""The entity types of both dialects, and the schemas by which the server describes them.

Attribute names, keys and default projections follow the schemas recorded from live workspaces as far as the
official client and a planner's sync need them. `seed` has Assignment and Allocation, as in the seeds;
`studio` has Appointment, CalendarEvent and CalendarEventResource, as live workspaces do. A server speaks one
dialect; a client finds out which from the entity types in its schemas.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connectors.sandbox.ftrack.attributes import Alias, Attribute, Collection, Column, EntityType, Relation
from connectors.sandbox.ftrack.builtin import builtin_id

_ID = Column("id", required=True, immutable=True)
_METADATA = Collection("metadata", "Metadata", "parent_id", mapped=True)


def _reference(
    name: str, target: str, *, required: bool = False, default: str | None = None
) -> tuple[Attribute, ...]:
    column = Column(f"{name}_id", required=required, default=default, target=target)
    return column, Relation(name, column.name, target)


def _entity(name: str, *parts: Attribute | Iterable[Attribute], **options: Any) -> EntityType:
    flat: list[Attribute] = []
    for part in parts:
        flat.extend([part] if isinstance(part, Attribute) else part)
    return EntityType(name, {item.name: item for item in flat}, **options)


def _context(*assigned: Collection, parent: bool = False) -> tuple[Attribute, ...]:
    """What projects and tasks share; only a task must have a parent."""
    return (
        _ID,
        Column("name", required=True, default=""),
        *_reference("parent", "Context", required=parent),
        Collection("children", "Context", "parent_id"),
        Collection("timelogs", "Timelog", "context_id"),
        *assigned,
    )


def _task(*assigned: Collection) -> tuple[Attribute, ...]:
    return (
        *_context(*assigned, parent=True),
        Column("context_type", required=True, default="task", immutable=True),
        *_reference("project", "Project", required=True),
        *_reference("status", "Status", required=True, default=builtin_id("Status", "Not started")),
        *_reference("type", "Type", required=True, default=builtin_id("Type", "Generic")),
        *_reference("priority", "Priority", required=True, default=builtin_id("Priority", "None")),
        Column("bid", "number", required=True, default=0.0),
        Column("time_logged", "number", computed=True),
        Column("description"),
        Column("start_date", "datetime"),
        Column("end_date", "datetime"),
        _METADATA,
    )


def _project(*assigned: Collection) -> tuple[Attribute, ...]:
    return (
        *_context(*assigned),
        Column("context_type", required=True, default="show", immutable=True),
        # A project is its own project; no foreign key, or deleting it would have to delete it first.
        Column("project_id", computed=True),
        Relation("project", "project_id", "Project"),
        Column("full_name"),
        Column("status", required=True, default="active"),
        Column("start_date", "datetime"),
        Column("end_date", "datetime"),
        _METADATA,
    )


def _any_context(*assigned: Collection) -> tuple[Attribute, ...]:
    kind, project = Column("context_type", immutable=True), Column("project_id")
    return *_context(*assigned), kind, project, Relation("project", "project_id", "Project")


def _resource(kind: str, *assigned: Collection) -> tuple[Attribute, ...]:
    return (
        _ID,
        Column("resource_type", required=True, default=kind, immutable=True),
        *assigned,
    )


_USER = (
    Column("username", required=True, unique=True),
    Column("email"),
    Column("first_name"),
    Column("last_name"),
    Column("is_active", "boolean", required=True, default=True),
    Collection("memberships", "Membership", "user_id"),
    Collection("timelogs", "Timelog", "user_id"),
    _METADATA,
)
_GROUP = (Column("name", required=True), Collection("memberships", "Membership", "group_id"), _METADATA)
_NAMED = ("id", "name")


def _people_and_work(context: tuple[Collection, ...], resource: tuple[Collection, ...]) -> list[EntityType]:
    """The types both dialects share; the collections lead to each dialect's own types."""
    seen = {"default_projections": ("context_type", "id", "name")}
    return [
        _entity("Context", _any_context(*context), abstract=True, **seen),
        _entity("TypedContext", _task(*context), bases=("Context",), abstract=True, **seen),
        _entity("Project", _project(*context), bases=("Context",), **seen),
        _entity("Task", _task(*context), bases=("TypedContext", "Context"), **seen),
        _entity("Resource", _resource("resource", *resource), abstract=True),
        _entity(
            "User",
            _resource("user", *resource),
            _USER,
            bases=("Resource",),
            default_projections=("id", "username"),
        ),
        _entity(
            "Group", _resource("group", *resource), _GROUP, bases=("Resource",), default_projections=_NAMED
        ),
        _entity(
            "Membership",
            _ID,
            _reference("user", "User", required=True),
            _reference("group", "Group", required=True),
            default_projections=("id", "user_id", "group_id"),
        ),
        _entity(
            "Timelog",
            _ID,
            _reference("user", "User"),
            _reference("context", "Context"),
            Column("start", "datetime", required=True),
            Column("duration", "number", required=True, default=0.0),
            Column("name"),
            Column("comment", default=""),
        ),
    ]


def _furniture() -> list[EntityType]:
    """Types the server fills itself, and metadata."""
    sort, name = Column("sort", "integer", default=0), Column("name", required=True)
    return [
        _entity("State", _ID, name, Column("short"), sort, managed=True),
        _entity(
            "Status", _ID, name, _reference("state", "State"), sort, managed=True, default_projections=_NAMED
        ),
        _entity("Type", _ID, name, sort, managed=True, default_projections=_NAMED),
        _entity(
            "Priority", _ID, name, Column("value", "number"), sort, managed=True, default_projections=_NAMED
        ),
        _entity("Location", _ID, name, Column("label"), Column("description"), managed=True),
        _entity(
            "Metadata",
            Column("parent_id", required=True, immutable=True, target="*"),
            Column("parent_type", required=True),
            Column("key", required=True, immutable=True),
            Column("value", required=True),
            primary_key=("parent_id", "key"),
            default_projections=("parent_id", "key", "value", "parent_type"),
        ),
    ]


def _seed_types() -> list[EntityType]:
    assignments = Collection("assignments", "Assignment", "context_id")
    own = (
        Collection("assignments", "Assignment", "resource_id"),
        Collection("allocations", "Allocation", "resource_id"),
    )
    return [
        *_people_and_work((assignments,), own),
        _entity(
            "Assignment",
            _ID,
            _reference("context", "Context", required=True),
            _reference("resource", "Resource", required=True),
            Column("assignment_type"),
            _METADATA,
            default_projections=("id", "context_id", "resource_id", "assignment_type"),
        ),
        # Seed 001 creates an allocation with `resource` and finds it by `user_id`: one person, one column,
        # two names. Either may be written; both at once must agree. Only a User can be allocated.
        _entity(
            "Allocation",
            _ID,
            Column("resource_id", required=True, target="User"),
            Relation("resource", "resource_id", "Resource"),
            Alias("user_id", "resource_id"),
            Relation("user", "resource_id", "User"),
            Column("start", "datetime", required=True),
            Column("end", "datetime", required=True),
            Column("allocation_type"),
            Column("value", "number", required=True, default=1.0),
            _METADATA,
            default_projections=("id", "user_id", "start", "end", "allocation_type", "value"),
        ),
        *_furniture(),
    ]


def _appointments(column: str) -> tuple[Collection, ...]:
    return (
        Collection("appointments", "Appointment", column),
        Collection("assignments", "Appointment", column, only=("type", "assignment")),
        Collection("allocations", "Appointment", column, only=("type", "allocation")),
    )


def _studio_types() -> list[EntityType]:
    events = Collection("calendar_event_resources", "CalendarEventResource", "resource_id")
    return [
        *_people_and_work(_appointments("context_id"), (*_appointments("resource_id"), events)),
        _entity(
            "Appointment",
            _ID,
            _reference("context", "Context", required=True),
            _reference("resource", "Resource", required=True),
            Column("type", required=True),
            default_projections=("id", "context_id", "resource_id", "type"),
        ),
        _entity(
            "CalendarEvent",
            _ID,
            Column("name", required=True, default=""),
            Column("start", "datetime", required=True),
            Column("end", "datetime", required=True),
            _reference("project", "Project"),
            _reference("type", "Type"),
            Column("effort", "number"),
            Column("estimate", "number"),
            Column("leave", "boolean", default=False),
            Column("forecast", "boolean", default=False),
            Column("everyone", "boolean", default=False),
            Collection("calendar_event_resources", "CalendarEventResource", "calendar_event_id"),
            _METADATA,
            default_projections=("id", "start", "end"),
        ),
        _entity(
            "CalendarEventResource",
            _ID,
            _reference("calendar_event", "CalendarEvent", required=True),
            _reference("resource", "Resource", required=True),
            default_projections=("id", "calendar_event_id", "resource_id"),
        ),
        *_furniture(),
    ]


@dataclass(frozen=True)
class Dialect:
    """The entity types one server knows, by name."""

    name: str
    types: dict[str, EntityType]

    @cached_property
    def concrete(self) -> dict[str, tuple[str, ...]]:
        """Type name -> the types its rows can be of; "*" -> every type that carries metadata."""
        real = [kind for kind in self.types.values() if not kind.abstract]
        found = {
            name: tuple(kind.name for kind in real if name in (kind.name, *kind.bases)) for name in self.types
        }
        return {**found, "*": tuple(kind.name for kind in real if "metadata" in kind.attributes)}

    @cached_property
    def referrers(self) -> dict[str, tuple[tuple[str, Column], ...]]:
        """Type name -> (type, foreign key) pairs that can point to a row of it."""
        keys = [
            (kind.name, column)
            for kind in self.types.values()
            if not kind.abstract
            for column in kind.columns.values()
        ]
        return {
            name: tuple(pair for pair in keys if pair[1].target and name in self.concrete[pair[1].target])
            for name in self.types
        }

    def attribute(self, kind: EntityType, name: str) -> Attribute | None:
        """An attribute by name; an abstract type also knows those of its kinds (`resource.username`)."""
        found = kind.attributes.get(name)
        for concrete in self.concrete[kind.name] if found is None and kind.abstract else ():
            found = found or self.types[concrete].attributes.get(name)
        return found

    @cached_property
    def schemas(self) -> list[dict[str, Any]]:
        """The answer to `query_schemas`."""
        return [_schema(kind) for kind in self.types.values()]

    @cached_property
    def schema_hash(self) -> str:
        """md5 of the schemas' canonical JSON, as the official client counts it for its cache."""
        text = json.dumps(self.schemas, sort_keys=True)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _schema(kind: EntityType) -> dict[str, Any]:
    return {
        "id": kind.name,
        "type": "object",
        "primary_key": list(kind.primary_key),
        "properties": {name: _property(kind, item) for name, item in kind.attributes.items()},
        "default_projections": list(kind.default_projections),
        "required": list(kind.required),
        "immutable": [column.name for column in kind.columns.values() if column.immutable or column.computed],
        "computed": [column.name for column in kind.columns.values() if column.computed],
        "$mixin": [{"$ref": base} for base in kind.bases],
    }


def _property(kind: EntityType, item: Attribute) -> dict[str, Any]:
    match item:
        case Relation():
            return {"$ref": item.target}
        case Collection():
            return {"type": "mapped_array" if item.mapped else "array", "items": {"$ref": item.target}}
        case Alias():
            return {**_property(kind, kind.columns[item.column]), "alias_for": item.column}
        case Column():
            return _column(item)


def _column(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string" if column.kind == "datetime" else column.kind}
    if column.kind == "datetime":
        found["format"] = "date-time"
    if column.target and column.target != "*":
        found |= {"format": "foreign_key", "description": f"Foreign key(s): {column.target}.id"}
    if column is _ID:
        found["default"] = "{uid}"
    elif column.default is not None:
        found["default"] = column.default
    return found


DIALECTS = {
    name: Dialect(name, {kind.name: kind for kind in types})
    for name, types in (("seed", _seed_types()), ("studio", _studio_types()))
}
