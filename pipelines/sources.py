"""The two planners as the pull sees them: streams in order, how a row becomes records, what absence proves.

A new stream is one more line here. Wire formats stay in connectors, the model in transforms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from connectors.columns import Columns
from connectors.page import Page
from connectors.ruddr import wire as ruddr_wire
from connectors.ruddr.client import Ruddr
from connectors.tenthousandft import wire as tenthousandft_wire
from connectors.tenthousandft.client import TenThousandFt
from connectors.wire import Parsed
from pipelines.settings import Planner as PlannerSettings
from pipelines.settings import Settings
from transforms.model import Record
from transforms.normalise import ruddr, tenthousandft
from transforms.normalise.in_columns import ALLOCATIONS, ASSIGNMENTS, InColumns
from transforms.warehouse.load import Absence

# Normalise one row: (row, lists, page sha256, position on the page).
Normalise = Callable[[Any, Any, str, int], Iterable[Record]]


@dataclass(frozen=True, slots=True)
class Booked:
    """What it takes to ask a service for one booking."""

    source_key: str
    person_key: str | None
    assignable_key: str


@dataclass(frozen=True, slots=True)
class Stream:
    """`primary`: tables whose records stand one for one for rows on the wire (their counts must agree).

    `absence`: table -> condition under which a complete listing would have shown a current row.
    `elsewhere`: key of a row part of which another stream shows: what is missing here is not absent.
    `windowed`: bookings, which are asked for by dates; `in_columns`: how their pages are read in bulk.
    """

    name: str
    primary: tuple[str, ...]
    normalise: Normalise
    absence: Mapping[str, Absence] = field(default_factory=dict)
    windowed: bool = False
    in_columns: InColumns | None = None
    elsewhere: Callable[[Any], str | None] = lambda _row: None


@dataclass(frozen=True, slots=True)
class Source:
    """`parse`: a page row by row; `columns`: a flawless page of bookings in columns, None for any other.

    `lists`: what a booking's ids can mean, read from the model when its stream begins.

    `hints`: what the model knows that makes bookings faster to list, as arguments of the client's `list`.
    `show`: ask for one booking by its key: the page with it, or None when the service says it is gone.
    """

    name: str
    streams: tuple[Stream, ...]
    parse: Callable[[str, bytes], Parsed[Any]]
    columns: Callable[[str, bytes], Columns | None]
    connect: Callable[[Settings], Any]
    lists: Callable[[duckdb.DuckDBPyConnection], Any]
    hints: Callable[[duckdb.DuckDBPyConnection], dict[str, Any]]
    show: Callable[[Any, Booked], Page | None]


def _plain(function: Callable[[Any], Iterable[Record]]) -> Normalise:
    """A list's row needs no other list."""
    return lambda row, _lists, _sha256, _position: function(row)


def _unbooked(table_key: str, also: str = "true") -> Absence:
    """Rows of a list go when a complete listing lacks them, unless a current booking still names them."""
    return Absence(f"{also} AND NOT {_is_booked(table_key)}", present_in=(f"core.{table_key}",))


def _is_booked(table_key: str) -> str:
    return (
        f"core.{table_key} IN (SELECT {table_key} FROM core_booking_now AS b"  # noqa: S608 - our own names
        f" WHERE b.source = core.source AND {table_key} IS NOT NULL)"
    )


# Somebody who is kept for being booked keeps the working week: without it the hours would be other ones.
_BLOCKS = Absence(
    f"core.person_key IN (SELECT person_key FROM stage_core_person) OR NOT {_is_booked('person_key')}",  # noqa: S608 - our own names
    present_in=("core.person_key",),
)
# The list of its own has all blocks of the people it names, and names only those whose row was cut.
_CUT_BLOCKS = Absence(
    "core.person_key IN (SELECT person_key FROM stage_core_availability)",
    present_in=("core.availability_key",),
)
# Read-only rows of Ruddr carry their id in the middle of the key: a broken one is known by its id alone.
_OVERLAP = "core.start_date <= ? AND core.end_date >= ?"
_BOOKING_KEYS = ("core.source_key", "split_part(core.source_key, ':', 2)")
BOOKED = Absence(_OVERLAP, present_in=_BOOKING_KEYS)
TIME_OFF = Absence(f"{_OVERLAP} AND core.kind IN ('leave', 'holiday')", present_in=_BOOKING_KEYS)


def _tenthousandft(settings: Settings) -> TenThousandFt:
    section = _section(settings, "tenthousandft")
    return TenThousandFt(section.url, section.token.get_secret_value())


def _tenthousandft_lists(con: duckdb.DuckDBPyConnection) -> tenthousandft.Lists:
    return tenthousandft.Lists(
        people=dict(_rows(con, "core_person", "person_key, kind", "tenthousandft")),
        projects={key for (key,) in _rows(con, "core_project", "project_key", "tenthousandft")},
        phases=dict(_rows(con, "core_work_item", "work_item_key, project_key", "tenthousandft")),
        leave_types={key for (key,) in _rows(con, "core_leave_type", "leave_type_key", "tenthousandft")},
    )


