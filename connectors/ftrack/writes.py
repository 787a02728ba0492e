"""Changing assignments and allocations in ftrack (seeds 000, 001): for users' own scripts.

    writer = Writer(Ftrack("https://studio.ftrackapp.com", user, key))
    with writer.batch() as batch:
        batch.assignments.create(task_id=layout, user_id=ada)
        batch.allocations.create(user_id=ada, start=date(2026, 3, 2), end=date(2026, 3, 6), value=0.5)

The sync has a way of its own, with a plan, guards and a ledger (pipelines/push.py), and takes what a script
made for a person's work: it leaves it alone. Time used and remaining is in connectors/ftrack/usage.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.errors import UnknownOutcome, WrongTargets
from connectors.ftrack.client import Ftrack
from connectors.ftrack.dialects import Dialect, Record
from connectors.ftrack.dialects import dialect as dialect_of
from connectors.ftrack.lookup import LINKS, Assignee, Change, Kind, Known, find, look_up, pair, wrong
from connectors.ftrack.wire import Operation, create, delete, update

MOST_OPERATIONS = 500
"""What is practice in one request: ftrack publishes no limit; very large ones are said to fell servers."""

_KEPT: dict[tuple[str, Kind], frozenset[str]] = {
    ("seed", "assignment"): frozenset({"task_id", "user_id", "assignment_type"}),
    ("seed", "allocation"): frozenset({"user_id", "start", "end", "value", "allocation_type"}),
    ("studio", "assignment"): frozenset({"task_id", "user_id"}),
    ("studio", "team"): frozenset({"project_id", "user_id"}),
    ("studio", "allocation"): frozenset(
        {"user_id", "start", "end", "value", "project_id", "name", "leave", "forecast"}
    ),
}
"""The fields each dialect keeps."""


class Batch:
    """Changes that are made together or not at all. Fill it inside `with writer.batch() as batch:`.

    `assignments`, `team` and `allocations` take the changes; their `create` gives the new record's id at
    once. A record is named by one change of a batch at most.
    """

    def __init__(self, client: Ftrack, dialect: Dialect) -> None:
        self._dialect = dialect
        self.changes: list[Change] = []
        self._records: set[str] = set()
        self._pairs: set[tuple[object, ...]] = set()
        desk = Desk(client, dialect, self.add)
        self.assignments, self.team, self.allocations = Assignments(desk), Team(desk), Allocations(desk)

    def add(self, change: Change) -> None:
        """Takes one change. Raises ValueError for what the dialect does not keep, or what is there twice."""
        kept = _KEPT.get((self._dialect.name, change.kind))
        if kept is None:
            raise ValueError(f'the "{self._dialect.name}" dialect keeps no {change.kind}')
        if unknown := sorted(set(change.fields) - kept):
            raise ValueError(
                f'the "{self._dialect.name}" dialect keeps no {", ".join(unknown)} of an {change.kind}: '
                "leave it out"
            )
        if change.record_id in self._records:
            raise ValueError(f"{change} is in this batch already: one change for each record")
        if change.action == "create" and change.kind != "allocation":
            if pair(change.kind, change.fields) in self._pairs:
                raise ValueError(f"the same {change.kind} is in this batch already")
            self._pairs.add(pair(change.kind, change.fields))
        self._records.add(change.record_id)
        self.changes.append(change)


class Writer:
    """Makes, changes, removes and finds assignments and allocations of a workspace, in either dialect.

    `assignments` (a user or group on a task), `team` (on a project; `studio` dialect) and `allocations` (a
    user's time over dates) send each change at once, as a batch of one. `dialect` is found from the server's
    schemas when it is not given.
    """

    def __init__(self, client: Ftrack, dialect: Dialect | None = None) -> None:
        self._client = client
        self.dialect = dialect or dialect_of(client.schemas())
        desk = Desk(client, self.dialect, self._at_once)
        self.assignments, self.team, self.allocations = Assignments(desk), Team(desk), Allocations(desk)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Sends, at the end of the block, what was put into the batch; nothing if the block raises."""
        batch = Batch(self._client, self.dialect)
        yield batch
        self.send(batch)

    def send(self, batch: Batch) -> None:
        """Checks all that a batch names, then sends it: one request, one transaction, once.

        Raises WrongTargets (nothing was sent) and ValueError for more than 500 operations; whatever
        `Ftrack.send` raises, UnknownOutcome with the records to read back.
        """
        if not batch.changes:
            return
        known = look_up(self._client, self.dialect, batch.changes)
        faults = [line for change in batch.changes for line in wrong(change, known)]
        if faults:
            raise WrongTargets(list(dict.fromkeys(faults)))
        operations = [step for change in batch.changes for step in _operations(self.dialect, change, known)]
        if len(operations) > MOST_OPERATIONS:
            raise ValueError(
                f"a batch is at most {MOST_OPERATIONS} operations, this one {len(operations)}: make several"
            )
        try:
            self._client.send(operations)
        except UnknownOutcome as error:
            records = ", ".join(map(str, batch.changes))
            raise UnknownOutcome(
                f"{error.message}; it was about {records}",
                service=error.service, url=error.url, status=error.status,
            ) from error  # fmt: skip

    def _at_once(self, change: Change) -> None:
        with self.batch() as batch:
            batch.add(change)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where changes are handed in, and records asked for."""

    client: Ftrack
    dialect: Dialect
    hand_in: Callable[[Change], None]

    def create(self, kind: Kind, fields: dict[str, Any], assignee: Assignee = "User") -> str:
        """Hands in a new record under an id of its own, and gives the id."""
        record_id = str(uuid.uuid4())
        self.hand_in(Change("create", kind, record_id, _given(fields), assignee))
        return record_id

    def update(self, kind: Kind, record_id: str, fields: dict[str, Any], assignee: Assignee = "User") -> None:
        """Hands in the fields that are not None. Raises ValueError when there are none."""
        given = _given(fields)
        if not given:
            raise ValueError(f"nothing to change of {kind} {record_id}: name a field")
        self.hand_in(Change("update", kind, record_id, given, assignee))

    def delete(self, kind: Kind, record_id: str) -> None:
        """Hands in a removal."""
        self.hand_in(Change("delete", kind, record_id))

    def find(
        self, kind: Kind, ids: dict[str, str | None], start: date | None = None, end: date | None = None
    ) -> list[Record]:
        """Records whose fields have these values, None being any."""
        if (self.dialect.name, kind) not in _KEPT:
            raise ValueError(f'the "{self.dialect.name}" dialect keeps no {kind}')
        where = {name: [value] for name, value in _given(ids).items()}
        if unknown := sorted(set(where) - _KEPT[self.dialect.name, kind]):
            raise ValueError(f'the "{self.dialect.name}" dialect keeps no {", ".join(unknown)} of an {kind}')
        return find(self.client, self.dialect, kind, where, start, end)


class Assignments:
    """Who is responsible for a task. The assignee is a user or a group; records name either `user_id`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(
        self,
        *,
        task_id: str,
        user_id: str | None = None,
        group_id: str | None = None,
        assignment_type: str | None = None,
    ) -> str:
        """Assigns a task; gives the assignment's id. `assignment_type` is for the `seed` dialect."""
        resource_id, assignee = _assignee(user_id, group_id)
        fields = {"task_id": task_id, "user_id": resource_id, "assignment_type": assignment_type}
        return self._desk.create("assignment", fields, assignee)

    def update(
        self,
        assignment_id: str,
        *,
        task_id: str | None = None,
        user_id: str | None = None,
        group_id: str | None = None,
        assignment_type: str | None = None,
    ) -> None:
        """Changes what is given and nothing else."""
        fields: dict[str, Any] = {"task_id": task_id, "assignment_type": assignment_type}
        assignee: Assignee = "User"
        if user_id is not None or group_id is not None:
            fields["user_id"], assignee = _assignee(user_id, group_id)
        self._desk.update("assignment", assignment_id, fields, assignee)

    def delete(self, assignment_id: str) -> None:
        """Takes the task from its assignee."""
        self._desk.delete("assignment", assignment_id)

    def find(
        self, *, task_id: str | None = None, user_id: str | None = None, group_id: str | None = None
    ) -> list[Record]:
        """Assignments of a task, a user, a group, or all: record_id, task_id, user_id, assignment_type."""
        return self._desk.find("assignment", {"task_id": task_id, "user_id": _either(user_id, group_id)})


class Team:
    """Who is on a project (`studio` dialect). The member is a user or a group."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, *, project_id: str, user_id: str | None = None, group_id: str | None = None) -> str:
        """Puts a member on a project; gives the record's id."""
        resource_id, assignee = _assignee(user_id, group_id)
        return self._desk.create("team", {"project_id": project_id, "user_id": resource_id}, assignee)

    def delete(self, record_id: str) -> None:
        """Takes a member off a project."""
        self._desk.delete("team", record_id)

    def find(
        self, *, project_id: str | None = None, user_id: str | None = None, group_id: str | None = None
    ) -> list[Record]:
        """Members of a project, projects of a member, or all: record_id, project_id, user_id."""
        return self._desk.find("team", {"project_id": project_id, "user_id": _either(user_id, group_id)})


class Allocations:
    """A user's time over dates, both counted; `value` is the share of it, 1.0 being full time.

    `allocation_type` is for the `seed` dialect; `project_id`, `name`, `leave` and `forecast` for `studio`.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(
        self,
        *,
        user_id: str,
        start: date,
        end: date,
        value: int | float | Decimal = 1.0,
        allocation_type: str | None = None,
        project_id: str | None = None,
        name: str | None = None,
        leave: bool | None = None,
        forecast: bool | None = None,
    ) -> str:
        """Allocates a user; gives the allocation's id."""
        fields = {
            "user_id": user_id, **_effort(start, end, value), "allocation_type": allocation_type,
            "project_id": project_id, "name": name, "leave": leave, "forecast": forecast,
        }  # fmt: skip
        return self._desk.create("allocation", fields)

    def update(
        self,
        allocation_id: str,
        *,
        user_id: str | None = None,
        start: date | None = None,
        end: date | None = None,
        value: int | float | Decimal | None = None,
        allocation_type: str | None = None,
        project_id: str | None = None,
        name: str | None = None,
        leave: bool | None = None,
        forecast: bool | None = None,
    ) -> None:
        """Changes what is given and nothing else."""
        fields = {
            "user_id": user_id, **_effort(start, end, value), "allocation_type": allocation_type,
            "project_id": project_id, "name": name, "leave": leave, "forecast": forecast,
        }  # fmt: skip
        self._desk.update("allocation", allocation_id, fields)

    def delete(self, allocation_id: str) -> None:
        """Removes an allocation, a calendar event with everybody on it."""
        self._desk.delete("allocation", allocation_id)

    def find(
        self,
        *,
        user_id: str | None = None,
        project_id: str | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> list[Record]:
        """Allocations of a user, of a project (`studio`), that touch the days from `start` to `end`; or all.

        Records as connectors/ftrack/dialects.py has them, `value_millionths` being the share (1000000 = 1.0).
        """
        ids = {"user_id": user_id, "project_id": project_id}
        return self._desk.find("allocation", ids, start, end)


def _operations(dialect: Dialect, change: Change, known: Known) -> Sequence[Operation]:
    """What a change is on the wire. The resources of a calendar event people made go by their own ids."""
    kind, record_id, fields = change.kind, change.record_id, change.fields
    if change.action == "create":
        return dialect.create(kind, record_id, fields, None, None)
    links = known.links.get(record_id)
    if links is None:
        removed = change.action == "delete"
        return dialect.delete(kind, record_id, None) if removed else dialect.update(kind, record_id, fields)
    if change.action == "delete":
        return [*(delete(LINKS, link) for link in links), delete("CalendarEvent", record_id)]
    event = {name: value for name, value in fields.items() if name != "user_id"}
    given = [_link(record_id, links, fields["user_id"])] if "user_id" in fields else []
    return [*dialect.update(kind, record_id, event), *given]


def _link(event_id: str, links: Sequence[str], user_id: str) -> Operation:
    if links:
        return update(LINKS, links[0], {"resource_id": user_id})
    return create(LINKS, str(uuid.uuid4()), {"calendar_event_id": event_id, "resource_id": user_id})


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _assignee(user_id: str | None, group_id: str | None) -> tuple[str, Assignee]:
    resource_id = _either(user_id, group_id)
    if resource_id is None:
        raise ValueError("name a user_id or a group_id")
    return resource_id, "User" if user_id is not None else "Group"


def _either(user_id: str | None, group_id: str | None) -> str | None:
    if user_id is not None and group_id is not None:
        raise ValueError("name a user_id or a group_id, not both")
    return group_id if user_id is None else user_id


def _effort(start: date | None, end: date | None, value: int | float | Decimal | None) -> dict[str, Any]:
    """Days as dialects take them, and the share. Raises ValueError before anything is sent."""
    if start is not None and end is not None and end < start:
        raise ValueError(f"end {end} is before start {start}")
    if value is not None and not 0 <= value < float("inf"):
        raise ValueError(f"value is a number of at least 0, not {value}")
    return {
        "start": None if start is None else start.isoformat(),
        "end": None if end is None else end.isoformat(),
        "value": None if value is None else float(value),
    }
