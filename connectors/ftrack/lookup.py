"""What ftrack holds of the things a batch of changes names: asked for before the batch is sent.

All people of a batch are one query, all its tasks and projects another (of 200 ids each); groups, records to
be changed and pairs to be assigned add one or two each, where there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from connectors.ftrack.client import Ftrack, quote, quote_all
from connectors.ftrack.dialects import IDS_PER_QUERY, Dialect, Fields, Record

Kind = Literal["assignment", "team", "allocation"]
Assignee = Literal["User", "Group"]

LINKS = "CalendarEventResource"

_APPOINTED = {
    "task_id": "context_id in ({})",
    "project_id": "context_id in ({})",
    "user_id": "resource_id in ({})",
}
_PLACES: Mapping[tuple[str, Kind], tuple[str, Mapping[str, str]]] = {
    ("seed", "assignment"): ("Assignment", _APPOINTED),
    ("seed", "allocation"): ("Allocation", {"user_id": "user_id in ({})"}),
    ("studio", "assignment"): ("Appointment", {"": 'type is "assignment"', **_APPOINTED}),
    ("studio", "team"): ("Appointment", {"": 'type is "allocation"', **_APPOINTED}),
    ("studio", "allocation"): (
        "CalendarEvent",
        {
            "user_id": "calendar_event_resources any (resource_id in ({}))",
            "project_id": "project_id in ({})",
        },
    ),
}  # fmt: skip
"""Where a dialect keeps a kind: entity type, and the condition for each field ("" holds always)."""


@dataclass(frozen=True, slots=True)
class Change:
    """One record to be made, changed or removed. `fields` are those of dialects; assignees go by user_id."""

    action: Literal["create", "update", "delete"]
    kind: Kind
    record_id: str
    fields: Fields = field(default_factory=dict)
    assignee: Assignee = "User"

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}"


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of what a batch names."""

    contexts: Mapping[str, str]
    """Entity type of each task and project."""
    users: Mapping[str, bool]
    """Whether each user is active."""
    groups: frozenset[str]
    records: Mapping[str, Record]
    """The records to be changed or removed."""
    links: Mapping[str, Sequence[str]]
    """Of each calendar event to be changed or removed, the ids of its resources."""
    assigned: Mapping[tuple[object, ...], str]
    """Record of each task (project) and assignee that are together already."""


def look_up(client: Ftrack, dialect: Dialect, changes: Sequence[Change]) -> Known:
    """Asks ftrack for all that these changes name. Reads only."""
    people = _named(changes, "user_id")
    users = {row["id"]: bool(row["is_active"]) for row in _rows(client, "id, is_active", "User", people)}
    others = [person for person in people if person not in users]
    contexts = [*_named(changes, "task_id"), *_named(changes, "project_id")]
    return Known(
        contexts={row["id"]: row["__entity_type__"] for row in _rows(client, "id", "Context", contexts)},
        users=users,
        groups=frozenset(row["id"] for row in _rows(client, "id", "Group", others)),
        records=_records(client, dialect, changes),
        links=_links(client, dialect, changes),
        assigned=_assigned(client, dialect, changes),
    )


def find(
    client: Ftrack,
    dialect: Dialect,
    kind: Kind,
    where: Mapping[str, Sequence[str]],
    start: date | None = None,
    end: date | None = None,
) -> list[Record]:
    """Records of a kind: those whose fields are among the given values, and that touch the days given."""
    entity_type, conditions = _PLACES[dialect.name, kind]
    fixed = [conditions[""]] if "" in conditions else []
    if start is not None:
        fixed.append(f"end >= {quote(start)}")
    if end is not None:
        fixed.append(f"start < {quote(end + timedelta(days=1))}")
    ids: dict[str, None] = {}
    for listed in _combinations(list(where.items())):
        wanted = [conditions[name].format(quote_all(values)) for name, values in listed]
        asked = " and ".join([*fixed, *wanted])
        rows = client.query(f"select id from {entity_type}" + (f" where {asked}" if asked else ""))  # noqa: S608 - quoted
        ids |= dict.fromkeys(row["id"] for row in rows)
    return [row for row in dialect.read(client.query, {kind: list(ids)}) if row["kind"] == kind]


