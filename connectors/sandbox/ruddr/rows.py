"""The studio as Ruddr would hold it: the rows of every collection, named as on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from connectors.sandbox.ruddr.hours import HOURS_FIELDS, Capacity, capacity_of, plain
from connectors.sandbox.studio import FULL_WEEK, Booking, Person, Project, Studio
from connectors.sandbox.studio.people import timeline
from connectors.sandbox.table import Row

NAMESPACE = UUID("7c0f5e0a-2a64-4c0e-9d2e-4f6f2f1f9a10")
HOLIDAY = "Holiday"
SECONDS_APART = 7


def stamp(moment: datetime) -> str:
    """A time as Ruddr writes it, in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def opening(studio: Studio) -> datetime:
    """When the workspace's first row was made: half a year before the studio's first booking."""
    return datetime(studio.year - 1, 4, 1, 8)  # noqa: DTZ001 - told in UTC, as every time of this service


def ref(row: Row) -> Row:
    """How a row is named inside another."""
    return {"id": row["id"], "name": row["name"]}


def rows_of(studio: Studio) -> dict[str, list[Row]]:
    """Every collection of the workspace, by stream, oldest first."""
    return _Rows(studio).streams


class _Rows:
    """Makes the rows of one studio, in the order they refer to one another."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._made = opening(studio)
        people = [person for person in studio.people if person.in_ruddr]
        projects = [project for project in studio.projects if project.in_ruddr]
        self.time_off_types = {
            name: self._new("time-off-type", name) for name in (*studio.leave_types, HOLIDAY)
        }
        self.clients = {
            name: self._client(name) for name in dict.fromkeys(project.client for project in projects)
        }
        self.people = {person.key: self._person(person) for person in people}
        self.projects = {project.key: self._project(project) for project in projects}
        self.roles = {(p.key, name): self._part("role", p, name) for p in projects for name in p.roles}
        self.first_roles = {p.key: self.roles[p.key, p.roles[0]] for p in projects if p.roles}
        self.tasks = {
            (p.key, task.name): self._part("task", p, task.name) for p in projects for task in p.tasks
        }
        self.capacities = {
            person.key: capacity_of(self.people[person.key]) for person in people if person.kind == "member"
        }
        self.time_entries: list[Row] = []
        self.allocations = [*self._bookings(), *self._holidays(people)]
        self._fill_all_at_once()
        self.streams = {
            "clients": list(self.clients.values()),
            "members": [self.people[p.key] for p in people if p.kind == "member"],
            "placeholders": [self.people[p.key] for p in people if p.kind == "placeholder"],
            "projects": list(self.projects.values()),
            "roles": list(self.roles.values()),
            "tasks": list(self.tasks.values()),
            "holidays": self._official_holidays(),
            "time_entries": self.time_entries,
            "allocations": self.allocations,
        }

    def _id(self, kind: str, *key: object) -> str:
        return str(uuid5(NAMESPACE, "/".join(map(str, (self.studio.seed, kind, *key)))))

    def _now(self) -> str:
        """A little after the row before."""
        self._made += timedelta(seconds=SECONDS_APART)
        return stamp(self._made)

    def _new(self, kind: str, name: str) -> Row:
        return {"id": self._id(kind, name), "name": name}

    def _client(self, name: str) -> Row:
        return {**self._new("client", name), "recordStatusId": "active", "createdAt": self._now()}

    def _person(self, person: Person) -> Row:
        row = {"id": self._id(person.kind, person.key), "name": person.name}
        if person.kind == "placeholder":
            return {**row, "createdAt": self._now()}
        none_at_all = person.hours_mon_first is not None and not any(person.hours_mon_first)
        weeks = () if none_at_all else timeline(person.blocks, FULL_WEEK)
        return {
            **row,
            "email": person.ruddr_email,
            "isActive": not person.archived,
            "activeStartDate": _day(person.hire_date),
            "activeEndDate": _day(person.termination_date),
            "employmentTypeId": "contractor" if none_at_all else "employee",
            "holidaySchedule": self._new("holiday-schedule", person.holiday_schedule),
            "availabilityPeriods": [
                {
                    "id": self._id("availability-period", person.key, number),
                    "start": _day(block.start),
                    "end": _day(block.end),
                    "hoursPerDay": list(block.hours),
                }
                for number, block in enumerate(weeks)
            ],
            "timeOffTypes": [self.time_off_types[name] for name in self.studio.leave_types],
            "createdAt": self._now(),
        }

    def _project(self, project: Project) -> Row:
        return {
            "id": self._id("project", project.key),
            "key": "-".join(project.name.lower().split()),
            "name": project.name,
            "code": project.code,
            "statusId": project.ruddr_status,
            "isBillable": project.billable,
            "client": ref(self.clients[project.client]),
            "recordStatusId": "archived" if project.archived else "active",
            "createdAt": self._now(),
        }

    def _part(self, kind: str, project: Project, name: str) -> Row:
        """A role or task of a project."""
        return {
            "id": self._id(kind, project.key, name),
            "name": name,
            "isBillable": project.billable,
            "project": project_ref(self.projects[project.key]),
            "createdAt": self._now(),
        }

    def _bookings(self) -> Iterator[Row]:
        for booking in self.studio.bookings:
            if booking.planner != "ruddr":
                continue
            if booking.entity == "time_entry":
                yield from self._sick_days(booking)
            else:
                yield self._allocation(booking)

    def _allocation(self, booking: Booking) -> Row:
        person = self.people[booking.person_key or 0]
        own = project = role = task = None
        if booking.project_key is not None:
            own = self.projects[booking.project_key]
            project = project_ref(own)
            task = self.tasks.get((booking.project_key, booking.work or ""))
            role = self.first_roles.get(booking.project_key)
        return allocation(
            id=self._id("allocation", booking.key),
            start=str(booking.start),
            end=str(booking.end),
            **effort(booking.unit, booking.amount),
            **({} if booking.on_time_off == "missing" else {"allocateOnTimeOffDays": booking.on_time_off}),
            **({} if booking.soft is None else {"bookingTypeId": "soft" if booking.soft else "confirmed"}),
            isBillable=bool(own and own["isBillable"]),
            notes=booking.note or None,
            createdAt=self._now(),
            **_who(person),
            project=project,
            role=ref(role) if role else None,
            task=ref(task) if task else None,
            timeOffType=self.time_off_types[booking.leave] if booking.leave else None,
        )

    def _fill_all_at_once(self) -> None:
        """Seed 002's own sample names a member, a placeholder, a project and a time-off type in one row."""
        members = [row for row in self.people.values() if "email" in row]
        for row in self.allocations:
            if members and row["resourceTypeId"] == "placeholder":
                row.update(member=ref(members[0]), timeOffType=self.time_off_types[HOLIDAY])
                return

    def _sick_days(self, booking: Booking) -> Iterator[Row]:
        """Time off that was entered in a time sheet: a row a day, and the time entry behind it."""
        member, capacity = self.people[booking.person_key or 0], self.capacities[booking.person_key or 0]
        kind = self.time_off_types[str(booking.leave)]
        for day in _days_with_capacity(capacity, booking.start, booking.end):
            key, made = self._id("time-entry", booking.key, day), self._now()
            self.time_entries.append(_time_entry(key, day, booking.amount, member, kind, made))
            yield _read_only("time_entry", key, day, booking.amount, member, kind, made, "")

    def _holidays(self, people: Iterable[Person]) -> Iterator[Row]:
        """A row for every member and official holiday of their schedule that takes capacity away."""
        for person in people:
            if person.kind == "placeholder":
                continue
            member, capacity = self.people[person.key], self.capacities[person.key]
            for holiday in self.studio.holidays:
                hours = plain(capacity(holiday.day, holiday.day)[0])
                if hours and person.holiday_schedule in holiday.schedules:
                    key = self._id("holiday", holiday.day, person.key)
                    kind = self.time_off_types[HOLIDAY]
                    yield _read_only(
                        "holiday", key, holiday.day, hours, member, kind, self._now(), holiday.name
                    )

    def _official_holidays(self) -> list[Row]:
        names = dict.fromkeys(holiday.name for holiday in self.studio.holidays)
        return [
            {
                "id": self._id("official-holiday", name),
                "name": name,
                "description": None,
                "readOnly": False,
                "isActive": True,
                "createdAt": self._now(),
                "occurrences": [str(holiday.day) for holiday in self.studio.holidays if holiday.name == name],
            }
            for name in names
        ]


