"""The studio as 10,000ft would hold it: the rows of every collection, named as on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.studio import Block, Booking, Person, Project, Studio
from connectors.sandbox.studio.words import DISCIPLINES
from connectors.sandbox.table import Row

# Ids. People and placeholders share one space; so do projects, phases and leave types.
PEOPLE = 30_000
PROJECTS = 1_000_000
PHASES = 2_000_000
LEAVE_TYPES = 3_000_000
AVAILABILITIES = 400
HOLIDAYS = 7_000
BILL_RATES = 4_200
STATUS_OPTIONS = 60
ASSIGNMENTS = 8_000_000
SUBTASKS = 9_000

STATES = {"confirmed": "Confirmed", "tentative": "Tentative", "internal": "Internal"}
STATUSES = ("Planned", "In progress", "Done")


def stamp(moment: datetime) -> str:
    """A time as 10,000ft writes it, in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def opening(studio: Studio) -> datetime:
    """When the account's first row was made: half a year before the studio's first booking."""
    return datetime(studio.year - 1, 4, 1, 8)  # noqa: DTZ001 - told in UTC, as every time of this service


def rows_of(studio: Studio) -> dict[str, list[Row]]:
    """Every collection of the account, by stream, in the order of the ids."""
    made = stamp(opening(studio))
    people = [person for person in studio.people if person.in_tenthousandft]
    projects = [project for project in studio.projects if project.in_tenthousandft]
    assignments = _assignments(studio, people, projects)
    return {
        "users": [_user(person, made) for person in people if person.kind == "member"],
        "placeholders": [_placeholder(person, made) for person in people if person.kind == "placeholder"],
        "availabilities": _availabilities(people, made),
        "projects": [row for project in projects for row in _project_and_phases(project, made)],
        "leave_types": [
            _named(LEAVE_TYPES + number, name, made, type="LeaveType")
            for number, name in enumerate(studio.leave_types, start=1)
        ],
        "holidays": [
            {"id": HOLIDAYS + holiday.key, "date": str(holiday.day), "name": holiday.name}
            for holiday in studio.holidays
        ],
        "roles": _values(sorted({person.role for person in people})),
        "disciplines": _values(sorted(DISCIPLINES)),
        "bill_rates": [_bill_rate(number, made) for number in range(1, len(DISCIPLINES) + 1)],
        "status_options": [
            {"id": STATUS_OPTIONS + number, "label": label, "order": number}
            for number, label in enumerate(STATUSES, start=1)
        ],
        "assignments": assignments,
        "subtasks": _subtasks(assignments),
    }


def _named(key: int, name: str, made: str, **more: Any) -> Row:
    return {"id": key, "name": name, **more, "created_at": made, "updated_at": made}


def _values(names: Iterable[str]) -> list[Row]:
    return [{"id": number, "value": name} for number, name in enumerate(names, start=1)]


def _bill_rate(number: int, made: str) -> Row:
    return {
        "id": BILL_RATES + number,
        "rate": float(60 + 5 * number),
        "discipline_id": number,
        "role_id": None,
        "user_id": None,
        "assignable_id": None,
        "starts_at": None,
        "ends_at": None,
        "created_at": made,
        "updated_at": made,
    }


def _day(day: object) -> str | None:
    return None if day is None else str(day)


def _user(person: Person, made: str) -> Row:
    return {
        "id": PEOPLE + person.key,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "display_name": person.name,
        "email": person.email,
        "archived": person.archived,
        "hire_date": _day(person.hire_date),
        "termination_date": _day(person.termination_date),
        "role": person.role,
        "discipline": person.discipline,
        "location": "Remote" if person.holiday_schedule == "Remote" else "Main stage",
        "type": "User",
        "billability_target": 80.0,
        "created_at": made,
        "updated_at": made,
    }


def _placeholder(person: Person, made: str) -> Row:
    return {
        "id": PEOPLE + person.key,
        "title": person.name,
        "display_name": person.name,
        "role": person.role,
        "discipline": person.discipline,
        "location": None,
        "archived": False,
        "type": "PlaceholderResource",
        "created_at": made,
        "updated_at": made,
    }


def _availabilities(people: Iterable[Person], made: str) -> list[Row]:
    blocks = [(person, block) for person in people for block in person.blocks]
    return [
        _availability(AVAILABILITIES + number, PEOPLE + person.key, block, made)
        for number, (person, block) in enumerate(blocks, start=1)
    ]


