"""Casts the studio: members with all the oddities real staff lists have, then placeholders."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from connectors.sandbox.studio.model import FULL_WEEK, Block, Person, Week
from connectors.sandbox.studio.words import DISCIPLINES, FIRST_NAMES, LAST_NAMES

MAIL_DOMAIN = "studio.example"

FOUR_DAYS: Week = (8, 8, 8, 8, 0, 0, 0)
SHORT_DAYS: Week = (7.5, 7.5, 7.5, 7.5, 7.5, 0, 0)
MORNINGS: Week = (4, 4, 4, 4, 4, 0, 0)
LATE_WEEK: Week = (0, 0, 6, 7.25, 8, 4, 0)
NO_HOURS: Week = (0, 0, 0, 0, 0, 0, 0)

# Places in the staff list that are always the same kind of person, so that forty people show every kind.
MONDAY_TO_THURSDAY = 1
DECIMAL_HOURS = 2
WITHOUT_EMAIL = 3
MAIL_IN_OTHER_CASE = 4
NAMESAKE_WITHOUT_EMAIL = 5
NAMESAKE = 6
OVERLAPPING_BLOCKS = 7
BOUNDED_BLOCK = 8
LEAVER = 9
ZERO_CAPACITY = 10
ARCHIVED = 11
NOT_IN_FTRACK = 12
ONLY_TENTHOUSANDFT = 13
ONLY_RUDDR = 14
JOINER = 15


def cast(people: int, year: int, rng: random.Random) -> tuple[Person, ...]:
    """`people` members and a few placeholders; keys count from 1, members first."""
    names = _names(people, rng)
    members = [_member(place, *names[place], year, rng) for place in range(people)]
    for place, member in enumerate(members):
        members[place] = _odd(place, member, members, year)
    return (*members, *_placeholders(people, rng))


def _names(count: int, rng: random.Random) -> list[tuple[str, str]]:
    """`count` different names; past the first 3,600, double-barrelled ones."""
    single = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(single)
    wanted = single[:count]
    for number in range(len(single), count):
        first, last = single[number % len(single)]
        wanted.append((first, f"{last}-{LAST_NAMES[number // len(single) - 1]}"))
    return wanted


def _member(place: int, first: str, last: str, year: int, rng: random.Random) -> Person:
    discipline = rng.choice(list(DISCIPLINES))
    email = f"{_ascii(first)}.{_ascii(last)}@{MAIL_DOMAIN}".lower()
    planner = rng.random()
    week = rng.choices((None, FOUR_DAYS, SHORT_DAYS, MORNINGS, LATE_WEEK), (76, 8, 8, 4, 4))[0]
    return Person(
        key=place + 1,
        kind="member",
        first_name=first,
        last_name=last,
        email=email,
        ruddr_email=email,
        discipline=discipline,
        role=f"{rng.choice(('Junior', 'Senior', 'Lead'))} {DISCIPLINES[discipline]}",
        archived=False,
        hire_date=date(year - rng.randint(2, 12), rng.randint(1, 12), 1),
        termination_date=None,
        in_tenthousandft=planner < 0.92,
        in_ruddr=not 0.8 <= planner < 0.92,
        in_ftrack=rng.random() < 0.95,
        hours_mon_first=week,
        blocks=() if week is None else (Block(None, None, week),),
        holiday_schedule="Remote" if rng.random() < 0.15 else "Studio",
    )


def _odd(place: int, person: Person, members: list[Person], year: int) -> Person:
    """The person at a fixed place in the list, made the kind that place is known for."""
    if place == NAMESAKE:
        return _namesake(person, members[NAMESAKE_WITHOUT_EMAIL])
    if place > JOINER:
        return person
    plain = {"hours_mon_first": None, "blocks": (), "holiday_schedule": "Studio"}
    everywhere = {"in_tenthousandft": True, "in_ruddr": True, "in_ftrack": True}
    return replace(person, **{**plain, **everywhere, **_oddities(person, year).get(place, {})})


def _oddities(person: Person, year: int) -> dict[int, dict[str, Any]]:
    without_email = {"email": None, "ruddr_email": None}
    return {
        MONDAY_TO_THURSDAY: _part_time(FOUR_DAYS, Block(None, None, FOUR_DAYS)),
        DECIMAL_HOURS: _part_time(SHORT_DAYS, Block(date(year - 2, 1, 1), None, SHORT_DAYS)),
        WITHOUT_EMAIL: without_email,
        MAIL_IN_OTHER_CASE: {"ruddr_email": str(person.email).title()},
        NAMESAKE_WITHOUT_EMAIL: without_email,
        OVERLAPPING_BLOCKS: _part_time(
            FOUR_DAYS,
            Block(None, None, SHORT_DAYS),
            Block(date(year, 2, 1), None, FOUR_DAYS),
            Block(date(year, 6, 15), date(year, 8, 14), MORNINGS),
        ),
        BOUNDED_BLOCK: _part_time(FULL_WEEK, Block(date(year, 3, 4), date(year, 9, 17), LATE_WEEK)),
        LEAVER: {"archived": True, "termination_date": date(year, 8, 21)},
        ZERO_CAPACITY: _part_time(NO_HOURS, Block(None, None, NO_HOURS)),
        ARCHIVED: {"archived": True, "termination_date": date(year, 1, 31)},
        NOT_IN_FTRACK: {"in_ftrack": False},
        ONLY_TENTHOUSANDFT: {"in_ruddr": False},
        ONLY_RUDDR: {"in_tenthousandft": False},
        JOINER: {"hire_date": date(year, 5, 18)},
    }


def _part_time(week: Week, *blocks: Block) -> dict[str, Any]:
    return {"hours_mon_first": week, "blocks": blocks}


def _namesake(person: Person, other: Person) -> Person:
    """A second person of the same name whom only ftrack knows: the name alone decides nothing there."""
    return replace(
        person,
        first_name=other.first_name,
        last_name=other.last_name,
        email=f"{_ascii(other.first_name)}.{_ascii(other.last_name)}.2@{MAIL_DOMAIN}".lower(),
        in_tenthousandft=False,
        in_ruddr=False,
        in_ftrack=True,
    )


def _placeholders(people: int, rng: random.Random) -> list[Person]:
    found = []
    for number in range(2 + people // 20):
        discipline = list(DISCIPLINES)[(number + 1) % len(DISCIPLINES)]
        turn = number // len(DISCIPLINES)
        title = f"{rng.choice(('Junior', 'Senior'))} {DISCIPLINES[discipline]}" + (
            f" {turn + 1}" if turn else ""
        )
        found.append(
            Person(
                key=people + number + 1,
                kind="placeholder",
                first_name=title,
                last_name="",
                email=None,
                ruddr_email=None,
                discipline=discipline,
                role=DISCIPLINES[discipline],
                archived=False,
                hire_date=None,
                termination_date=None,
                in_tenthousandft=number % 3 != 1,
                in_ruddr=number % 3 != 2,
                in_ftrack=False,
                hours_mon_first=None,
                blocks=(),
                holiday_schedule="Studio",
            )
        )
    return found


def timeline(blocks: tuple[Block, ...], standing: Week = FULL_WEEK) -> tuple[Block, ...]:
    """The same week, told in blocks that touch but never overlap, from the open past to the open future.

    Of overlapping blocks the last to start counts; where none does, `standing`.
    """
    edges = {block.start for block in blocks if block.start}
    edges |= {block.end + timedelta(days=1) for block in blocks if block.end}
    starts = [None, *sorted(edges)]
    found: list[Block] = []
    for place, start in enumerate(starts):
        follower = starts[place + 1] if place + 1 < len(starts) else None
        end = follower - timedelta(days=1) if follower else None
        found.append(Block(start, end, _week_on(blocks, start, standing)))
    return tuple(found)


def _week_on(blocks: tuple[Block, ...], day: date | None, standing: Week) -> Week:
    """The week that counts on `day`; None is the open past."""
    over = [
        block
        for block in blocks
        if (block.start is None or (day is not None and block.start <= day))
        and (block.end is None or day is None or day <= block.end)
    ]
    return max(over, key=lambda block: block.start or date.min).hours if over else standing


def _ascii(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("Ø", "O"))
    return folded.encode("ascii", "ignore").decode()
