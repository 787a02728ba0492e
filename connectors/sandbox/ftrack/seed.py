"""Fills a store with the sandbox's studio as its people would have: users, teams, projects, tasks, logged
time, and a few bookings made by hand in ftrack, which no sync made and none may touch.

Everything follows from the studio: the same studio gives the same ids and values. Who or what the studio says
is not in ftrack is left out; two people of one name stay two users, and one of them has no e-mail.
"""

from __future__ import annotations

import random
import unicodedata
import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from connectors.sandbox.ftrack.builtin import builtin_id, builtin_rows
from connectors.sandbox.ftrack.store import Store
from connectors.sandbox.studio import Person, Project, Studio

_NAMESPACE = uuid.UUID("c0d6f0a6-6f1d-5f0e-9a52-7f4c5c3ad0b2")
_TYPES = {data["name"] for entity_type, data in builtin_rows() if entity_type == "Type"}
_HOUR = 3600
HAND_MADE = 6
"""How many bookings, and as many assignments, people made by hand."""


def populate(store: Store, studio: Studio) -> None:
    """Add the studio's rows to an empty store."""
    rng = random.Random(f"{studio.seed}/ftrack")  # noqa: S311 - a story, not a secret
    with store.transaction():
        store.add(
            "User", id=row_id("User", "api"), username=store.user, first_name="Pipeline", last_name="API"
        )
        users = _users(store, studio.people)
        tasks = _tasks(store, studio.projects, rng)
        if users and tasks:
            _timelogs(store, studio, users, tasks, rng)
            _hand_made(store, studio, users, tasks, rng)


def row_id(entity_type: str, key: object) -> str:
    """The id of the row made from a studio record: `row_id("User", person.key)`."""
    return str(uuid.uuid5(_NAMESPACE, f"{entity_type}:{key}"))


def _users(store: Store, people: Iterable[Person]) -> list[str]:
    """Users of the members ftrack knows, in the team of their discipline; ids of the active ones."""
    active: list[str] = []
    taken: set[str] = set()
    for person in people:
        if person.kind == "placeholder" or not person.in_ftrack:
            continue
        username = _username(person, taken)
        user = store.add(
            "User",
            id=row_id("User", person.key),
            username=username,
            first_name=person.first_name,
            last_name=person.last_name,
            email=person.email,
            is_active=not person.archived,
        )
        _join(store, user, person.discipline)
        if not person.archived:
            active.append(user)
    return active


def _username(person: Person, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", person.name.replace("ø", "o").replace("Ø", "O"))
    name = ".".join(plain.encode("ascii", "ignore").decode().lower().split())
    name = f"{name}.{person.key}" if name in taken else name
    taken.add(name)
    return name


def _join(store: Store, user: str, team: str) -> None:
    group = row_id("Group", team)
    if group not in store.entities["Group"]:
        store.add("Group", id=group, name=team)
    store.add("Membership", id=row_id("Membership", user), user_id=user, group_id=group)


def _tasks(store: Store, projects: Iterable[Project], rng: random.Random) -> list[str]:
    """Projects with their tasks; ids of the tasks of projects still going on."""
    open_tasks: list[str] = []
    for project in projects:
        if not project.in_ftrack:
            continue
        parent = store.add(
            "Project",
            id=row_id("Project", project.key),
            name=project.code or project.name,
            full_name=project.name,
            status="hidden" if project.archived else "active",
            start_date=project.start,
            end_date=project.end,
        )
        made = [_task(store, parent, project, name, rng) for name in project.ftrack_tasks]
        open_tasks.extend([] if project.archived else made)
    return open_tasks


def _task(store: Store, parent: str, project: Project, name: str, rng: random.Random) -> str:
    kind = builtin_id("Type", name if name in _TYPES else "Generic")
    bid = float(rng.randrange(40, 801, 20) * _HOUR)
    key = row_id("Task", f"{project.key}/{name}")
    return store.add("Task", id=key, name=name, parent_id=parent, type_id=kind, bid=bid)


def _timelogs(store: Store, studio: Studio, users: list[str], tasks: list[str], rng: random.Random) -> None:
    """Two stretches of work on every task, in whole quarters of an hour."""
    days = (studio.last - studio.first).days
    for task in tasks:
        for turn in range(2):
            start = datetime.combine(studio.first, time(9)) + timedelta(days=rng.randrange(days))
            duration = float(rng.randrange(1, 33) * _HOUR / 4)
            key = row_id("Timelog", f"{task}/{turn}")
            user = rng.choice(users)
            store.add("Timelog", id=key, user_id=user, context_id=task, start=start, duration=duration)


def _hand_made(store: Store, studio: Studio, users: list[str], tasks: list[str], rng: random.Random) -> None:
    """Bookings of a few weeks, some of them leave, and assignments to tasks."""
    for number in range(HAND_MADE):
        start = date(studio.year, 1 + 2 * number % 12, rng.randint(1, 20))
        span = {"start": start, "end": start + timedelta(days=rng.randrange(5, 26))}
        user, task = rng.choice(users), rng.choice(tasks)
        if store.dialect == "seed":
            _by_hand_seed(store, number, user, task, span)
        else:
            _by_hand_studio(store, number, user, task, span)


def _by_hand_seed(store: Store, number: int, user: str, task: str, span: dict[str, Any]) -> None:
    kind = "Vacation" if number % 3 == 2 else "Project Work"
    key = f"hand/{number}"
    value = 1.0 if number % 2 else 0.5
    store.add(
        "Allocation",
        id=row_id("Allocation", key),
        resource_id=user,
        allocation_type=kind,
        value=value,
        **span,
    )
    key = row_id("Assignment", key)
    store.add("Assignment", id=key, context_id=task, resource_id=user, assignment_type="Creative Work")


def _by_hand_studio(store: Store, number: int, user: str, task: str, span: dict[str, Any]) -> None:
    leave, key = number % 3 == 2, f"hand/{number}"
    project = None if leave else store.entities["Task"][task]["project_id"]
    name = "Holiday" if leave else "Booked by hand"
    event = row_id("CalendarEvent", key)
    store.add("CalendarEvent", id=event, name=name, project_id=project, leave=leave, effort=1.0, **span)
    link = row_id("CalendarEventResource", key)
    store.add("CalendarEventResource", id=link, calendar_event_id=event, resource_id=user)
    for kind, context in (("assignment", task), ("allocation", store.entities["Task"][task]["project_id"])):
        key = row_id("Appointment", f"hand/{number}/{kind}")
        store.add("Appointment", id=key, context_id=context, resource_id=user, type=kind)
