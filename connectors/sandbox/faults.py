"""The faults a spec can ask for, and what they make of a page's rows. `weather` lets them happen.

SPEC is a comma-separated list of `name[:probability][@where]`. The probability is 0.1 unless given.
`where` must occur in "<service><path>?<query>", for example "ruddr/api/workspace/allocations?limit=100"; a
`*` in it stands for anything. So `@ftrack/` means one service, `@/assignments` one kind of path,
`@/allocations*startingAfter` all pages of a listing but the first, and nothing means everything. Example:

    error500:0.05,reset:0.02@tenthousandft/,duplicate@/allocations

| name | what the client meets |
|---|---|
| error500 | a 500 with a JSON body; the request was not carried out |
| html502 | a 502 with an HTML page; the request was not carried out |
| html200 | a 200 with an HTML page, as a captive portal would send; the request was not carried out |
| http429 | a 429 that asks to come back in a second (`Retry-After`); not carried out |
| storm429 | a storm: 429 to this request and the next 4 of the service, with no word on when to come back |
| hang | no answer at all, until the client gives up; not carried out |
| reply_lost | the request is carried out, then the connection breaks without a reply |
| reset | the connection is reset (RST) when half of the reply's body is sent |
| cut | the connection is closed in good order, the reply's body half as long as its content-length |
| slow | the reply comes, 0.3 seconds late |
| drip | the reply's body comes in ten pieces, 0.3 seconds from the first to the last |
| clock_skew | the service's clock is an hour fast, in Date and in X-RateLimit-Reset |
| duplicate | the last row of a page comes again on the page after it |
| empty_page | a page without its rows that still promises more (the next one starts where they would end) |
| cursor_lost | 400 to a request that names a cursor, as if its row had been deleted |
| vanish | the last row of a page that promises more is deleted once sent: later pages move up, a cursor on \
it leads nowhere, the number of rows changes; it is back when the listing is asked for from its start |
| unknown_field | a row has a field nobody documented |
| unknown_enum | a row has an unknown value in a field with a fixed set of them |
| wrong_type | a row has a list where a single value belongs |
| null_field | a row has null where a value is required |

The row faults (duplicate to null_field) concern the pages of the two planners and leave other replies alone.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse, Response

from connectors.sandbox.table import Row
from connectors.sandbox.web import reply

PROBABILITY = 0.1

REFUSALS: dict[str, Callable[[], Response]] = {
    "error500": lambda: reply({"status": 500, "message": "internal error"}, 500),
    "html502": lambda: HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502),
    "html200": lambda: HTMLResponse("<html><body>Please log in to the network.</body></html>"),
    "http429": lambda: reply({"status": 429, "message": "Too many requests"}, 429, {"Retry-After": "1"}),
    "storm429": lambda: reply({"status": 429, "message": "Too many requests"}, 429),
    "cursor_lost": lambda: reply({"status": 400, "message": "Parameter 'startingAfter' names no row."}, 400),
}
ON_THE_WAY = ("hang", "reply_lost", "reset", "cut", "slow", "drip", "clock_skew")

# By the last part of a list's path: fields with a fixed set of values, and fields that may not be null.
ENUMS: dict[str, tuple[str, ...]] = {
    "assignments": ("allocation_mode",),
    "projects": ("project_state", "statusId", "recordStatusId"),
    "allocations": ("resourceTypeId", "assignmentTypeId", "unit", "entity", "bookingTypeId"),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "availabilities": ("id", "day0", "day1"),
    "leave_types": ("id", "name"),
    "holidays": ("id", "date"),
    "assignments": ("id", "assignable_id", "starts_at", "ends_at"),
    "allocations": ("id", "resourceTypeId", "assignmentTypeId", "start", "end", "unit", "entity"),
}
ALWAYS_REQUIRED = ("id",)
SINGLE = ("name", "first_name", "title", "email")

# The faults that change a field of a row: which fields they can (by the last part of the list's path), and
# what they make of it.
DAMAGE: dict[str, tuple[Callable[[str], Iterable[str]], Any]] = {
    "unknown_enum": (lambda collection: ENUMS.get(collection, ()), "surprise"),
    "wrong_type": (lambda collection: (*REQUIRED.get(collection, ALWAYS_REQUIRED), *SINGLE), ["surprise"]),
    "null_field": (lambda collection: REQUIRED.get(collection, ALWAYS_REQUIRED), None),
}
ROW_FAULTS = frozenset(("duplicate", "empty_page", "vanish", "unknown_field", *DAMAGE))
NAMES = (*REFUSALS, *ON_THE_WAY, "duplicate", "empty_page", "vanish", "unknown_field", *DAMAGE)


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a spec."""

    name: str
    probability: float = PROBABILITY
    where: str = ""

    def concerns(self, asked: str) -> bool:
        """Whether it may happen to a request for "<service><path>?<query>"."""
        return re.search(".*".join(map(re.escape, self.where.split("*"))), asked) is not None


def parse(spec: str) -> tuple[Fault, ...]:
    """Read a spec. ValueError says which entry is wrong and how."""
    return tuple(_entry(text.strip()) for text in spec.split(",") if text.strip())


def _entry(text: str) -> Fault:
    head, _, where = text.partition("@")
    name, colon, chance = head.partition(":")
    if name not in NAMES:
        raise ValueError(f"unknown fault {name!r} in {text!r}; known: {', '.join(NAMES)}")
    try:
        probability = float(chance) if colon else PROBABILITY
    except ValueError:
        raise ValueError(f"the probability in {text!r} is not a number") from None
    if not 0 <= probability <= 1:
        raise ValueError(f"the probability in {text!r} is not between 0 and 1")
    return Fault(name, probability, where)


def damage(name: str, collection: str, rows: list[Row], luck: random.Random) -> None:
    """Spoil one of the rows of a page, where the fault finds a field to spoil."""
    if not rows:
        return
    row = luck.choice(rows)
    if name == "unknown_field":
        row["surprise"] = "a field of tomorrow"
        return
    fields, value = DAMAGE[name]
    there = [field for field in fields(collection) if row.get(field) is not None]
    if there:
        row[luck.choice(there)] = value


def rows_of(body: bytes) -> tuple[list[Row], Any]:
    """The rows of a planner's page and the whole page, which holds them; any other body has none."""
    try:
        page = json.loads(body)
    except ValueError:
        return [], None
    fields = page if isinstance(page, dict) else {}
    return next(
        (fields[name] for name in ("data", "results") if isinstance(fields.get(name), list)), []
    ), page


def promises_more(page: Any) -> bool:
    return bool(page.get("hasMore") or page.get("paging", {}).get("next"))
