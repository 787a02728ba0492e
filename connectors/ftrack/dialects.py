"""Where ftrack keeps who works on what: the `seed` and the `studio` dialect as one kind of record.

A record is a flat dict. `kind` is assignment (a person is responsible for a task), team (a person is on a
project) or allocation (a person's time over dates). Fields: record_id, user_id, project_id, task_id,
assignment_type, allocation_type, name, start, end (ISO dates, both inclusive), value_millionths (1000000 =
full time), leave, forecast; those a dialect does not keep are missing.

Dates at the edge: `start` and `end` are sent as midnight UTC of the first and of the last day, as seed 001
does (the `end` of January is the 31st, not 1 February), and read as the UTC day they fall on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Literal, Protocol

from connectors.errors import ContractError
from connectors.ftrack.wire import (
    Operation,
    create,
    datetime_value,
    delete,
    quote_all,
    read_datetime,
    update,
)

Record = dict[str, Any]
Fields = Mapping[str, Any]
"""A record's fields as plans have them: `value` (1.0 = full time) in place of value_millionths."""
Query = Callable[[str], Iterable[dict[str, Any]]]
DialectName = Literal["seed", "studio"]

IDS_PER_QUERY = 500
_DAYS = ("start", "end")
PROVENANCE_KEY = "crewtally"
"""Metadata key under which a calendar event says which booking it is."""


class Dialect(Protocol):
    """How one kind of server keeps the records."""

    name: DialectName

    def read(self, query: Query, ids: Mapping[str, Sequence[str]] | None = None) -> Iterator[Record]:
        """All records, or those with the given ids (kind -> ids)."""

    def read_of(self, query: Query, users: Sequence[str], kinds: Collection[str]) -> Iterator[Record]:
        """Records of these kinds that are about one of these users, whoever made them."""

    def create(
        self, kind: str, record_id: str, fields: Fields, provenance: str | None, found: Record | None
    ) -> list[Operation]:
        """Operations that make a record; `found` is what an unfinished attempt left of it.

        `provenance` says which booking it is; None: of no planner's.
        """

    def update(
        self, kind: str, record_id: str, fields: Fields, found: Record | None = None
    ) -> list[Operation]:
        """Operations that set the given fields; `found` as in `create`."""

    def parts(self, kind: str, fields: Fields) -> list[frozenset[str]]:
        """The names of the fields as `update` sends them, one set for each operation, in their order."""

    def delete(self, kind: str, record_id: str, found: Record | None) -> list[Operation]:
        """Operations that delete a record."""


class Seed:
    """`Assignment` and `Allocation`, as seeds 000 and 001 have them."""

    name: DialectName = "seed"
    _types: Mapping[str, str] = {"assignment": "Assignment", "allocation": "Allocation"}
    _named: Mapping[str, str] = {"user_id": "resource_id", "task_id": "context_id"}

    def read(self, query: Query, ids: Mapping[str, Sequence[str]] | None = None) -> Iterator[Record]:
        yield from self._assignments(query, _ids(ids, "assignment"), "id")
        yield from self._allocations(query, _ids(ids, "allocation"), "id")

    def read_of(self, query: Query, users: Sequence[str], kinds: Collection[str]) -> Iterator[Record]:
        if "assignment" in kinds:
            yield from self._assignments(query, users, "resource_id")
        if "allocation" in kinds:
            yield from self._allocations(query, users, "user_id")

    def _assignments(self, query: Query, ids: Sequence[str] | None, key: str) -> Iterator[Record]:
        chosen = "id, context_id, resource_id, assignment_type"
        for row in _select(query, chosen, "Assignment", ids, key=key):
            yield {
                "kind": "assignment",
                "record_id": row["id"],
                "task_id": row["context_id"],
                "user_id": row["resource_id"],
                "assignment_type": row["assignment_type"],
            }

    def _allocations(self, query: Query, ids: Sequence[str] | None, key: str) -> Iterator[Record]:
        chosen = "id, user_id, start, end, allocation_type, value"
        for row in _select(query, chosen, "Allocation", ids, key=key):
            yield {
                "kind": "allocation",
                "record_id": row["id"],
                "user_id": row["user_id"],
                "allocation_type": row["allocation_type"],
                "start": _day(row["start"]),
                "end": _day(row["end"]),
                "value_millionths": _millionths(row["value"]),
            }

    def create(
        self, kind: str, record_id: str, fields: Fields, provenance: str | None, found: Record | None
    ) -> list[Operation]:
        del provenance  # neither type is sure to carry metadata
        return [] if found else [create(self._types[kind], record_id, self._data(fields))]

    def update(
        self, kind: str, record_id: str, fields: Fields, found: Record | None = None
    ) -> list[Operation]:
        del found
        return [update(self._types[kind], record_id, self._data(fields))]

    def parts(self, kind: str, fields: Fields) -> list[frozenset[str]]:
        del kind
        return [frozenset(fields)]

    def delete(self, kind: str, record_id: str, found: Record | None) -> list[Operation]:
        del found
        return [delete(self._types[kind], record_id)]

    def _data(self, fields: Fields) -> dict[str, Any]:
        return _at_the_edge(fields, self._named)