def _show_assignment(client: TenThousandFt, booking: Booked) -> Page | None:
    return client.show_assignment(
        int(booking.source_key),
        user_id=None if booking.person_key is None else int(booking.person_key),
        assignable_id=int(booking.assignable_key),
    )


def _ruddr(settings: Settings) -> Ruddr:
    section = _section(settings, "ruddr")
    return Ruddr(section.url, section.token.get_secret_value())


def _ruddr_lists(con: duckdb.DuckDBPyConnection) -> ruddr.Lists:
    return ruddr.Lists(
        people={key for (key,) in _rows(con, "core_person", "person_key", "ruddr")},
        projects={key for (key,) in _rows(con, "core_project", "project_key", "ruddr")},
        tasks={key for (key,) in _rows(con, "core_work_item", "work_item_key", "ruddr")},
        leave_types={key for (key,) in _rows(con, "core_leave_type", "leave_type_key", "ruddr")},
    )


def _ruddr_hints(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    members = _rows(con, "core_person", "person_key", "ruddr", "kind = 'member' ORDER BY 1")
    return {"members": [key for (key,) in members]}


def _show_allocation(client: Ruddr, booking: Booked) -> Page | None:
    return client.show_allocation(booking.source_key)


_MEMBER = _unbooked("person_key", "core.kind = 'member'")
_PLACEHOLDER = _unbooked("person_key", "core.kind = 'placeholder'")
_PROJECT = _unbooked("project_key")
_WORK_ITEM = _unbooked("work_item_key")
_LEAVE_TYPE = _unbooked("leave_type_key")
_HOLIDAY = Absence("true", present_in=("core.holiday_key",))
_PEOPLE = {"core_person": _MEMBER, "core_availability": _BLOCKS}
_PROJECTS = {"core_project": _PROJECT, "core_work_item": _WORK_ITEM}
_BOOKINGS = {"core_booking": BOOKED}

TENTHOUSANDFT = Source(
    name="tenthousandft",
    streams=(
        Stream(
            "users",
            ("core_person",),
            _plain(tenthousandft.user),
            _PEOPLE,
            elsewhere=lambda row: None if row.availabilities_complete else str(row.id),
        ),
        Stream(
            "availabilities",
            ("core_availability",),
            _plain(tenthousandft.availability_row),
            {"core_availability": _CUT_BLOCKS},
        ),
        Stream(
            "placeholders", ("core_person",), _plain(tenthousandft.placeholder), {"core_person": _PLACEHOLDER}
        ),
        Stream("projects", ("core_project", "core_work_item"), _plain(tenthousandft.project), _PROJECTS),
        Stream(
            "leave_types",
            ("core_leave_type",),
            _plain(tenthousandft.leave_type),
            {"core_leave_type": _LEAVE_TYPE},
        ),
        Stream("holidays", ("core_holiday",), _plain(tenthousandft.holiday), {"core_holiday": _HOLIDAY}),
        Stream(
            "assignments",
            ("core_booking",),
            tenthousandft.assignment,
            _BOOKINGS,
            windowed=True,
            in_columns=ASSIGNMENTS,
        ),
    ),
    parse=tenthousandft_wire.parse,
    columns=tenthousandft_wire.columns,
    connect=_tenthousandft,
    lists=_tenthousandft_lists,
    hints=lambda _con: {},
    show=_show_assignment,
)

RUDDR = Source(
    name="ruddr",
    streams=(
        Stream("members", ("core_person",), _plain(ruddr.member), _PEOPLE),
        Stream("placeholders", ("core_person",), _plain(ruddr.placeholder), {"core_person": _PLACEHOLDER}),
        Stream("projects", ("core_project",), _plain(ruddr.project), {"core_project": _PROJECT}),
        Stream("tasks", ("core_work_item",), _plain(ruddr.task), {"core_work_item": _WORK_ITEM}),
        Stream(
            "allocations",
            ("core_booking",),
            ruddr.allocation,
            _BOOKINGS,
            windowed=True,
            in_columns=ALLOCATIONS,
        ),
    ),
    parse=ruddr_wire.parse,
    columns=ruddr_wire.columns,
    connect=_ruddr,
    lists=_ruddr_lists,
    hints=_ruddr_hints,
    show=_show_allocation,
)

SOURCES = {source.name: source for source in (TENTHOUSANDFT, RUDDR)}


def _section(settings: Settings, name: str) -> PlannerSettings:
    section: PlannerSettings | None = getattr(settings, name)
    if section is None:
        raise ValueError(f"no [{name}] section in the configuration: nothing to pull from")
    return section


def _rows(
    con: duckdb.DuckDBPyConnection, table: str, columns: str, source: str, also: str = "true"
) -> list[tuple[Any, ...]]:
    sql = f"SELECT {columns} FROM {table}_now WHERE source = ? AND {also}"  # noqa: S608 - our own names
    return con.execute(sql, [source]).fetchall()
