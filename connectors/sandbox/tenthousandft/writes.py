"""What 10,000ft accepts: validation, and what a create, an update or a repeat makes of it (seed 003)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from connectors.sandbox.table import Row
from connectors.sandbox.tenthousandft.account import PLAIN_ASSIGNMENT, Account, nested
from connectors.sandbox.tenthousandft.rows import effort

MODES = ("percent", "hours_per_day", "fixed", "fixed_hours")
MOST_WEEKS = 52
FREE_FIELDS = (
    "description",
    "note",
    "status",
    "status_option_id",
    "bill_rate",
    "bill_rate_id",
    "resource_request_id",
)
ASSIGNABLE_NAMES = ("assignable_id", "leave_id", "project_id", "phase_id")


class BadData(Exception):
    """A write that 10,000ft refuses; `errors` says why, one line each."""

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def create(account: Account, fields: Mapping[str, Any]) -> int:
    """Make an assignment; its id. BadData when something does not fit."""
    return account.add("assignments", **_checked(account, fields))


def create_with_subtasks(account: Account, fields: Mapping[str, Any]) -> Row:
    """Make an assignment and its subtasks; the row with the subtasks in it."""
    subtasks = fields.get("subtasks") or []
    if not isinstance(subtasks, list) or not all(isinstance(line, dict) for line in subtasks):
        raise BadData("subtasks must be an array of objects")
    key = create(account, fields)
    row = account.get("assignments", key) or {}
    for line in subtasks:
        account.add(
            "subtasks",
            assignment_id=key,
            assignable_id=row["assignable_id"],
            description=line.get("description", ""),
            completed=_truth(line.get("completed", False)),
            updated_by=account.tables["users"].entries[0].row["id"],
        )
    made = [entry.row for entry in account.subtasks_of(key)]
    return {**row, "subtasks": nested(f"/api/v1/assignments/{key}/subtasks", made)}


def update(account: Account, key: int, fields: Mapping[str, Any]) -> int:
    """Change an assignment; its id, a new one if it went to another person. BadData when it does not fit."""
    before = account.get("assignments", key) or {}
    names = {*PLAIN_ASSIGNMENT, *ASSIGNABLE_NAMES}
    after = _checked(account, {**before, **{name: value for name, value in fields.items() if name in names}})
    if after["user_id"] == before["user_id"]:
        account.update("assignments", key, **after)
        return key
    kept = {name: before[name] for name in ("repetition_id", "created_at")}
    account.delete("assignments", key)
    return account.add("assignments", **after, **kept)


def repeat(account: Account, key: int, fields: Mapping[str, Any]) -> Row:
    """Repeat an assignment every `frequency_weeks` weeks, up to `count` weeks on (seed 003: less than 52).

    The first assignment of the series gets its own id for `repetition_id`, as the repeats do.
    """
    errors: list[str] = []
    every = _whole(fields.get("frequency_weeks"), "frequency_weeks", errors)
    weeks = _whole(fields.get("count"), "count", errors)
    if weeks is not None and weeks >= MOST_WEEKS:
        errors.append(f"count must be less than {MOST_WEEKS}")
    if errors or every is None or weeks is None:
        raise BadData(*errors)
    parent = account.get("assignments", key) or {}
    series = parent["repetition_id"] or key
    account.update("assignments", key, repetition_id=series)
    made = [_shifted(account, parent, series, week) for week in range(every, weeks + 1, every)]
    assignments = [account.get("assignments", made_key) for made_key in made]
    return {"assignments": assignments, "created_ids": made, "repetition_id": series}


def _shifted(account: Account, parent: Row, series: int, weeks: int) -> int:
    later = {
        name: str(date.fromisoformat(parent[name]) + timedelta(weeks=weeks))
        for name in ("starts_at", "ends_at")
    }
    own = {"id", "created_at", "updated_at"}
    copied = {name: value for name, value in parent.items() if name not in own}
    return account.add("assignments", **{**copied, **later, "repetition_id": series})


def _checked(account: Account, fields: Mapping[str, Any]) -> Row:
    """The fields of an assignment as they will be kept; BadData with everything that does not fit."""
    errors: list[str] = []
    row: Row = {
        "user_id": _user(account, fields.get("user_id"), errors),
        "assignable_id": _assignable(account, fields, errors),
        "starts_at": _day(fields.get("starts_at"), "starts_at", errors),
        "ends_at": _day(fields.get("ends_at"), "ends_at", errors),
        **_effort(fields, errors),
        **{name: fields[name] for name in FREE_FIELDS if name in fields},
    }
    if row["starts_at"] and row["ends_at"] and row["ends_at"] < row["starts_at"]:
        errors.append("ends_at must not be before starts_at")
    if errors:
        raise BadData(*errors)
    return row


def _user(account: Account, value: Any, errors: list[str]) -> int | None:
    """A person, a placeholder, or nobody."""
    if value in (None, "", "null"):
        return None
    key = _number(value)
    known = any(account.tables[stream].find(key) for stream in ("users", "placeholders"))
    if key is None or not known:
        errors.append("user_id is invalid")
    return None if key is None else int(key)


def _assignable(account: Account, fields: Mapping[str, Any], errors: list[str]) -> int | None:
    """The project, phase or leave type; `leave_id` and its like win over `assignable_id`."""
    given = [fields[name] for name in reversed(ASSIGNABLE_NAMES) if fields.get(name) not in (None, "")]
    key = _number(given[0]) if given else None
    known = any(account.tables[stream].find(key) for stream in ("projects", "leave_types"))
    if key is None or not known:
        errors.append("assignable_id is invalid")
        return None
    return int(key)


def _effort(fields: Mapping[str, Any], errors: list[str]) -> Row:
    """The fields of the mode. Without a mode it is percent, and without a percentage all of the time."""
    mode = fields.get("allocation_mode") or "percent"
    if mode not in MODES:
        errors.append("allocation_mode is not included in the list")
        return {}
    name = "fixed_hours" if mode == "fixed" else mode
    value = fields.get(name)
    if value in (None, "") and mode == "percent":
        value = 1.0
    amount = _number(value)
    if amount is None or amount < 0:
        errors.append(f"{name} is not a number" if amount is None else f"{name} must not be negative")
    return effort(mode, 0.0 if amount is None else amount, blank=True)


def _day(value: Any, name: str, errors: list[str]) -> str | None:
    if value in (None, ""):
        errors.append(f"{name} can't be blank")
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        errors.append(f"{name} is invalid")
        return None


def _whole(value: Any, name: str, errors: list[str]) -> int | None:
    number = _number(value)
    if number is None or number < 1 or number != int(number):
        errors.append(f"{name} must be a whole number of at least 1")
        return None
    return int(number)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _truth(value: Any) -> bool:
    return value in (True, "true", "1", 1)