class Studio:
    """`Appointment`, and `CalendarEvent` with one `CalendarEventResource`: live workspaces."""

    name: DialectName = "studio"
    _appointments: Mapping[str, str] = {"assignment": "task_id", "team": "project_id"}
    _named: Mapping[str, str] = {"value": "effort"}
    _appointment_types: Mapping[str, str] = {"assignment": "assignment", "team": "allocation"}

    def read(self, query: Query, ids: Mapping[str, Sequence[str]] | None = None) -> Iterator[Record]:
        wanted = None if ids is None else [*ids.get("assignment", ()), *ids.get("team", ())]
        yield from self._members(query, wanted, "id")
        yield from self._events(query, _ids(ids, "allocation"))

    def read_of(self, query: Query, users: Sequence[str], kinds: Collection[str]) -> Iterator[Record]:
        if not set(kinds).isdisjoint(self._appointments):
            yield from self._members(query, users, "resource_id")
        if "allocation" in kinds:
            chosen = "id, calendar_event_id"
            links = _select(query, chosen, "CalendarEventResource", users, key="resource_id")
            yield from self._events(query, list(dict.fromkeys(row["calendar_event_id"] for row in links)))

    def _members(self, query: Query, ids: Sequence[str] | None, key: str) -> Iterator[Record]:
        kinds = {of_type: kind for kind, of_type in self._appointment_types.items()}
        for row in _select(query, "id, type, context_id, resource_id", "Appointment", ids, key=key):
            kind = kinds.get(row["type"])
            if kind is not None:
                context = {self._appointments[kind]: row["context_id"]}
                yield {"kind": kind, "record_id": row["id"], "user_id": row["resource_id"], **context}

    def _events(self, query: Query, ids: Sequence[str] | None) -> Iterator[Record]:
        people: dict[str, list[str]] = {}
        chosen = "id, calendar_event_id, resource_id"
        for row in _select(query, chosen, "CalendarEventResource", ids, key="calendar_event_id"):
            people.setdefault(row["calendar_event_id"], []).append(row["resource_id"])
        chosen = "id, name, start, end, project_id, effort, leave, forecast"
        for row in _select(query, chosen, "CalendarEvent", ids):
            yield {
                "kind": "allocation",
                "record_id": row["id"],
                # An event of several people is nobody's alone: it equals no record of ours.
                "user_id": ",".join(sorted(people.get(row["id"], ()))) or None,
                "project_id": row["project_id"],
                "name": row["name"],
                "leave": bool(row["leave"]),
                "forecast": bool(row["forecast"]),
                "start": _day(row["start"]),
                "end": _day(row["end"]),
                "value_millionths": _millionths(row["effort"]),
            }

    def create(
        self, kind: str, record_id: str, fields: Fields, provenance: str | None, found: Record | None
    ) -> list[Operation]:
        if kind != "allocation":
            return [] if found else [create("Appointment", record_id, self._appointment(kind, fields))]
        link = {"calendar_event_id": record_id, "resource_id": fields["user_id"]}
        made = create("CalendarEventResource", _link_id(record_id), link)
        if found:  # without its person: what else it says may be of an older plan
            return (
                []
                if found.get("user_id")
                else [update("CalendarEvent", record_id, self._event(fields)), made]
            )
        said = [] if provenance is None else [_metadata(record_id, provenance)]
        return [create("CalendarEvent", record_id, self._event(fields)), made, *said]

    def update(
        self, kind: str, record_id: str, fields: Fields, found: Record | None = None
    ) -> list[Operation]:
        if kind != "allocation":
            return [update("Appointment", record_id, self._appointment(kind, fields))]
        operations = []
        if event := self._event(fields):
            operations.append(update("CalendarEvent", record_id, event))
        if "user_id" in fields:
            link = {"resource_id": fields["user_id"]}
            if found and not found.get("user_id"):
                link["calendar_event_id"] = record_id
                operations.append(create("CalendarEventResource", _link_id(record_id), link))
            else:
                operations.append(update("CalendarEventResource", _link_id(record_id), link))
        return operations

    def parts(self, kind: str, fields: Fields) -> list[frozenset[str]]:
        if kind != "allocation":
            return [frozenset(fields)]
        event, link = fields.keys() - {"user_id"}, fields.keys() & {"user_id"}
        return [frozenset(part) for part in (event, link) if part]

    def delete(self, kind: str, record_id: str, found: Record | None) -> list[Operation]:
        if kind != "allocation":
            return [delete("Appointment", record_id)]
        event = delete("CalendarEvent", record_id)
        if found and not found.get("user_id"):
            return [event]
        return [delete("CalendarEventResource", _link_id(record_id)), event]

    def _appointment(self, kind: str, fields: Fields) -> dict[str, Any]:
        named = {"user_id": "resource_id", self._appointments[kind]: "context_id"}
        return {"type": self._appointment_types[kind]} | {named[name]: fields[name] for name in fields}

    def _event(self, fields: Fields) -> dict[str, Any]:
        data = _at_the_edge(fields, self._named)
        data.pop("user_id", None)
        return data