def wrong(change: Change, known: Known) -> Iterator[str]:
    """What a change names that cannot be, a line each."""
    held = known.records.get(change.record_id)
    if change.action != "create" and (held is None or held["kind"] != change.kind):
        yield f"{change}: does not exist"
        return
    for name in ("task_id", "project_id"):
        if name in change.fields:
            yield from _wrong_context(name, change.fields[name], known)
    if "user_id" in change.fields:
        yield from _wrong_assignee(change.assignee, change.fields["user_id"], known)
        if len(known.links.get(change.record_id, ())) > 1:
            yield f"{change}: is of several people, so it cannot be given to another"
    together = known.assigned.get(pair(change.kind, change.fields)) if change.action == "create" else None
    if together:
        yield f"{change}: is there already, as {together}"
    yield from _wrong_days(change, held or {})


def pair(kind: Kind, fields: Fields) -> tuple[object, ...]:
    """What makes two assignments the same."""
    names = ("task_id", "project_id", "user_id", "assignment_type")
    return (kind, *(fields.get(name) for name in names))


def _wrong_context(name: str, context_id: str, known: Known) -> Iterator[str]:
    """A project for a project; for a task any other context, as studios name types of their own."""
    entity_type = known.contexts.get(context_id)
    noun = name.removesuffix("_id")
    if entity_type is None:
        yield f"{noun} {context_id!r}: does not exist"
    elif (entity_type == "Project") != (noun == "project"):
        yield f"{noun} {context_id!r}: is a {entity_type}"


def _wrong_assignee(assignee: Assignee, resource_id: str, known: Known) -> Iterator[str]:
    noun = assignee.lower()
    there = "User" if resource_id in known.users else "Group" if resource_id in known.groups else None
    if there is None:
        yield f"{noun} {resource_id!r}: does not exist"
    elif there != assignee:
        yield f"{noun} {resource_id!r}: is a {there}"
    elif there == "User" and not known.users[resource_id]:
        yield f"user {resource_id!r}: is not active"


def _wrong_days(change: Change, held: Record) -> Iterator[str]:
    """A new start after the end that stays, or a new end before the start that stays."""
    start, end = ({**held, **change.fields}.get(name) for name in ("start", "end"))
    if change.fields.keys() & {"start", "end"} and start and end and end < start:
        yield f"{change}: ends on {end}, before it starts on {start}"


def _named(changes: Iterable[Change], name: str) -> list[str]:
    """All values of a field, each once."""
    return list(dict.fromkeys(change.fields[name] for change in changes if name in change.fields))


def _records(client: Ftrack, dialect: Dialect, changes: Iterable[Change]) -> dict[str, Record]:
    ids: dict[str, list[str]] = {}
    for change in changes:
        if change.action != "create":
            ids.setdefault(change.kind, []).append(change.record_id)
    return {row["record_id"]: row for row in dialect.read(client.query, ids)} if ids else {}


def _links(client: Ftrack, dialect: Dialect, changes: Iterable[Change]) -> dict[str, list[str]]:
    """Of the push's own events they are derived; people's events have others, and any number of them."""
    if dialect.name != "studio":
        return {}
    events = [c.record_id for c in changes if c.kind == "allocation" and c.action != "create"]
    found: dict[str, list[str]] = {event: [] for event in events}
    for row in _rows(client, "id, calendar_event_id", LINKS, events, key="calendar_event_id"):
        found[row["calendar_event_id"]].append(row["id"])
    return found


def _assigned(client: Ftrack, dialect: Dialect, changes: Iterable[Change]) -> dict[tuple[object, ...], str]:
    """ftrack takes the same assignment twice without a word, so it is asked beforehand."""
    found: dict[tuple[object, ...], str] = {}
    made = [change for change in changes if change.action == "create"]
    contexts: tuple[tuple[Kind, str], ...] = (("assignment", "task_id"), ("team", "project_id"))
    for kind, name in contexts:
        if ids := _named((change for change in made if change.kind == kind), name):
            held = find(client, dialect, kind, {name: ids})
            found |= {pair(kind, row): row["record_id"] for row in held}
    return found


def _rows(
    client: Ftrack, chosen: str, entity_type: str, ids: Sequence[str], *, key: str = "id"
) -> Iterator[Record]:
    for part in _parts(ids):
        yield from client.query(f"select {chosen} from {entity_type} where {key} in ({quote_all(part)})")  # noqa: S608 - quoted


def _combinations(
    where: Sequence[tuple[str, Sequence[str]]],
) -> Iterator[list[tuple[str, Sequence[str]]]]:
    """The lists of values, in parts no query is too long for: each part with each of the others."""
    if not where:
        yield []
        return
    name, values = where[0]
    for part in _parts(values):
        for rest in _combinations(where[1:]):
            yield [(name, part), *rest]


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(ids), IDS_PER_QUERY):
        yield ids[first : first + IDS_PER_QUERY]
