"""Changing bookings in 10,000ft (seed 003): for users' own scripts. The sync never writes to a planner.

    client = TenThousandFt("https://api.rm.smartsheet.com/api/v1", token)
    booking = AssignmentWriter(client).create(
        user_id=5612, assignable_id=123, starts_at=date(2026, 3, 2), ends_at=date(2026, 3, 6), percent=0.5
    )

Each change is sent once. UnknownOutcome says that its answer was lost: look before sending it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.answers import Answer
from connectors.errors import ContractError
from connectors.tenthousandft.client import TenThousandFt
from connectors.tenthousandft.wire import SERVICE, Assignment, parse

MOST_WEEKS = 51
"""Seed 003: `count` is less than 52."""

Effort = int | float | Decimal


class AssignmentWriter:
    """Makes, repeats and removes assignments over a client's connection."""

    def __init__(self, client: TenThousandFt) -> None:
        self._http = client.http

    def create(
        self,
        *,
        starts_at: date,
        ends_at: date,
        user_id: int | None = None,
        project_id: int | None = None,
        assignable_id: int | None = None,
        leave_id: int | None = None,
        percent: Effort | None = None,
        hours_per_day: Effort | None = None,
        fixed_hours: Effort | None = None,
        **more: Any,
    ) -> Assignment:
        """Books a user or placeholder on a project, a phase or leave; or a project for a user or nobody.

        With `project_id` the booking is made under the project, with `user_id` or unassigned; else under
        the user, with `assignable_id` (a project or phase) or `leave_id`. Effort is one of `percent` (1 is
        full time), `hours_per_day` and `fixed_hours`; none is all of the person's time. `more` are further
        fields by their wire names: `note`, `description`, `status_option_id`, `bill_rate_id`.
        Raises ValueError before anything is sent.
        """
        fields = _days(starts_at, ends_at) | _effort(percent, hours_per_day, fixed_hours) | more
        if project_id is not None:
            if assignable_id is not None or leave_id is not None:
                raise ValueError("under a project the assignable is that project: leave the others out")
            return self._made(f"/projects/{project_id}/assignments", {"user_id": user_id, **fields})
        if user_id is None:
            raise ValueError("an assignment is made under a user or under a project: name one")
        return self._made(
            f"/users/{user_id}/assignments",
            {**_one(assignable_id=assignable_id, leave_id=leave_id), **fields},
        )

    def create_with_subtasks(
        self,
        *,
        assignable_id: int,
        starts_at: date,
        ends_at: date,
        subtasks: Sequence[Mapping[str, Any]],
        user_id: int | None = None,
        percent: Effort | None = None,
        hours_per_day: Effort | None = None,
        fixed_hours: Effort | None = None,
        **more: Any,
    ) -> Assignment:
        """As `create`, with a to-do list: `subtasks` are {"description": str, "completed": bool}."""
        fields = _days(starts_at, ends_at) | _effort(percent, hours_per_day, fixed_hours) | more
        owner = {"user_id": user_id, "assignable_id": assignable_id}
        return self._made("/assignments", {**owner, **fields, "subtasks": [dict(line) for line in subtasks]})

    def repeat(
        self, project_id: int, assignment_id: int, *, frequency_weeks: int, count: int
    ) -> list[Assignment]:
        """Repeats an assignment every `frequency_weeks` weeks over `count` weeks; gives the new ones.

        Raises ValueError for a count over 51, or numbers below 1, before anything is sent.
        """
        if not 1 <= count <= MOST_WEEKS:
            raise ValueError(f"count is a number of weeks from 1 to {MOST_WEEKS}, not {count}")
        if frequency_weeks < 1:
            raise ValueError(f"frequency_weeks is at least 1, not {frequency_weeks}")
        path = f"/projects/{project_id}/assignments/{assignment_id}/repetitions"
        answer = self._http.send("POST", path, body={"frequency_weeks": frequency_weeks, "count": count})
        document = answer.document if isinstance(answer.document, dict) else {}
        return _rows(answer, {"data": document.get("assignments")})

    def delete(
        self, assignment_id: int, *, user_id: int | None = None, project_id: int | None = None
    ) -> None:
        """Removes an assignment of a user or of a project, for good. Raises NotFound when it is not there."""
        if (user_id is None) == (project_id is None):
            raise ValueError("an assignment is removed under its user or under its project: name one")
        owner = f"/projects/{project_id}" if user_id is None else f"/users/{user_id}"
        self._http.send("DELETE", f"{owner}/assignments/{assignment_id}")

    def _made(self, path: str, fields: Mapping[str, Any]) -> Assignment:
        answer = self._http.send("POST", path, body=fields)
        [row] = _rows(answer, answer.document)
        return row


def _rows(answer: Answer, document: object) -> list[Assignment]:
    """The assignments in the answer to a write. Raises ContractError for one that cannot be read."""
    try:
        parsed = parse("assignments", json.dumps(document).encode())
    except ContractError as error:
        raise _unreadable(answer, error.message) from error
    if parsed.rejects or not parsed.rows:
        reasons = [reject.reason for reject in parsed.rejects] or ["it holds no assignment"]
        raise _unreadable(answer, reasons[0])
    return [row for _, row in parsed.rows]


def _unreadable(answer: Answer, reason: str) -> ContractError:
    return ContractError(
        f"the change was made, but its answer breaks the contract ({reason}): read it back",
        service=SERVICE, url=answer.url, status=answer.status,
    )  # fmt: skip


def _days(starts_at: date, ends_at: date) -> dict[str, Any]:
    if ends_at < starts_at:
        raise ValueError(f"ends_at {ends_at} is before starts_at {starts_at}")
    return {"starts_at": str(starts_at), "ends_at": str(ends_at)}


def _effort(
    percent: Effort | None, hours_per_day: Effort | None, fixed_hours: Effort | None
) -> dict[str, Any]:
    """The mode and its field."""
    given = {"percent": percent, "hours_per_day": hours_per_day, "fixed_hours": fixed_hours}
    effort = {name: value for name, value in given.items() if value is not None}
    if not effort:
        return {}
    if len(effort) > 1:
        raise ValueError(f"effort is one of {', '.join(given)}, not {' and '.join(effort)}")
    [(name, value)] = effort.items()
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} is a number of at least 0, not {value}")
    return {"allocation_mode": "fixed" if name == "fixed_hours" else name, name: float(value)}


def _one(**ids: int | None) -> dict[str, int]:
    given = {name: value for name, value in ids.items() if value is not None}
    if len(given) != 1:
        raise ValueError(f"name exactly one of {', '.join(ids)}")
    return given