def dialect(schemas: Iterable[Mapping[str, Any]], configured: str = "auto") -> Dialect:
    """The dialect of a server with these schemas; `configured` is `[ftrack] dialect`.

    Raises ContractError when the schemas are of neither dialect, or not of the configured one.
    """
    types = {str(schema.get("id")) for schema in schemas}
    spoken: list[Dialect] = []
    if {"Assignment", "Allocation"} <= types:
        spoken.append(Seed())
    if {"Appointment", "CalendarEvent", "CalendarEventResource"} <= types:
        spoken.append(Studio())
    for found in spoken:
        if configured in ("auto", found.name):
            return found
    if spoken:
        raise ContractError(
            f'[ftrack] dialect = "{configured}", but this server speaks "{spoken[0].name}": '
            'set dialect = "auto" or correct the server\'s url.',
            service="ftrack",
        )
    raise ContractError(
        "This server's schemas have neither Assignment and Allocation nor Appointment, CalendarEvent and "
        "CalendarEventResource: crewtally cannot push to it. Is the url an ftrack server's?",
        service="ftrack",
    )


def users(query: Query) -> Iterator[Record]:
    """Users: user_id, username, email, name (first and last), is_active."""
    for row in query("select id, username, email, first_name, last_name, is_active from User"):
        name = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
        yield {
            "user_id": row["id"],
            "username": row["username"],
            "email": row["email"],
            "name": name or None,
            "is_active": bool(row["is_active"]),
        }


def projects(query: Query) -> Iterator[Record]:
    """Projects: project_id, code (ftrack's `name`), name (its `full_name`)."""
    for row in query("select id, name, full_name from Project"):
        yield {"project_id": row["id"], "code": row["name"], "name": row["full_name"]}


def tasks(query: Query) -> Iterator[Record]:
    """Tasks: task_id, project_id, name."""
    for row in query("select id, name, project_id from Task"):
        yield {"task_id": row["id"], "project_id": row["project_id"], "name": row["name"]}


def _ids(ids: Mapping[str, Sequence[str]] | None, kind: str) -> Sequence[str] | None:
    return None if ids is None else ids.get(kind, ())


def _select(
    query: Query, chosen: str, entity_type: str, ids: Sequence[str] | None, *, key: str = "id"
) -> Iterator[dict[str, Any]]:
    if ids is None:
        yield from query(f"select {chosen} from {entity_type}")  # noqa: S608 - names of this module
        return
    for first in range(0, len(ids), IDS_PER_QUERY):
        listed = quote_all(ids[first : first + IDS_PER_QUERY])
        yield from query(f"select {chosen} from {entity_type} where {key} in ({listed})")  # noqa: S608 - quoted


def _millionths(share: float | None) -> int | None:
    return None if share is None else round(share * 1_000_000)


def _day(value: Any) -> str | None:
    """The UTC day of a moment."""
    return _day_of(value.get("value") if isinstance(value, dict) else value)


@lru_cache(maxsize=4096)
def _day_of(text: str | None) -> str | None:
    """Kept, as `_moment_of` is: plans name the same few days over and over."""
    moment = read_datetime(text)
    return None if moment is None else moment.date().isoformat()


def _at_the_edge(fields: Fields, named: Mapping[str, str]) -> dict[str, Any]:
    """The fields under ftrack's names, with their days as moments. Moments are shared: not to be changed."""
    data = {named.get(name, name): value for name, value in fields.items()}
    for name in _DAYS:
        if day := data.get(name):
            data[name] = _moment_of(day)
    return data


@lru_cache(maxsize=4096)
def _moment_of(day: str) -> dict[str, str]:
    return datetime_value(date.fromisoformat(day))


def _link_id(event_id: str) -> str:
    """The id of an event's one CalendarEventResource, derived so that a repeated create makes no second."""
    return str(uuid.uuid5(uuid.UUID(event_id), "resource"))


def _metadata(event_id: str, provenance: str) -> Operation:
    """Metadata is keyed by parent and key: what `create` builds for types keyed by id does not fit."""
    return {
        "action": "create",
        "entity_type": "Metadata",
        "entity_key": [event_id, PROVENANCE_KEY],
        "entity_data": {
            "__entity_type__": "Metadata",
            "parent_id": event_id,
            "parent_type": "CalendarEvent",
            "key": PROVENANCE_KEY,
            "value": provenance,
        },
    }