def _availability(key: int, user_id: int, block: Block, made: str) -> Row:
    """A part-time block. `day0` is Sunday; the studio's week starts on Monday."""
    sunday_first = (block.hours[6], *block.hours[:6])
    return {
        "id": key,
        "user_id": user_id,
        "starts_at": _day(block.start),
        "ends_at": _day(block.end),
        **{f"day{number}": hours for number, hours in enumerate(sunday_first)},
        "created_at": made,
        "updated_at": made,
    }


def _project_and_phases(project: Project, made: str) -> Iterable[Row]:
    whole = {
        "id": PROJECTS + project.key,
        "name": project.name,
        "phase_name": None,
        "parent_id": None,
        "type": "Project",
        "project_code": project.code,
        "client": project.client,
        "project_state": STATES[project.state],
        "archived": project.archived,
        "starts_at": str(project.start),
        "ends_at": str(project.end),
        "deleted_at": None,
        "created_at": made,
        "updated_at": made,
    }
    yield whole
    for phase in project.phases:
        yield {
            **whole,
            "id": PHASES + phase.key,
            "parent_id": PROJECTS + project.key,
            "phase_name": phase.name,
            "starts_at": str(phase.start),
            "ends_at": str(phase.end),
        }


def _assignments(studio: Studio, people: Iterable[Person], projects: Iterable[Project]) -> list[Row]:
    disciplines = {person.key: list(DISCIPLINES).index(person.discipline) + 1 for person in people}
    shows = {project.key: project for project in projects}
    assignables = _assignables(studio, shows.values())
    first = opening(studio)
    found = []
    for booking in studio.bookings:
        if booking.planner != "tenthousandft":
            continue
        target = assignables[booking.project_key, booking.work or booking.leave]
        billable = booking.project_key is not None and shows[booking.project_key].billable
        rate = disciplines.get(booking.person_key or 0) if billable else None
        made = stamp(first + timedelta(minutes=booking.key % 200_000))
        found.append(_assignment(booking, target, rate, made))
    return found


def _assignables(studio: Studio, projects: Iterable[Project]) -> dict[tuple[int | None, str | None], int]:
    """Ids by (project, phase): phase None is the whole project, project None a leave type by its name."""
    ids: dict[tuple[int | None, str | None], int] = {}
    for number, name in enumerate(studio.leave_types, start=1):
        ids[None, name] = LEAVE_TYPES + number
    for project in projects:
        ids[project.key, None] = PROJECTS + project.key
        for phase in project.phases:
            ids[project.key, phase.name] = PHASES + phase.key
    return ids


def effort(mode: str, amount: float, *, blank: bool) -> Row:
    """The fields of an allocation mode. Those of the other modes are null, or, unless `blank`, left out."""
    own = "fixed_hours" if mode == "fixed" else mode
    fields: Row = {"allocation_mode": mode}
    for name in ("percent", "hours_per_day", "fixed_hours"):
        if name == own:
            fields[name] = amount
        elif blank:
            fields[name] = None
    return fields


def _assignment(booking: Booking, assignable_id: int, rate: int | None, made: str) -> Row:
    status = booking.key % 9 if booking.project_key else None
    known = status is not None and status < len(STATUSES)
    return {
        "id": ASSIGNMENTS + booking.key,
        **effort(booking.unit, booking.amount, blank=booking.key % 2 == 0),
        "user_id": PEOPLE + booking.person_key if booking.person_key else None,
        "assignable_id": assignable_id,
        "ends_at": str(booking.end),
        "starts_at": str(booking.start),
        "bill_rate": float(60 + 5 * rate) if rate else None,
        "bill_rate_id": BILL_RATES + rate if rate else None,
        "repetition_id": ASSIGNMENTS + booking.series if booking.series else None,
        "created_at": made,
        "updated_at": made,
        "all_day_assignment": True,
        "resource_request_id": None,
        "status": None,
        "status_option_id": STATUS_OPTIONS + 1 + status if known and status is not None else None,
        "description": booking.work or "",
        "note": booking.note or None,
    }


def _subtasks(assignments: list[Row]) -> list[Row]:
    """To-do lines on every fortieth assignment, one to three each."""
    found: list[Row] = []
    for place, assignment in enumerate(assignments[::40]):
        for line in range(1 + place % 3):
            found.append(
                {
                    "id": SUBTASKS + len(found) + 1,
                    "assignment_id": assignment["id"],
                    "assignable_id": assignment["assignable_id"],
                    "description": ("Block out", "Refine", "Hand over")[line],
                    "completed": line == 0,
                    "updated_at": assignment["updated_at"],
                    "created_at": assignment["created_at"],
                    "updated_by": PEOPLE + 1,
                }
            )
    return found
