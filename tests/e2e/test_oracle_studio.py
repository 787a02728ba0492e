"""A whole studio over HTTP: the product's command line against the oracle, to the minute.

The rows the oracle counts are fetched here with plain requests, without a window: so it knows the whole
truth, and a pull of a few days must still come to the same hours within them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from types import ModuleType
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from connectors.sandbox import Sandbox

pytestmark = pytest.mark.slow

HALF_A_SECOND_IN_HOURS = 0.5 / 3600
MEASURES = ("booked", "tentative", "leave", "holiday", "capacity")
Rows = dict[str, list[dict[str, Any]]]


def every_row(ready: dict[str, str], path: str, **params: str) -> Iterator[dict[str, Any]]:
    """All rows of a collection of 10,000ft."""
    url: str | None = f"{ready['url']}{path}"
    query: dict[str, str] | None = {**params, "per_page": "1000"}
    while url:
        answer = requests.get(url, query, headers={"auth": ready["token"]}, timeout=10).json()
        yield from answer["data"]
        link = answer["paging"]["next"]
        url, query = (urljoin(url, link) if link else None), None


def tenthousandft_rows(ready: dict[str, str]) -> Rows:
    every = partial(every_row, ready)
    rows = {
        "users": list(every("/users", with_archived="true")),
        "placeholders": list(every("/placeholder_resources")),
        "projects": list(every("/projects", with_archived="true", with_phases="true")),
        "leave_types": list(every("/leave_types")),
        "holidays": list(every("/holidays")),
        "assignments": list(every("/assignments", with_phases="true")),
    }
    for user in rows["users"]:
        user["availabilities"] = {"data": list(every(f"/users/{user['id']}/availabilities"))}
    return rows


def ruddr_rows(ready: dict[str, str]) -> Rows:
    def every(path: str) -> Iterator[dict[str, Any]]:
        query, more = {"limit": "100"}, True
        headers = {"Authorization": f"Bearer {ready['token']}"}
        while more:
            answer = requests.get(f"{ready['url']}{path}", query, headers=headers, timeout=10).json()
            yield from answer["results"]
            more = answer["hasMore"]
            query |= {"startingAfter": answer["results"][-1]["id"]} if more else {}

    return {
        "members": list(every("/members")),
        "placeholders": list(every("/resource-placeholders")),
        "projects": list(every("/projects")),
        "allocations": list(every("/allocations")),
    }


@dataclass(frozen=True)
class Truth:
    """What the two services hold, and what the oracle makes of it within [start, end]."""

    rows: dict[str, Rows]
    totals: list[Any]

    @property
    def active(self) -> set[tuple[str, str | None]]:
        """Source and key of those who still work here: they have a row in every week."""
        users, members = self.rows["tenthousandft"]["users"], self.rows["ruddr"]["members"]
        return {("tenthousandft", str(row["id"])) for row in users if not row["archived"]} | {
            ("ruddr", row["id"]) for row in members if row["isActive"]
        }


def truth(oracle: ModuleType, ready: Any, start: date, end: date) -> Truth:
    rows = {
        "tenthousandft": tenthousandft_rows(ready["tenthousandft"]),
        "ruddr": ruddr_rows(ready["ruddr"]),
    }
    return Truth(rows, [getattr(oracle, source)(of, start, end) for source, of in rows.items()])


def check_person_weeks(ours: list[dict[str, Any]], expected: Truth) -> None:
    """Every row is the oracle's; those it has and we lack are of people gone, or of nobody, without hours."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in ours:
        hours = tuple(row[f"{measure}_hours"] for measure in MEASURES)
        found[row["source"], row["person"], row["email"], row["week"]].append(hours)
    wanted: dict[Any, list[Any]] = defaultdict(list)
    for row in (row for totals in expected.totals for row in totals.person_weeks):
        hours = tuple(float(getattr(row, measure)) for measure in MEASURES)
        is_active = (row.source, row.person_key) in expected.active
        if is_active or row.booked or row.leave:
            wanted[row.source, row.person, row.email, row.week.isoformat()].append(hours)
    weeks_of_holidays_only = {
        name for name in found.keys() - wanted.keys() if not any(map(any_hours, found[name]))
    }
    assert found.keys() - weeks_of_holidays_only == wanted.keys()
    for name, rows in wanted.items():
        assert flat(found[name]) == pytest.approx(flat(rows), abs=HALF_A_SECOND_IN_HOURS), name