def allocation(**fields: Any) -> Row:
    """An allocation with every field the contract has, in its order; what is not said is null.

    `allocateOnTimeOffDays` and `bookingTypeId` are there only if given. `totalHours` is for the workspace
    to work out, which knows of the other time off.
    """
    project = fields.get("project")
    plain: Row = {
        "id": None,
        "resourceTypeId": "member" if fields.get("member") else "placeholder",
        "assignmentTypeId": "project" if project else "time_off",
        "start": None,
        "end": None,
        "unit": None,
        **dict.fromkeys(HOURS_FIELDS.values()),
        **{name: fields[name] for name in ("allocateOnTimeOffDays", "bookingTypeId") if name in fields},
        "totalHours": None,
        "isBillable": False,
        "notes": None,
        "readOnly": False,
        "entity": "allocation",
        "createdAt": None,
        **dict.fromkeys(("member", "placeholder", "project", "role", "task", "timeOffType")),
    }
    return {**plain, **fields}


def effort(unit: str, amount: float) -> Row:
    """The unit and its hours field; the other hours fields are null."""
    return {"unit": unit, **dict.fromkeys(HOURS_FIELDS.values()), HOURS_FIELDS[unit]: amount}


def project_ref(project: Row) -> Row:
    """How a project is named inside another row: with its client."""
    return {**ref(project), "client": project["client"]}


def _who(person: Row) -> Row:
    """Members have an e-mail field, placeholders do not."""
    return {"member" if "email" in person else "placeholder": ref(person)}


def _day(day: object) -> str | None:
    return None if day is None else str(day)


def _days_with_capacity(capacity: Capacity, start: date, end: date) -> list[date]:
    return [start + timedelta(days=offset) for offset, hours in enumerate(capacity(start, end)) if hours]


def _read_only(
    entity: str, key: str, day: date, hours: float, member: Row, kind: Row, made: str, notes: str
) -> Row:
    return allocation(
        id=key,
        start=str(day),
        end=str(day),
        **effort("day", hours),
        notes=notes or None,
        readOnly=True,
        entity=entity,
        createdAt=made,
        member=ref(member),
        timeOffType=kind,
    )


def _time_entry(key: str, day: date, hours: float, member: Row, kind: Row, made: str) -> Row:
    return {
        "id": key,
        "typeId": "time_off",
        "statusId": "approved",
        "date": str(day),
        "minutes": round(hours * 60),
        "notes": None,
        "createdAt": made,
        "member": ref(member),
        "project": None,
        "role": None,
        "task": None,
        "timeOffType": kind,
        "isBillable": False,
    }
