"""Explain a number: from a mart to its bookings, their days, their versions, and the raw page.

The parts are summed again and compared with the number: an explanation that does not add up says so.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from transforms.policy import Policy
from transforms.totals import steps

UNPLACED = "no working day in the span"
_DEFAULTS = Policy.model_validate({}).model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a booking as we knew it, and where on the wire it was first seen (`url` None: unknown).

    `closed_by` is the snapshot that proved it changed or gone.
    """

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
    """One booking's share of the number, by day in milliseconds; `unplaced_ms` stands on no day."""

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
    unplaced_ms: int = 0
    versions: list[Version] = field(default_factory=list)

    @property
    def ms(self) -> int:
        return sum(self.days.values()) + self.unplaced_ms


@dataclass(frozen=True, slots=True)
class CapacityDay:
    """What a person can work on a day: contracted, taken by holidays, and left after full-day leave too."""

    day: date
    contracted_ms: int
    holiday_ms: int
    capacity_ms: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """`numbers`: what the marts say, in milliseconds, by kind: work, leave, and of people holiday, capacity.

    `parts` and `capacity` must add up to them. `remarks`: what the numbers alone would hide. `policy`: the
    rules the numbers were made with, by their keys in the configuration.
    """

    title: str
    source: str
    numbers: dict[str, int]
    parts: list[Part]
    capacity: list[CapacityDay] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    policy: dict[str, Any] = field(default_factory=dict)

    @property
    def unusual_policy(self) -> dict[str, Any]:
        """The rules that are not the default and can have touched these numbers."""
        others = {"tenthousandft", "ruddr"} - {self.source}
        return {
            key: value
            for key, value in self.policy.items()
            if key.split("_")[0] not in others and value != _DEFAULTS.get(key)
        }

    @property
    def sums(self) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for part in self.parts:
            sums[part.kind] += part.ms
        for day in self.capacity:
            sums.update(holiday=day.holiday_ms, capacity=day.capacity_ms)
        return {kind: sums[kind] for kind in self.numbers}

    @property
    def adds_up(self) -> bool:
        return self.sums == self.numbers


def person_week(
    con: duckdb.DuckDBPyConnection, who: str, day: date, source: str | None = None
) -> list[Explanation]:
    """Booked and leave hours and capacity of a person in the week of `day`, one explanation per planner.

    `who` is an e-mail address, an exact name, a key, or 'unassigned'. Raises LookupError when nobody, or
    more than one person of a planner, goes by it, or when nothing was totalled yet.
    """
    week = day - timedelta(days=day.weekday())
    return [_person(con, *found, week) for found in _find(con, _PEOPLE, who, source, "person")]


def project_week(
    con: duckdb.DuckDBPyConnection, project: str, day: date, source: str | None = None
) -> list[Explanation]:
    """Booked hours of a project (code, exact name or key) in the week of `day`, one per planner.

    Raises LookupError as `person_week` does.
    """
    week = day - timedelta(days=day.weekday())
    return [_project(con, *found, week) for found in _find(con, _PROJECTS, project, source, "project")]


def booking(con: duckdb.DuckDBPyConnection, source: str, source_key: str) -> Explanation:
    """One booking over its whole span, also one that is gone, with all its versions.

    Raises LookupError if no pull ever brought it, or when nothing was totalled yet.
    """
    _require_totals(con)
    rows = _ask(con, "explain_booking", source=source, source_key=source_key)
    if not rows:
        raise LookupError(f"{source} has no booking {source_key!r}, now or before")
    total_ms, flag = rows[0]["total_ms"], rows[0]["flag"]
    [part] = _parts(con, source, ({k: v for k, v in row.items() if k not in _OF_BOOKING} for row in rows))
    remarks = []
    if total_ms is None:
        last = part.versions[-1]
        remarks.append(f"The booking is gone: snapshot {last.closed_by} proved it.")
    if flag == UNPLACED:
        part.unplaced_ms = round(part.effort_amount * 3_600_000)
        remarks.append("Its span has no working day: the hours keep their total and stand on no day.")
    elif flag is not None:
        remarks.append(f"Its total {flag}.")
    numbers = {} if total_ms is None else {part.kind: total_ms}
    return Explanation(f"booking {source_key}", source, numbers, [part], remarks=remarks, policy=_policy(con))


_OF_BOOKING = ("total_ms", "flag")
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
    """(source, key, name) of what goes by `text`, at most one per source."""
    _require_totals(con)
    rows = con.execute(sql, {"text": text, "source": source}).fetchall()
    if not rows:
        raise LookupError(f"no {what} goes by {text!r}{f' in {source}' if source else ''}")
    per_source = Counter(row[0] for row in rows)
    doubled = [f"{row[0]} {row[1]!r}" for row in rows if per_source[row[0]] > 1]
    if doubled:
        raise LookupError(f"more than one {what} goes by {text!r}: ask by key ({', '.join(doubled)})")
    return rows