def any_hours(hours: tuple[float, ...]) -> bool:
    booked, _, leave, *_ = hours
    return bool(booked or leave)


def flat(rows: list[tuple[float, ...]]) -> list[float]:
    """The rows of people who share a name, one after the other."""
    return [hours for row in sorted(rows) for hours in row]


def check_project_weeks(ours: list[dict[str, Any]], expected: Truth) -> None:
    found = {(row["source"], row["project_key"], row["week"]): row for row in ours}
    wanted = {
        (row.source, row.project_key, row.week.isoformat()): row
        for totals in expected.totals
        for row in totals.project_weeks
    }
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        assert found[key]["booked_hours"] == pytest.approx(float(row.booked), abs=HALF_A_SECOND_IN_HOURS), key
        assert (found[key]["people"], found[key]["project"]) == (row.people, row.project), key


def check_bookings(ours: list[dict[str, Any]], expected: Truth, start: date, end: date) -> None:
    """Every booking that touches the pulled window, with the hours of its whole span."""
    found = {
        (
            row["source"],
            row["source_key"].split(":")[1] if ":" in row["source_key"] else row["source_key"],
        ): row
        for row in ours
        if row["start"] <= end.isoformat() and row["end"] >= start.isoformat()
    }
    wanted = {
        (booking.source, booking.key): booking
        for totals in expected.totals
        for booking in totals.bookings
        if booking.start <= end and booking.end >= start
    }
    assert found.keys() == wanted.keys()
    for key, booking in wanted.items():
        total = pytest.approx(float(booking.total), abs=HALF_A_SECOND_IN_HOURS)
        assert found[key]["total_hours"] == total, (key, booking)


