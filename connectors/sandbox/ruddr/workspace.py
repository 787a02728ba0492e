"""The workspace as it stands. Tests edit it between two pulls; so do the write endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid5

from connectors.sandbox.ruddr.hours import Capacity, capacity_of, days_off, total_hours, without
from connectors.sandbox.ruddr.rows import NAMESPACE, allocation, opening, rows_of, stamp
from connectors.sandbox.studio import Studio
from connectors.sandbox.table import Clock, Entry, Rank, Row, Table

TOKEN = "sandbox-ruddr"  # noqa: S105 - opens nothing but the sandbox
NAME = "The sandbox studio"


class Workspace:
    """Rows by stream: members, placeholders, projects, roles, tasks, clients, holidays, time_entries,
    allocations.

    Edits check nothing, so that a test can plant a row that breaks the contract. `totalHours` follows every
    edit, of the allocation itself and of the time off around it, unless an edit has set it by hand.
    `disabled` answers 423 to all requests, `allocations_enabled` False 403 to those for allocations.
    """

    def __init__(self, streams: Mapping[str, Iterable[Row]], clock: Clock, token: str = TOKEN) -> None:
        self.token = token
        self.id = str(uuid5(NAMESPACE, "workspace"))
        self.name = NAME
        self.disabled = False
        self.allocations_enabled = True
        self.tables = {stream: Table(rows, _newest_first) for stream, rows in streams.items()}
        self._clock = clock
        self._by_hand: set[Any] = set()
        for group in self.by_member().values():
            self._count(group)

    def now(self) -> str:
        return stamp(self._clock.tick())

    def rows(self, stream: str) -> list[Row]:
        """Copies of the rows of a stream, in the order they are listed."""
        return [dict(entry.row) for entry in self.tables[stream].entries]

    def get(self, stream: str, key: str) -> Row | None:
        """A copy of one row, or None."""
        entry = self.tables[stream].find(key)
        return dict(entry.row) if entry else None

    def add(self, stream: str, **fields: Any) -> str:
        """A new row with a new id (unless given); an allocation's unsaid fields are null."""
        made = self.now()
        given = {"id": str(uuid5(NAMESPACE, f"{stream}/{made}")), "createdAt": made, **fields}
        row = allocation(**given) if stream == "allocations" else given
        self.add_row(stream, row)
        key: str = row["id"]
        return key

    def add_row(self, stream: str, row: Row) -> None:
        """A row just as it is, however broken; `totalHours` is counted if it is missing or null."""
        self.tables[stream].add(row)
        self._after(stream, row, by_hand=row.get("totalHours") is not None)

    def update(self, stream: str, key: str, **changes: Any) -> None:
        """Change fields of a row. KeyError for an unknown id."""
        before = self.get(stream, key) or {}
        self.tables[stream].update(key, changes)
        if _member_id(before) != _member_id(after := self.get(stream, key) or {}):
            self._after(stream, before)
        self._after(stream, after, by_hand="totalHours" in changes)

    def delete(self, stream: str, key: str) -> None:
        """Take a row out. KeyError for an unknown id."""
        self._after(stream, self.tables[stream].delete(key))

    def time_off_types(self) -> dict[str, Row]:
        """What members may take time off for, by id."""
        members = self.tables["members"]
        found: dict[str, Row] = members.memo(
            "time off types",
            lambda: {
                kind["id"]: kind for entry in members.entries for kind in entry.row.get("timeOffTypes") or ()
            },
        )
        return found

    def availability_periods(self, member_id: str | None) -> list[Entry]:
        """The periods that stand inside the members, as rows of their own."""
        members = self.tables["members"]

        def make() -> list[Entry]:
            owners = [entry for entry in members.entries if member_id in (None, entry.row.get("id"))]
            return [
                Entry(row, (n,))
                for n, row in enumerate(row for owner in owners for row in _periods(owner.row))
            ]

        found: list[Entry] = members.memo(("availability periods", member_id), make)
        return found

    def _after(self, stream: str, row: Row, *, by_hand: bool = False) -> None:
        """Count again whatever the edited row has a say in."""
        if stream not in ("allocations", "members"):
            return
        if by_hand:
            self._by_hand.add(row.get("id"))
        member_id = row.get("id") if stream == "members" else _member_id(row)
        if member_id is not None:
            self._count(self.by_member().get(member_id, []))
        elif entry := self.tables["allocations"].find(row.get("id")):
            self._count([entry])

    def by_member(self) -> dict[Any, list[Entry]]:
        """Allocations by member id; those of placeholders under None."""
        return self.tables["allocations"].group("member", _member_id)

    def _count(self, group: list[Entry]) -> None:
        """`totalHours` of all allocations of one member, or of any placeholders."""
        member_id = _member_id(group[0].row) if group else None
        member = self.tables["members"].find(member_id)
        contracted = capacity_of(member.row if member else None)
        time_off = [entry.row for entry in group if _is_time_off(entry.row)] if member else []
        off = days_off((row for row in time_off if _hours(row, contracted) is not None), contracted)
        left = without(contracted, off)
        for entry in group:
            if entry.row.get("id") not in self._by_hand:
                on_days_off = _is_time_off(entry.row) or entry.row.get("allocateOnTimeOffDays") is True
                self._settle(entry, contracted if on_days_off else left)

    def _settle(self, entry: Entry, capacity: Capacity) -> None:
        hours = _hours(entry.row, capacity)
        if entry.row.get("totalHours") != hours:
            entry.row["totalHours"] = hours
            entry.json.clear()


def _newest_first(row: Row) -> Rank:
    """Lists run from the newest to the oldest `createdAt`; one that cannot be read comes last."""
    digits = "".join(filter(str.isdigit, str(row.get("createdAt"))))[:17]
    return (-int(digits or 0),)


def _periods(member: Row) -> Iterable[Row]:
    for period in member.get("availabilityPeriods") or ():
        yield {**period, "isDefault": period["start"] is None, "createdAt": member.get("createdAt")}


def _member_id(row: Row) -> str | None:
    """The member an allocation is for, whatever else it names."""
    member = row.get("member")
    is_for_member = row.get("resourceTypeId") == "member" and isinstance(member, dict)
    return member.get("id") if is_for_member and isinstance(member, dict) else None


def _is_time_off(row: Row) -> bool:
    return row.get("assignmentTypeId") == "time_off"


def _hours(row: Row, capacity: Capacity) -> float | None:
    """`totalHours`; None where row or calendar break the contract so that nothing can be counted."""
    try:
        hours = total_hours(row, capacity)
        return hours if hours >= 0 and row["start"] <= row["end"] else None
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def workspace_of(studio: Studio) -> Workspace:
    """The workspace of a studio. Edits are dated after every row in it."""
    return Workspace(rows_of(studio), Clock(opening(studio).replace(month=12, day=31)))
