"""Hours counted the slow way: one booking, one day at a time, in exact fractions.

The judge of `transforms/`. It is written from the two planners' wire facts alone, shares no line with the
product, and prefers a plain loop to anything clever. It takes the rows as they come over the wire (parsed
JSON, nothing renamed) and gives person-weeks, project-weeks and booking totals in hours.

Where the vendors' pages are silent, these are the rules:

Both
  * A day counts in a week's totals only inside the pulled window [start, end]. A spread (fixed, allocation,
    week, month) uses the whole span, week or month of the booking, inside the window or not.
  * Archived rows, ended contracts, cancelled projects: a booking counts all the same.
  * `booked` is project work, tentative included; `leave` and `holiday` are never part of it.
  * `over` and `free`, day by day: what is booked, and leave on a day with capacity left, against capacity.

Every one of these that a page calls inferred has its other side in `Policies`; what follows are the defaults.

10,000ft
  * Work of a person on a day: the availability block that covers the day; among several, the one that starts
    last wins (no start = earliest; same start: the higher id). A block overrides a holiday. Without a block:
    nothing on a holiday, else the account's hours in the account's work week.
  * Placeholders and unassigned work have the account's calendar, holidays included, and no blocks.
  * A working day is a day with work. A missing mode means percent, a missing percent means 1.0.
  * A booking is leave when its assignable is a leave type. It is tentative when the state of its project, or
    of its phase's parent, is Tentative. A phase's project is its parent.
  * holiday = the account's hours on a holiday of the work week that no block covers.
  * capacity = work of the day; nothing on a day whose leave (summed) reaches the work of that day.

Ruddr
  * contracted = the availability period that covers the day; among several the one that starts last, then
    the later in the array; nothing outside the member's active dates or without a period. A placeholder: the
    workspace's default week.
  * Time-off rows fall on contracted days, by their unit. Entity `holiday` is a holiday, any other is leave.
  * A day is off when its time-off hours (leave and holidays summed) reach contracted > 0.
  * Project rows fall on days with capacity = contracted, nothing on days off unless allocateOnTimeOffDays is
    true (null or missing: false).
  * day: the full hoursPerDay where there is capacity. week (ISO) and month: the amount in proportion to
    capacity within the whole week or month. allocation: the same within the span. ratio: ratio x capacity.
  * Nothing to spread over: no hours on any day; a fixed or per-allocation amount stays in the total.
  * holiday = the holiday rows' hours, at most contracted. capacity = contracted - holiday; nothing on a day
    off.
  * Soft bookings, and every booking of a tentative project, are tentative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

Row = Mapping[str, Any]
Rows = Mapping[str, list[dict[str, Any]]]
ZERO = Fraction(0)


@dataclass(frozen=True)
class Policies:
    """What no API says and a studio configures."""

    account_hours_per_day: Fraction = Fraction(8)
    account_work_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})  # Monday is 0
    default_week: tuple[Fraction, ...] = (Fraction(8),) * 5 + (ZERO,) * 2  # Ruddr's placeholders
    allocate_on_time_off_days: bool = False  # what null and missing mean
    block_that_wins: str = "starts_last"  # starts_first | newest (the highest id)
    daily_hours_on: str = "working_days"  # account_days: the account's, whatever the blocks say | every_day
    leave_shrinks_work: bool = False  # 10,000ft: a day whose leave reaches its work carries no other work
    whole_edges: bool = False  # a week (month) the booking only touches gets its whole amount
    even_periods: bool = False  # every day with capacity of a week (month) gets the same
    even_allocations: bool = False
    days_off_drop_hours: bool = False  # what a day off would have carried is gone, not moved to other days
    partial_leave_counts: bool = True  # against the capacity, in over and free


@dataclass(frozen=True)
class PersonWeek:
    """One source, one person (key None: unassigned), one week; hours."""

    source: str
    person_key: str | None
    person: str | None
    email: str | None
    week: date
    booked: Fraction
    tentative: Fraction
    leave: Fraction
    holiday: Fraction
    capacity: Fraction
    over: Fraction
    free: Fraction


@dataclass(frozen=True)
class ProjectWeek:
    """One source, one project, one week; hours and the number of people and placeholders who have some."""

    source: str
    project_key: str
    project: str | None
    week: date
    booked: Fraction
    people: int


@dataclass(frozen=True)
class Booking:
    """One wire row spread over its days. `total` is the sum of `hours`, or the amount nothing could carry."""

    source: str
    key: str
    kind: str  # project | leave | holiday
    person_key: str | None
    project_key: str | None
    start: date
    end: date
    tentative: bool
    hours: Mapping[date, Fraction]
    total: Fraction


@dataclass(frozen=True)
class Totals:
    """Everything the product must agree with. Rows in no particular order."""

    person_weeks: list[PersonWeek]
    project_weeks: list[ProjectWeek]
    bookings: list[Booking]


@dataclass
class Sums:
    """The running sums of one person's week."""

    booked: Fraction = ZERO
    tentative: Fraction = ZERO
    leave: Fraction = ZERO
    holiday: Fraction = ZERO
    capacity: Fraction = ZERO
    over: Fraction = ZERO
    free: Fraction = ZERO


