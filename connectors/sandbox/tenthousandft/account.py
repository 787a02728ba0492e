"""The account as it stands. Tests edit it between two pulls; so do the write endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import count
from typing import Any

from connectors.sandbox.studio import Studio
from connectors.sandbox.table import Clock, Entry, Row, Table, encode
from connectors.sandbox.tenthousandft.hours import expand, work_of
from connectors.sandbox.tenthousandft.rows import opening, rows_of, stamp

TOKEN = "sandbox-tenthousandft"  # noqa: S105 - opens nothing but the sandbox

# What an assignment has when nobody says otherwise.
PLAIN_ASSIGNMENT: Row = {
    "allocation_mode": "percent",
    "percent": 1.0,
    "hours_per_day": None,
    "fixed_hours": None,
    "user_id": None,
    "assignable_id": None,
    "ends_at": None,
    "starts_at": None,
    "bill_rate": None,
    "bill_rate_id": None,
    "repetition_id": None,
    "created_at": None,
    "updated_at": None,
    "all_day_assignment": True,
    "resource_request_id": None,
    "status": None,
    "status_option_id": None,
    "description": "",
    "note": None,
}


class Account:
    """Rows by stream: users, placeholders, availabilities, projects (phases too), leave_types, holidays,
    assignments, subtasks, roles, disciplines, bill_rates, status_options.

    Edits check nothing, so that a test can plant a row that breaks the contract.
    """

    def __init__(self, streams: Mapping[str, Iterable[Row]], clock: Clock, token: str = TOKEN) -> None:
        self.token = token
        self.tables = {stream: Table(rows) for stream, rows in streams.items()}
        self._clock = clock
        ids = (e.row["id"] for table in self.tables.values() for e in table.entries)
        self._ids = count(max(ids, default=0) + 1)

    def now(self) -> str:
        return stamp(self._clock.tick())

    def rows(self, stream: str) -> list[Row]:
        """Copies of the rows of a stream, in the order they are listed."""
        return [dict(entry.row) for entry in self.tables[stream].entries]

    def get(self, stream: str, key: int) -> Row | None:
        """A copy of one row, or None."""
        entry = self.tables[stream].find(key)
        return dict(entry.row) if entry else None

    def add(self, stream: str, **fields: Any) -> int:
        """A new row with the next id (unless `id` is given); what is not said of an assignment is plain."""
        made = self.now()
        plain = PLAIN_ASSIGNMENT if stream == "assignments" else {}
        row = {"id": next(self._ids), **plain, "created_at": made, "updated_at": made, **fields}
        self.add_row(stream, row)
        key: int = row["id"]
        return key

    def add_row(self, stream: str, row: Row) -> None:
        """A row just as it is, however broken."""
        self.tables[stream].add(row)
        self._refresh(stream, row)

    def update(self, stream: str, key: int, **changes: Any) -> None:
        """Change fields of a row. KeyError for an unknown id."""
        self.tables[stream].update(key, {"updated_at": self.now(), **changes})
        self._refresh(stream, self.get(stream, key) or {})

    def delete(self, stream: str, key: int) -> None:
        """Take a row out, with what hangs on it. KeyError for an unknown id."""
        row = self.tables[stream].delete(key)
        self._refresh(stream, row)
        if stream == "assignments":
            for entry in list(self.subtasks_of(key)):
                self.tables["subtasks"].delete(entry.row["id"])

    def _refresh(self, stream: str, row: Row) -> None:
        """Rows that show others inside them are new when those change; so is all counted from assignments."""
        self.tables["assignments"].forget()
        owner, field = {
            "availabilities": ("users", "user_id"),
            "subtasks": ("assignments", "assignment_id"),
        }.get(stream, ("", ""))
        entry = self.tables[owner].find(row.get(field)) if owner else None
        if entry:
            self.tables[owner].touch(entry)

    def parents(self) -> dict[int, int]:
        """The project of every phase."""
        projects = self.tables["projects"]
        found: dict[int, int] = projects.memo(
            "parents",
            lambda: {e.row["id"]: e.row["parent_id"] for e in projects.entries if e.row.get("parent_id")},
        )
        return found

    def subtasks_of(self, assignment_id: int) -> list[Entry]:
        groups = self.tables["subtasks"].group("assignment", lambda row: row["assignment_id"])
        return groups.get(assignment_id, [])

    def availabilities_of(self, user_id: int) -> list[Entry]:
        groups = self.tables["availabilities"].group("user", lambda row: row["user_id"])
        return groups.get(user_id, [])

    def suggestions(self, first: date, last: date) -> list[Entry]:
        """Scheduled hours of every person, assignable and day in [first, last], a row each."""
        holidays = frozenset(str(entry.row["date"]) for entry in self.tables["holidays"].entries)
        hours: dict[tuple[int, str, int], float] = {}
        booked = self.tables["assignments"].group("user", lambda row: row.get("user_id"))
        for user in self.tables["users"].entries:
            user_id = user.row["id"]
            work = work_of((entry.row for entry in self.availabilities_of(user_id)), holidays)
            for entry in booked.get(user_id, []):
                if entry.row["starts_at"] > str(last) or entry.row["ends_at"] < str(first):
                    continue
                for day, spent in expand(entry.row, work):
                    if first <= day <= last:
                        key = (user_id, day.isoformat(), entry.row["assignable_id"])
                        hours[key] = hours.get(key, 0.0) + spent
        return [Entry(self._suggestion(*key, hours[key])) for key in sorted(hours)]

    def _suggestion(self, user_id: int, day: str, assignable_id: int, hours: float) -> Row:
        on_leave = self.tables["leave_types"].find(assignable_id) is not None
        return {
            "id": None,
            "user_id": user_id,
            "assignable_id": assignable_id,
            "assignable_type": "LeaveType" if on_leave else "Project",
            "date": day,
            "hours": 0.0,
            "scheduled_hours": round(hours, 6),
            "is_suggestion": True,
            "notes": None,
            "task": None,
        }

    def encoded(self, stream: str, entry: Entry, fields: frozenset[str]) -> bytes:
        """A row's JSON with the extra fields asked for."""
        variant = ",".join(sorted(fields & EXTRA_FIELDS.get(stream, frozenset())))
        if not variant:
            return entry.encoded()
        if variant not in entry.json:
            extra = {k: v for name in variant.split(",") for k, v in self._extra(name, entry.row).items()}
            entry.json[variant] = encode({**entry.row, **extra})
        return entry.json[variant]

    def _extra(self, name: str, row: Row) -> Row:
        match name:
            case "availabilities":
                blocks = [entry.row for entry in self.availabilities_of(row["id"])]
                return {name: nested(f"/api/v1/users/{row['id']}/availabilities", blocks)}
            case "subtasks_counts":
                subtasks = self.subtasks_of(row["id"])
                done = sum(1 for entry in subtasks if entry.row["completed"])
                return {"subtask_counts": {"completed": done, "total": len(subtasks)}}
            case _:
                return {name: nested(f"/api/v1/users/{row['id']}/{name}", [])}


EXTRA_FIELDS = {
    "users": frozenset({"availabilities", "tags", "custom_field_values"}),
    "assignments": frozenset({"subtasks_counts"}),
}

NESTED_PER_PAGE = 20


def nested(path: str, rows: list[Row]) -> Row:
    """The first page of a collection inside an object."""
    link = f"{path}?per_page={NESTED_PER_PAGE}&page="
    more = len(rows) > NESTED_PER_PAGE
    paging = {"self": f"{link}1", "next": f"{link}2" if more else None, "previous": None}
    return {"paging": {**paging, "page": 1, "per_page": NESTED_PER_PAGE}, "data": rows[:NESTED_PER_PAGE]}


def account_of(studio: Studio) -> Account:
    """The account of a studio. Edits are dated after every row in it."""
    year_end = opening(studio).replace(month=12, day=31)
    return Account(rows_of(studio), Clock(year_end))
