"""Explain a number: from a mart to its bookings, their days, their versions, and the raw page.

The parts are summed again and compared with the number: an explanation that does not add up says so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

import duckdb


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a booking as we knew it, and where on the wire it was first seen."""

    known_from: datetime
    known_to: datetime | None
    snapshot_id: str
    closed_by: str | None
    start_date: date
    end_date: date
    effort_unit: str
    effort_amount: float
    page_sha256: str
    page_position: int
    url: str | None
    fetched_at: datetime | None


@dataclass(slots=True)
class Part:
    """One booking's share of the number, by day in milliseconds."""

    source_key: str
    kind: str
    person: str | None
    project: str | None
    work_item: str | None
    leave_type: str | None
    effort_unit: str
    effort_amount: float
    start_date: date
    end_date: date
    is_tentative: bool
    days: dict[date, int] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)

    @property
    def ms(self) -> int:
        return sum(self.days.values())


@dataclass(frozen=True, slots=True)
class Explanation:
    """`numbers`: kind ('work', 'leave') -> what the mart says, in milliseconds; `parts` must add up to it."""

    title: str
    source: str
    numbers: dict[str, int]
    parts: list[Part]

    @property
    def sums(self) -> dict[str, int]:
        sums: dict[str, int] = defaultdict(int)
        for part in self.parts:
            sums[part.kind] += part.ms
        return {kind: sums[kind] for kind in self.numbers}

    @property
    def adds_up(self) -> bool:
        return self.sums == self.numbers


def person_week(
    con: duckdb.DuckDBPyConnection, who: str, day: date, source: str | None = None
) -> list[Explanation]:
    """Booked and leave hours of a person in the week of `day`, one explanation per planner.

    `who` is an e-mail address, an exact name, a key, or 'unassigned'. Raises LookupError when nobody, or
    more than one person of a planner, goes by it.
    """
    week = day - timedelta(days=day.weekday())
    rows = _find(con, _PEOPLE, who, source, "person")
    return [_explain_person(con, row, week) for row in rows]


def project_week(
    con: duckdb.DuckDBPyConnection, project: str, day: date, source: str | None = None
) -> list[Explanation]:
    """Booked hours of a project (code, exact name or key) in the week of `day`, one per planner."""
    week = day - timedelta(days=day.weekday())
    found = _find(con, _PROJECTS, project, source, "project")
    return [_explain_project(con, source, key, name, week) for source, key, name in found]


def booking(con: duckdb.DuckDBPyConnection, source: str, source_key: str) -> Explanation:
    """All covered days of one current booking, and all its versions. Raises LookupError if unknown."""
    versions = _versions(con, source, source_key)
    if not versions:
        raise LookupError(f"{source} has no booking {source_key}, now or before")
    spans = [(version.start_date, version.end_date) for version in versions]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    parts = [p for p in _parts(con, source, first, last) if p.source_key == source_key]
    return Explanation(f"booking {source_key}", source, {p.kind: p.ms for p in parts}, parts)


_PEOPLE = """
SELECT source, person_key, coalesce(person, 'unassigned work') AS name
FROM mart_resource
WHERE
    (lower(email) = lower($text) OR person = $text OR person_key = $text
     OR (person_key IS NULL AND $text = 'unassigned'))
    AND ($source IS NULL OR source = $source)
ORDER BY source, person_key
"""
_PROJECTS = """
SELECT source, project_key, name
FROM core_project_now
WHERE
    (lower(code) = lower($text) OR name = $text OR project_key = $text)
    AND ($source IS NULL OR source = $source)
ORDER BY source, project_key
"""


def _find(
    con: duckdb.DuckDBPyConnection, sql: str, text: str, source: str | None, what: str
) -> list[tuple[str, str | None, str]]:
    rows = con.execute(sql, {"text": text, "source": source}).fetchall()
    if not rows:
        raise LookupError(f"no {what} goes by {text!r}{f' in {source}' if source else ''}")
    doubled = [row for row in rows if sum(1 for other in rows if other[0] == row[0]) > 1]
    if doubled:
        keys = ", ".join(f"{source} {key}" for source, key, _ in doubled)
        raise LookupError(f"more than one {what} goes by {text!r}: ask by key ({keys})")
    return rows


def _explain_person(
    con: duckdb.DuckDBPyConnection, row: tuple[str, str | None, str], week: date
) -> Explanation:
    source, key, name = row
    numbers = con.execute(
        "SELECT booked_ms, leave_ms FROM mart_person_week"
        " WHERE source = ? AND person_key IS NOT DISTINCT FROM ? AND week = ?",
        [source, key, week],
    ).fetchall()
    booked, leave = numbers[0] if numbers else (0, 0)
    parts = _parts(con, source, week, week + timedelta(days=6), person_key=key, of_person=True)
    parts = [part for part in parts if part.kind in ("work", "leave")]
    return Explanation(f"{name}, week of {week}", source, {"work": booked, "leave": leave}, parts)


def _explain_project(
    con: duckdb.DuckDBPyConnection, source: str, key: str | None, name: str, week: date
) -> Explanation:
    numbers = con.execute(
        "SELECT booked_ms FROM mart_project_week WHERE source = ? AND project_key = ? AND week = ?",
        [source, key, week],
    ).fetchall()
    parts = _parts(con, source, week, week + timedelta(days=6), project_key=key, of_project=True)
    return Explanation(f"{name}, week of {week}", source, {"work": numbers[0][0] if numbers else 0}, parts)


def _parts(
    con: duckdb.DuckDBPyConnection,
    source: str,
    first: date,
    last: date,
    *,
    person_key: str | None = None,
    of_person: bool = False,
    project_key: str | None = None,
    of_project: bool = False,
) -> list[Part]:
    rows = _ask(
        con,
        "explain_parts",
        source=source,
        first=first,
        last=last,
        person_key=person_key,
        of_person=of_person,
        project_key=project_key,
        of_project=of_project,
    )
    parts: dict[str, Part] = {}
    for row in rows:
        day, ms = row.pop("day"), row.pop("ms")
        part = parts.setdefault(row["source_key"], Part(**row))
        part.days[day] = ms
    for part in parts.values():
        part.versions = _versions(con, source, part.source_key)
    return list(parts.values())


def _versions(con: duckdb.DuckDBPyConnection, source: str, source_key: str) -> list[Version]:
    versions: dict[tuple[datetime, str], Version] = {}
    for row in _ask(con, "explain_versions", source=source, source_key=source_key):
        version = Version(**row)
        versions.setdefault((version.known_from, version.snapshot_id), version)  # a page may stand twice
    return list(versions.values())


def _ask(con: duckdb.DuckDBPyConnection, name: str, **parameters: Any) -> list[dict[str, Any]]:
    result = con.execute(files(__package__).joinpath(f"{name}.sql").read_text(), parameters)
    columns = [column[0] for column in result.description]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
