"""The studio's projects, with the phases of 10,000ft and the tasks of Ruddr."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from connectors.sandbox.studio.model import Phase, Project, Task
from connectors.sandbox.studio.words import CLIENTS, INTERNAL_CLIENT, PROJECT_ADJECTIVES, PROJECT_NOUNS, WORK

ROLES = ("Artist", "Lead", "Supervisor")

# Places in the list that are always the same kind of project.
TENTATIVE = 2
INTERNAL = 3
ARCHIVED = 4
NOT_IN_FTRACK = 5
ONLY_TENTHOUSANDFT = 6
ONLY_RUDDR = 7
WITHOUT_CODE = 8
WITHOUT_PARTS = 9
PAUSED = 10
CANCELLED = 11


def slate(people: int, first: date, last: date, rng: random.Random) -> tuple[Project, ...]:
    """Twelve projects and one more for every eight people; keys count from 1."""
    names = [f"{adjective} {noun}" for adjective in PROJECT_ADJECTIVES for noun in PROJECT_NOUNS]
    rng.shuffle(names)
    keys = iter(range(1, 1_000_000))
    return tuple(
        _odd(place, _project(place, names[place % len(names)], first, last, keys, rng))
        for place in range(12 + people // 8)
    )


def _project(place: int, name: str, first: date, last: date, keys: Any, rng: random.Random) -> Project:
    round_ = place // (len(PROJECT_ADJECTIVES) * len(PROJECT_NOUNS))
    title = f"{name} {round_ + 1}" if round_ else name
    works = tuple(work for work in WORK if rng.random() < 0.6) or WORK[:1]
    spread = rng.random()
    return Project(
        key=place + 1,
        code=f"{''.join(word[:2] for word in name.split()).upper()}{101 + place}",
        name=title,
        client=rng.choice(CLIENTS),
        state="tentative" if rng.random() < 0.12 else "confirmed",
        ruddr_status="in_progress",
        archived=rng.random() < 0.05,
        billable=rng.random() < 0.9,
        start=first,
        end=last,
        phases=_phases(works, first, last, keys, rng),
        tasks=tuple(Task(next(keys), work) for work in works if rng.random() < 0.9),
        roles=ROLES if rng.random() < 0.5 else (),
        ftrack_tasks=tuple(work for work in works if rng.random() < 0.95),
        in_tenthousandft=spread < 0.92,
        in_ruddr=not 0.82 <= spread < 0.92,
        in_ftrack=rng.random() < 0.95,
    )


def _phases(
    works: tuple[str, ...], first: date, last: date, keys: Any, rng: random.Random
) -> tuple[Phase, ...]:
    """Phases follow one another in the order of the pipeline and overlap a little."""
    step = (last - first) // max(len(works), 1)
    return tuple(
        Phase(
            next(keys), work, first + place * step, min(last, first + (place + 1) * step + timedelta(days=14))
        )
        for place, work in enumerate(works)
        if rng.random() < 0.9
    )


def _odd(place: int, project: Project) -> Project:
    """The project at a fixed place in the list, made the kind that place is known for."""
    if place > CANCELLED:
        return _settled(project)
    everywhere = {"in_tenthousandft": True, "in_ruddr": True, "in_ftrack": True}
    plain = {"state": "confirmed", "archived": False, "billable": True}
    changes: dict[int, dict[str, Any]] = {
        TENTATIVE: {"state": "tentative"},
        INTERNAL: {"state": "internal", "billable": False, "client": INTERNAL_CLIENT, "name": "Studio work"},
        ARCHIVED: {"archived": True},
        NOT_IN_FTRACK: {"in_ftrack": False},
        ONLY_TENTHOUSANDFT: {"in_ruddr": False},
        ONLY_RUDDR: {"in_tenthousandft": False},
        WITHOUT_CODE: {"code": None},
        WITHOUT_PARTS: {"phases": (), "tasks": (), "ftrack_tasks": ()},
        PAUSED: {"ruddr_status": "paused"},
        CANCELLED: {"ruddr_status": "cancelled"},
    }
    return _settled(replace(project, **{**plain, **everywhere, **changes.get(place, {})}))


def _settled(project: Project) -> Project:
    """The project with the status Ruddr would show for its state."""
    if project.state == "tentative":
        return replace(project, ruddr_status="tentative")
    return replace(project, ruddr_status="completed") if project.archived else project
