"""Changing allocations in Ruddr (seed 002): for users' own scripts. The sync never writes to a planner.

    client = Ruddr("https://www.ruddr.io/api/workspace", token)
    booking = AllocationWriter(client).create(
        start=date(2026, 3, 2), end=date(2026, 3, 6), unit="day", hours=7.5, memberId="...", projectId="..."
    )

Each change is sent once. UnknownOutcome says that its answer was lost: look before sending it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pydantic.alias_generators import to_camel

from connectors.answers import Answer
from connectors.errors import ContractError
from connectors.ruddr.client import Ruddr
from connectors.ruddr.wire import HOURS_OF_UNIT, SERVICE, Allocation, Unit, parse

RESOURCES = ("memberId", "resourcePlaceholderId")
TARGETS = ("projectId", "timeOffTypeId")
OF_A_PROJECT = ("projectRoleId", "projectTaskId")
PLAIN = ("notes", "bookingTypeId", "allocateOnTimeOffDays")


class AllocationWriter:
    """Makes, changes and removes allocations over a client's connection.

    What a booking refers to goes by the write names of the API, which differ from those it reads:
    `memberId` or `resourcePlaceholderId`; `projectId` (with `projectRoleId`, `projectTaskId`) or
    `timeOffTypeId`. Read-only rows are refused by the service (RequestRejected, 409).
    """

    def __init__(self, client: Ruddr) -> None:
        self._http = client.http

    def create(
        self, *, start: date, end: date, unit: Unit, hours: int | float | Decimal, **refers_to: Any
    ) -> Allocation:
        """Makes an allocation of `hours` per `unit` (for "ratio_of_capacity" a share of capacity, 0 to 1).

        `refers_to` names one resource, one target, and may hold `notes`, `bookingTypeId` and
        `allocateOnTimeOffDays`. Raises ValueError before anything is sent.
        """
        _check_names(refers_to)
        for names in (RESOURCES, TARGETS):
            if sum(refers_to.get(name) is not None for name in names) != 1:
                raise ValueError(f"name exactly one of {' and '.join(names)}")
        fields = {"start": start, "end": end, **_effort(unit, hours), **refers_to}
        return _row(self._http.send("POST", "/allocations", body=_wire(fields)))

    def update(
        self,
        allocation_id: str,
        *,
        start: date | None = None,
        end: date | None = None,
        unit: Unit | None = None,
        hours: int | float | Decimal | None = None,
        **changes: Any,
    ) -> Allocation:
        """Changes what is given and nothing else; `unit` and `hours` go together. Raises NotFound."""
        _check_names(changes)
        if (unit is None) != (hours is None):
            raise ValueError("unit and hours are changed together: one says how to read the other")
        effort = _effort(unit, hours) if unit is not None and hours is not None else {}
        days = {name: day for name, day in (("start", start), ("end", end)) if day is not None}
        return _row(self._http.send("PATCH", _path(allocation_id), body=_wire({**days, **effort, **changes})))

    def delete(self, allocation_id: str) -> None:
        """Removes an allocation, for good. Raises NotFound when it is not there."""
        self._http.send("DELETE", _path(allocation_id))


def _path(allocation_id: str) -> str:
    return f"/allocations/{quote(allocation_id, safe='')}"


def _check_names(given: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - {*RESOURCES, *TARGETS, *OF_A_PROJECT, *PLAIN})
    if unknown:
        raise ValueError(
            f"an allocation has no {', '.join(unknown)}: the write names differ from the read names"
        )


def _effort(unit: Unit, hours: int | float | Decimal) -> dict[str, Any]:
    if unit not in HOURS_OF_UNIT:
        raise ValueError(f"unit is one of {', '.join(HOURS_OF_UNIT)}, not {unit}")
    if not 0 <= hours < float("inf"):
        raise ValueError(f"hours are a number of at least 0, not {hours}")
    return {"unit": unit, to_camel(HOURS_OF_UNIT[unit]): float(hours)}


def _wire(fields: Mapping[str, Any]) -> dict[str, Any]:
    if "start" in fields and "end" in fields and fields["end"] < fields["start"]:
        raise ValueError(f"end {fields['end']} is before start {fields['start']}")
    return {name: str(value) if isinstance(value, date) else value for name, value in fields.items()}


def _row(answer: Answer) -> Allocation:
    """The allocation in the answer to a write. Raises ContractError when it cannot be read."""
    try:
        parsed = parse("allocations", answer.body)
        reason = next((reject.reason for reject in parsed.rejects), "it holds no allocation")
    except ContractError as error:
        parsed, reason = None, error.message
    if parsed is None or not parsed.rows:
        raise ContractError(
            f"the change was made, but its answer breaks the contract ({reason}): read it back",
            service=SERVICE, url=answer.url, status=answer.status,
        )  # fmt: skip
    row: Allocation = parsed.rows[0][1]
    return row