def _require_totals(con: duckdb.DuckDBPyConnection) -> None:
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'mart_person_week'").fetchall():
        raise LookupError("nothing was pulled into this warehouse yet: run `crewtally pull` first")


def _person(
    con: duckdb.DuckDBPyConnection, source: str, key: str | None, name: str, week: date
) -> Explanation:
    rows = con.execute(
        "SELECT booked_ms, leave_ms, holiday_ms, capacity_ms FROM mart_person_week"
        " WHERE source = ? AND person_key IS NOT DISTINCT FROM ? AND week = ?",
        [source, key, week],
    ).fetchall()
    numbers = dict(
        zip(("work", "leave", "holiday", "capacity"), rows[0] if rows else (0, 0, 0, 0), strict=True)
    )
    parts = _week_parts(con, source, week, person_key=key, of_person=True)
    # Those without hours have no row in a week in which they are not expected to work: no capacity either.
    capacity = _capacity(con, source, key, week) if rows else []
    remarks = _coverage(con, source, week)
    title = f"{name}, week of {week}"
    return Explanation(title, source, numbers, parts, capacity, remarks, _policy(con))


def _project(
    con: duckdb.DuckDBPyConnection, source: str, key: str | None, name: str, week: date
) -> Explanation:
    rows = con.execute(
        "SELECT booked_ms FROM mart_project_week WHERE source = ? AND project_key = ? AND week = ?",
        [source, key, week],
    ).fetchall()
    parts = _week_parts(con, source, week, project_key=key, of_project=True)
    numbers, remarks = {"work": rows[0][0] if rows else 0}, _coverage(con, source, week)
    title = f"{name}, week of {week}"
    return Explanation(title, source, numbers, parts, remarks=remarks, policy=_policy(con))


def _policy(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What the marts say they were made with; a rule younger than they are was its default then."""
    [(stored,)] = con.execute("SELECT policy::VARCHAR FROM mart_policy").fetchall()
    return {**_DEFAULTS, **json.loads(stored)}


def _capacity(con: duckdb.DuckDBPyConnection, source: str, key: str | None, week: date) -> list[CapacityDay]:
    rows = con.execute(
        "SELECT day, contracted_ms, contracted_ms - work_ms, effective_ms FROM mart_calendar"
        " SEMI JOIN mart_coverage USING (source, day)"
        " WHERE source = ? AND person_key IS NOT DISTINCT FROM ? AND day BETWEEN ? AND ? ORDER BY day",
        [source, key, week, week + timedelta(days=6)],
    ).fetchall()
    return [CapacityDay(*row) for row in rows]


def _coverage(con: duckdb.DuckDBPyConnection, source: str, week: date) -> list[str]:
    """A remark when the week was not read whole: hours of the other days are not zero, but unknown."""
    [(days,)] = con.execute(
        "SELECT count(*) FROM mart_coverage WHERE source = ? AND day BETWEEN ? AND ?",
        [source, week, week + timedelta(days=6)],
    ).fetchall()
    if days == 7:
        return []
    seen = f"only {days} of its 7 days were" if days else "none of its days was"
    return [f"The week was not pulled whole: {seen} covered."]


def _week_parts(
    con: duckdb.DuckDBPyConnection,
    source: str,
    week: date,
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
        first=week,
        last=week + timedelta(days=6),
        person_key=person_key,
        of_person=of_person,
        project_key=project_key,
        of_project=of_project,
    )
    return _parts(con, source, rows)


def _parts(con: duckdb.DuckDBPyConnection, source: str, rows: Iterable[dict[str, Any]]) -> list[Part]:
    """Rows of booking-days (day None: none) made one part per booking, in order, with the versions."""
    parts: dict[str, Part] = {}
    for row in rows:
        day, ms = row.pop("day"), row.pop("ms")
        part = parts.setdefault(row["source_key"], Part(**row))
        if day is not None:
            part.days[day] = ms
    versions = _versions(con, source, list(parts))
    for key, part in parts.items():
        part.versions = versions[key]
    return list(parts.values())


def _versions(
    con: duckdb.DuckDBPyConnection, source: str, source_keys: list[str]
) -> dict[str, list[Version]]:
    """Versions by booking, oldest first: one question for all of them."""
    versions: dict[str, list[Version]] = defaultdict(list)
    for row in _ask(con, "explain_versions", source=source, source_keys=source_keys):
        versions[row.pop("source_key")].append(Version(**row))
    return versions


def _ask(con: duckdb.DuckDBPyConnection, name: str, **parameters: Any) -> list[dict[str, Any]]:
    result = con.execute(steps.text(name), parameters)
    columns = [column[0] for column in result.description]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