@dataclass
class Off:
    """Time off of one person on one day, in hours."""

    leave: Fraction = ZERO
    holiday: Fraction = ZERO


@dataclass(frozen=True)
class Person:
    """A name to print beside a key, and the wire row behind it."""

    name: str | None
    email: str | None
    row: Row = field(default_factory=dict)


Hours = dict[date, Fraction]
OfDay = Callable[[date], Fraction]
DaySums = Callable[[str | None, date], tuple[Fraction, Fraction]]  # (capacity, holiday) of a person on a day


# --- days -----------------------------------------------------------------------------------------------


def exact(number: Any) -> Fraction:
    """A JSON number as the decimal it was written as: 0.1 is one tenth, not its nearest double."""
    return Fraction(str(number))


def day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def days(start: date, end: date) -> Iterator[date]:
    """Every day from `start` to `end`, both included."""
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week_around(day: date) -> tuple[date, date]:
    return monday(day), monday(day) + timedelta(days=6)


def month_around(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    next_first = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first, next_first - timedelta(days=1)


def covers(start: date | None, end: date | None, day: date) -> bool:
    """Whether an interval with possibly open ends holds the day."""
    return (start is None or start <= day) and (end is None or day <= end)


def in_proportion(amount: Fraction, weight: OfDay, around: Callable[[date], tuple[date, date]]) -> OfDay:
    """Each day's share, by weight, of the `amount` of the days around it; nothing where nothing weighs."""

    @cache
    def whole(first: date, last: date) -> Fraction:
        return sum((weight(day) for day in days(first, last)), ZERO)

    def share(day: date) -> Fraction:
        return amount * weight(day) / (whole(*around(day)) or 1)

    return share


def evenly(weight: OfDay) -> OfDay:
    """The same for every day that weighs anything."""
    return lambda day: Fraction(1) if weight(day) > 0 else ZERO


# --- 10,000ft -------------------------------------------------------------------------------------------


def tenthousandft(rows: Rows, start: date, end: date, policies: Policies | None = None) -> Totals:
    """Totals of one pull of users, placeholders, projects, leave_types, holidays and assignments.

    `projects` holds the phases too, each with its `parent_id`; users carry their `availabilities`.
    """
    policies = policies or Policies()
    people = _tenthousandft_people(rows)
    holidays = {date.fromisoformat(row["date"]) for row in rows["holidays"]}
    projects = {row["id"]: row for row in rows["projects"]}
    leave_types = {row["id"] for row in rows["leave_types"]}

    def account(day: date) -> Fraction:
        return policies.account_hours_per_day if day.weekday() in policies.account_work_days else ZERO

    def block(person_key: str | None, day: date) -> Row | None:
        blocks = _nested(people[person_key].row.get("availabilities")) if person_key in people else []
        covering = [b for b in blocks if covers(day_of(b["starts_at"]), day_of(b["ends_at"]), day)]
        return max(covering, key=lambda b: (*_rank(b, policies), b["id"]), default=None)

    @cache
    def work(person_key: str | None, day: date) -> Fraction:
        part_time = block(person_key, day)
        if part_time is not None:
            return exact(part_time[f"day{day.isoweekday() % 7}"])  # day0 is Sunday
        return ZERO if day in holidays else account(day)

    def can_carry(row: Row, person_key: str | None, day: date) -> bool:
        """Whether `hours_per_day` fall on the day."""
        match policies.daily_hours_on:
            case "every_day":
                return True
            case "account_days":
                return account(day) > 0 and day not in holidays
        return left(row, person_key, day) > 0

    def left(row: Row, person_key: str | None, day: date) -> Fraction:
        """Work of the day; by one policy none where leave takes all of it, but for the leave itself."""
        working = work(person_key, day)
        if not policies.leave_shrinks_work or row["assignable_id"] in leave_types:
            return working
        return ZERO if taken[person_key, day].leave >= working else working

    def spread(row: Row) -> Booking:
        person_key = _key(row["user_id"])
        is_leave = row["assignable_id"] in leave_types
        hours, amount = _tenthousandft_hours(
            row, lambda day: left(row, person_key, day), lambda day: can_carry(row, person_key, day)
        )
        return Booking(
            source="tenthousandft",
            key=str(row["id"]),
            kind="leave" if is_leave else "project",
            person_key=person_key,
            project_key=None if is_leave else _project_of(row["assignable_id"], projects),
            start=date.fromisoformat(row["starts_at"]),
            end=date.fromisoformat(row["ends_at"]),
            tentative=not is_leave and _is_tentative(row["assignable_id"], projects),
            hours=hours,
            total=sum(hours.values(), ZERO) or amount,
        )

    taken = _time_off([spread(row) for row in rows["assignments"] if row["assignable_id"] in leave_types])
    bookings = [spread(row) for row in rows["assignments"]]
    off = _time_off(bookings)

    def of_day(person_key: str | None, day: date) -> tuple[Fraction, Fraction]:
        working = work(person_key, day)
        away = (
            off[person_key, day].leave >= working
        )  # also where there is no work: nothing is left either way
        on_holiday = account(day) if day in holidays and block(person_key, day) is None else ZERO
        return (ZERO if away else working), on_holiday

    names = {str(key): row["name"] for key, row in projects.items()}
    counted = off if policies.partial_leave_counts else defaultdict(Off)
    return _totals("tenthousandft", people, names, bookings, of_day, counted, start, end)


def _rank(block: Row, policies: Policies) -> tuple[int, ...]:
    """Which of overlapping blocks holds: the highest. An open start is earlier than any date."""
    start = (day_of(block["starts_at"]) or date.min).toordinal()
    return {"starts_last": (start,), "starts_first": (-start,), "newest": ()}[policies.block_that_wins]


def _tenthousandft_hours(row: Row, work: OfDay, daily_on: Callable[[date], bool]) -> tuple[Hours, Fraction]:
    """Hours by day, and the amount that stays the booking's total when no day can carry it."""
    span = date.fromisoformat(row["starts_at"]), date.fromisoformat(row["ends_at"])
    match row.get("allocation_mode") or "percent":
        case "percent":
            percent = row.get("percent")
            share = Fraction(1) if percent is None else exact(percent)
            return _each_day(span, lambda day: share * work(day)), ZERO
        case "hours_per_day":
            daily = exact(row["hours_per_day"])
            return _each_day(span, lambda day: daily if daily_on(day) else ZERO), ZERO
        case "fixed" | "fixed_hours":
            amount = exact(row["fixed_hours"])
            return _each_day(span, in_proportion(amount, work, lambda _: span)), amount
        case unknown:
            raise ValueError(f"assignment {row['id']}: allocation_mode {unknown!r}")


def _tenthousandft_people(rows: Rows) -> dict[str | None, Person]:
    people: dict[str | None, Person] = {}
    for row in rows["users"]:
        name = row.get("display_name") or f"{row['first_name']} {row['last_name']}"
        people[str(row["id"])] = Person(name, row["email"], row)
    for row in rows["placeholders"]:
        people[str(row["id"])] = Person(row.get("title") or row["display_name"], None)
    if any(row["user_id"] is None for row in rows["assignments"]):
        people[None] = Person(None, None)
    return people


def _project_of(assignable_id: int, projects: Mapping[int, Row]) -> str:
    """A phase is a project with a parent; its hours are the parent's."""
    parent_id = projects.get(assignable_id, {}).get("parent_id")
    return str(parent_id if parent_id is not None else assignable_id)


def _is_tentative(assignable_id: int, projects: Mapping[int, Row]) -> bool:
    own = projects.get(assignable_id, {})
    parent = projects.get(own.get("parent_id") or 0, {})
    return "Tentative" in (own.get("project_state"), parent.get("project_state"))


def _nested(collection: Any) -> list[dict[str, Any]]:
    """A nested collection comes in its own paging envelope; absent and null are empty."""
    return (collection or {"data": []})["data"]  # type: ignore[no-any-return]


# --- Ruddr ----------------------------------------------------------------------------------------------


def ruddr(rows: Rows, start: date, end: date, policies: Policies | None = None) -> Totals:
    """Totals of one pull of members, placeholders, projects and allocations."""
    policies = policies or Policies()
    members = {row["id"]: Person(row["name"], row["email"], row) for row in rows["members"]}
    placeholders = {row["id"]: Person(row["name"], None) for row in rows["placeholders"]}
    people: dict[str | None, Person] = {**members, **placeholders}
    projects = {row["id"]: row for row in rows["projects"]}

    @cache
    def contracted(person_key: str | None, day: date) -> Fraction:
        if person_key in placeholders:
            return policies.default_week[day.weekday()]
        return _contracted(members[person_key].row, day) if person_key in members else ZERO

    def spread(row: Row, capacity: OfDay, over: OfDay | None = None) -> Booking:
        is_project = row["assignmentTypeId"] == "project"
        project_key = row["project"]["id"] if is_project else None
        hours, amount = _ruddr_hours(row, capacity, over or capacity, policies)
        return Booking(
            source="ruddr",
            key=row["id"],
            kind="project" if is_project else "holiday" if row["entity"] == "holiday" else "leave",
            person_key=_resource(row),
            project_key=project_key,
            start=date.fromisoformat(row["start"]),
            end=date.fromisoformat(row["end"]),
            tentative=is_project and _is_soft(row, projects.get(project_key, {})),
            hours=hours,
            total=sum(hours.values(), ZERO) or amount,
        )

    def spread_time_off(row: Row) -> Booking:
        return spread(row, lambda day: contracted(_resource(row), day))

    def is_off(person_key: str | None, day: date) -> bool:
        taken = off[person_key, day]
        return taken.leave + taken.holiday >= contracted(person_key, day)

    def spread_project(row: Row) -> Booking:
        person_key = _resource(row)
        through = row.get("allocateOnTimeOffDays")
        through = policies.allocate_on_time_off_days if through is None else through

        def capacity(day: date) -> Fraction:
            return ZERO if is_off(person_key, day) and not through else contracted(person_key, day)

        if policies.days_off_drop_hours and row["unit"] in ("week", "month"):
            return spread(row, capacity, lambda day: contracted(person_key, day))
        return spread(row, capacity)

    time_off = [spread_time_off(row) for row in rows["allocations"] if row["assignmentTypeId"] == "time_off"]
    off = _time_off(time_off)
    work = [spread_project(row) for row in rows["allocations"] if row["assignmentTypeId"] == "project"]

    def of_day(person_key: str | None, day: date) -> tuple[Fraction, Fraction]:
        whole = contracted(person_key, day)
        holiday = min(off[person_key, day].holiday, whole)
        return (ZERO if is_off(person_key, day) else whole - holiday), holiday

    names = {key: row["name"] for key, row in projects.items()}
    counted = off if policies.partial_leave_counts else defaultdict(Off)
    return _totals("ruddr", people, names, time_off + work, of_day, counted, start, end)


def _ruddr_hours(row: Row, capacity: OfDay, over: OfDay, policies: Policies) -> tuple[Hours, Fraction]:
    """Hours by day, and the amount that stays the booking's total when no day can carry it.

    An amount is shared by what each day has of `over`; days without `capacity` do not get theirs.
    """
    span = date.fromisoformat(row["start"]), date.fromisoformat(row["end"])

    def by_period(amount: Fraction, around: Callable[[date], tuple[date, date]]) -> Hours:
        def within(day: date) -> tuple[date, date]:
            first, last = around(day)
            return (max(first, span[0]), min(last, span[1])) if policies.whole_edges else (first, last)

        share = in_proportion(amount, evenly(over) if policies.even_periods else over, within)
        return _each_day(span, lambda day: share(day) if capacity(day) > 0 else ZERO)

    match row["unit"]:
        case "day":
            daily = exact(row["hoursPerDay"])
            return _each_day(span, lambda day: daily if capacity(day) > 0 else ZERO), ZERO
        case "week":
            return by_period(exact(row["hoursPerWeek"]), week_around), ZERO
        case "month":
            return by_period(exact(row["hoursPerMonth"]), month_around), ZERO
        case "allocation":
            amount = exact(row["hoursPerAllocation"])
            weight = evenly(capacity) if policies.even_allocations else capacity
            return _each_day(span, in_proportion(amount, weight, lambda _: span)), amount
        case "ratio_of_capacity":
            ratio = exact(row["hoursRatioOfCapacity"])
            return _each_day(span, lambda day: ratio * capacity(day)), ZERO
        case unknown:
            raise ValueError(f"allocation {row['id']}: unit {unknown!r}")


def _contracted(member: Row, day: date) -> Fraction:
    """The member's own hours of a day, before any time off."""
    if not covers(day_of(member["activeStartDate"]), day_of(member["activeEndDate"]), day):
        return ZERO
    covering = [
        (day_of(period["start"]) or date.min, position, period["hoursPerDay"])
        for position, period in enumerate(member["availabilityPeriods"])
        if covers(day_of(period["start"]), day_of(period["end"]), day)
    ]
    return exact(max(covering)[2][day.weekday()]) if covering else ZERO  # the array starts on Monday


def _resource(row: Row) -> str:
    """Both objects may be filled (the seed's sample does); resourceTypeId alone says which one is meant."""
    key: str = row["member" if row["resourceTypeId"] == "member" else "placeholder"]["id"]
    return key


def _is_soft(row: Row, project: Row) -> bool:
    return row.get("bookingTypeId") == "soft" or project.get("statusId") == "tentative"


# --- both -----------------------------------------------------------------------------------------------


def _key(identifier: int | None) -> str | None:
    return None if identifier is None else str(identifier)


def _each_day(span: tuple[date, date], hours: OfDay) -> Hours:
    return {day: hours(day) for day in days(*span) if hours(day)}


def _time_off(bookings: list[Booking]) -> defaultdict[tuple[str | None, date], Off]:
    off: defaultdict[tuple[str | None, date], Off] = defaultdict(Off)
    for booking in bookings:
        for day, hours in booking.hours.items():
            if booking.kind == "leave":
                off[booking.person_key, day].leave += hours
            elif booking.kind == "holiday":
                off[booking.person_key, day].holiday += hours
    return off


def _totals(
    source: str,
    people: Mapping[str | None, Person],
    projects: Mapping[str, str],
    bookings: list[Booking],
    of_day: DaySums,
    counted: defaultdict[tuple[str | None, date], Off],
    start: date,
    end: date,
) -> Totals:
    """Add the days of the window up: a row for every person and week, and for every project with hours.

    `counted`: the leave that stands beside the bookings on a day that has capacity left.
    """
    booked: defaultdict[tuple[str | None, date], Fraction] = defaultdict(Fraction)
    for booking in bookings:
        for day, hours in booking.hours.items():
            booked[booking.person_key, day] += hours if booking.kind == "project" else ZERO
    by_person: defaultdict[tuple[str | None, date], Sums] = defaultdict(Sums)
    by_project: defaultdict[tuple[str, date], dict[str | None, Fraction]] = defaultdict(dict)
    for person_key in people:
        for day in days(start, end):
            capacity, holiday = of_day(person_key, day)
            by_person[person_key, monday(day)].capacity += capacity
            by_person[person_key, monday(day)].holiday += holiday
            leave = counted[person_key, day].leave if capacity > 0 else ZERO
            missing = booked[person_key, day] + leave - capacity
            by_person[person_key, monday(day)].over += max(missing, ZERO)
            by_person[person_key, monday(day)].free += max(-missing, ZERO)
    for booking in bookings:
        for day, hours in booking.hours.items():
            if not start <= day <= end:
                continue
            week = by_person[booking.person_key, monday(day)]
            if booking.kind == "leave":
                week.leave += hours
            elif booking.kind == "project":
                week.booked += hours
                week.tentative += hours if booking.tentative else ZERO
                shares = by_project[str(booking.project_key), monday(day)]
                shares[booking.person_key] = shares.get(booking.person_key, ZERO) + hours
    unlisted = Person(None, None)
    return Totals(
        person_weeks=[
            PersonWeek(
                source,
                key,
                people.get(key, unlisted).name,
                people.get(key, unlisted).email,
                week,
                **vars(sums),
            )
            for (key, week), sums in by_person.items()
        ],
        project_weeks=[
            ProjectWeek(
                source,
                key,
                projects.get(key),
                week,
                sum(shares.values(), ZERO),
                len([person for person in shares if person is not None]),
            )
            for (key, week), shares in by_project.items()
        ],
        bookings=bookings,
    )