def check_everything(crewtally: Callable[..., Any], expected: Truth, start: date, end: date) -> None:
    def totals(by: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = crewtally("totals", "--by", by, "--format", "json").json
        return rows

    check_person_weeks(totals("person-week"), expected)
    check_project_weeks(totals("project-week"), expected)
    check_bookings(totals("booking"), expected, start, end)


WHOLE_WEEKS = date(2026, 3, 2), date(2026, 7, 5)
MID_WEEK = date(2026, 3, 11), date(2026, 4, 14)  # Wednesday to Tuesday
ONE_DAY = date(2026, 5, 20), date(2026, 5, 20)
OVER_NEW_YEAR = date(2026, 12, 10), date(2027, 1, 20)


@pytest.mark.parametrize(
    ("seed", "window"),
    [(1, WHOLE_WEEKS), (2, WHOLE_WEEKS), (3, MID_WEEK), (4, ONE_DAY), (5, OVER_NEW_YEAR)],
    ids=["whole weeks 1", "whole weeks 2", "mid-week", "one day", "over new year"],
)
def test_a_whole_studio(
    seed: int, window: tuple[date, date], workspace: Callable[..., Any], oracle: ModuleType
) -> None:
    start, end = window
    with Sandbox(people=40, seed=seed, today=date(2026, 4, 1)) as sandbox:
        crewtally = workspace(sandbox.ready).run
        expected = truth(oracle, sandbox.ready, start, end)
        pulled = crewtally("pull", "--start", start, "--end", end)
    assert pulled.code == 0, pulled.err
    check_everything(crewtally, expected, start, end)


def test_the_configured_window(workspace: Callable[..., Any], oracle: ModuleType) -> None:
    """Without dates the pull takes whole weeks around today."""
    with Sandbox(people=40, seed=6) as sandbox:
        crewtally = workspace(sandbox.ready).run
        assert crewtally("pull").code == 0
        weeks = {date.fromisoformat(row["week"]) for row in crewtally("totals", "--json").json}
        start, end = min(weeks), max(weeks) + timedelta(days=6)
        expected = truth(oracle, sandbox.ready, start, end)
    assert start < date.today() < end  # noqa: DTZ011 - weeks away from either end
    check_everything(crewtally, expected, start, end)


def test_pulling_again_and_elsewhere_changes_no_number(
    workspace: Callable[..., Any], oracle: ModuleType
) -> None:
    """Windows pulled one after the other come to what one pull over all of them would have."""
    with Sandbox(people=40, seed=7, today=date(2026, 4, 1)) as sandbox:
        crewtally = workspace(sandbox.ready).run
        for start, end in (
            ("2026-04-08", "2026-04-30"),
            ("2026-03-02", "2026-04-07"),
            ("2026-04-08", "2026-04-09"),
        ):
            assert crewtally("pull", "--start", start, "--end", end).code == 0
        expected = truth(oracle, sandbox.ready, date(2026, 3, 2), date(2026, 4, 30))
    check_everything(crewtally, expected, date(2026, 3, 2), date(2026, 4, 30))


def test_time_off_outside_the_window_shapes_the_bookings_that_reach_out(
    workspace: Callable[..., Any], oracle: ModuleType
) -> None:
    """Hours a day, too, fall on no day of full time off, wherever the window ends."""
    start, end = MID_WEEK
    with Sandbox(people=40, seed=10, today=date(2026, 4, 1)) as sandbox:
        for row in sandbox.ruddr.rows("allocations"):
            if row["assignmentTypeId"] == "project" and row["unit"] not in ("day", "ratio_of_capacity"):
                sandbox.ruddr.delete("allocations", row["id"])
        crewtally = workspace(sandbox.ready).run
        expected = truth(oracle, sandbox.ready, start, end)
        assert crewtally("pull", "--start", start, "--end", end).code == 0
    check_everything(crewtally, expected, start, end)


def test_more_part_time_blocks_than_fit_into_a_user(
    workspace: Callable[..., Any], oracle: ModuleType
) -> None:
    """The list of blocks nested in a user is cut after 20; the rest stands on its own pages."""
    start, end = WHOLE_WEEKS
    with Sandbox(people=10, seed=8, today=date(2026, 4, 1)) as sandbox:
        user = sandbox.tenthousandft.rows("users")[0]["id"]
        for number in range(25):
            monday = start + timedelta(weeks=number - 8)
            week = {f"day{day}": 1 + number / 10 for day in range(7)}
            span = {"starts_at": monday.isoformat(), "ends_at": (monday + timedelta(days=4)).isoformat()}
            sandbox.tenthousandft.add("availabilities", user_id=user, **span, **week)
        crewtally = workspace(sandbox.ready).run
        expected = truth(oracle, sandbox.ready, start, end)
        assert crewtally("pull", "--start", start, "--end", end).code == 0
    check_everything(crewtally, expected, start, end)


def test_from_and_to_only_filter(workspace: Callable[..., Any]) -> None:
    with Sandbox(people=10, seed=9, today=date(2026, 4, 1)) as sandbox:
        crewtally = workspace(sandbox.ready).run
        assert crewtally("pull", "--start", "2026-03-02", "--end", "2026-04-05").code == 0
    every = crewtally("totals", "--json").json
    some = crewtally("totals", "--json", "--from", "2026-03-11", "--to", "2026-03-16").json
    assert some == [row for row in every if row["week"] in ("2026-03-09", "2026-03-16")]
    assert some


@pytest.mark.parametrize("seed", [1, 2])
def test_the_services_count_the_same(seed: int, oracle: ModuleType) -> None:
    """A third opinion: the sandbox fills `totalHours` and `scheduled_hours` by an expansion of its own."""
    with Sandbox(people=40, seed=seed, today=date(2026, 4, 1)) as sandbox:
        expected = truth(oracle, sandbox.ready, *WHOLE_WEEKS)
        suggested = scheduled_hours(sandbox.ready["tenthousandft"], *WHOLE_WEEKS)
    tenthousandft, ruddr = expected.totals
    users = {str(row["id"]) for row in expected.rows["tenthousandft"]["users"]}
    ours: dict[Any, float] = defaultdict(float)
    for booking in tenthousandft.bookings:
        for day, hours in booking.hours.items():
            if booking.person_key in users and WHOLE_WEEKS[0] <= day <= WHOLE_WEEKS[1]:
                ours[booking.person_key, day.isoformat()] += float(hours)
    assert ours == pytest.approx(suggested, abs=0.001)
    vendor = {row["id"]: row["totalHours"] for row in expected.rows["ruddr"]["allocations"]}
    # An amount that finds no capacity: we keep it as the total, the service says 0.
    placed = {booking.key: sum(map(float, booking.hours.values())) for booking in ruddr.bookings}
    assert placed == pytest.approx(vendor, abs=0.001)


def scheduled_hours(ready: dict[str, str], start: date, end: date) -> dict[tuple[str, str], float]:
    """The vendor's own expansion: hours of each user and day."""
    hours: dict[tuple[str, str], float] = defaultdict(float)
    window = {"with_suggestions": "true", "from": start.isoformat(), "to": end.isoformat()}
    for row in every_row(ready, "/time_entries", **window):
        hours[str(row["user_id"]), row["date"]] += row["scheduled_hours"]
    return dict(hours)
