"""`totalHours`, the vendor's own computation, against sums done by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.sandbox.ruddr.hours import HOURS_FIELDS, capacity_of, days_off, total_hours, without

JUNE = {"start": "2026-06-01", "end": "2026-06-30"}  # 22 weekdays, from a Monday to a Tuesday
PLACEHOLDER = capacity_of(None)


def booking(unit: str, amount: float, start: str = JUNE["start"], end: str = JUNE["end"]) -> dict[str, Any]:
    return {"start": start, "end": end, "unit": unit, HOURS_FIELDS[unit]: amount}


def member(*hours: float, **more: Any) -> dict[str, Any]:
    period = {"start": None, "end": None, "hoursPerDay": list(hours)}
    return {"availabilityPeriods": [period], **more}


def test_the_sample_of_seed_002() -> None:
    hours = total_hours(booking("day", 8, "2022-06-01", "2022-08-31"), PLACEHOLDER)
    assert (hours, str(hours)) == (528, "528")


def test_a_day_counts_in_full_on_every_day_with_capacity() -> None:
    capacity = capacity_of(member(8, 8, 8, 8, 0, 0, 0))
    assert total_hours(booking("day", 8, "2026-06-01", "2026-06-07"), capacity) == 32
    assert total_hours(booking("day", 8, "2026-06-05", "2026-06-07"), capacity) == 0


def test_a_week_is_spread_over_its_capacity_and_cut_at_the_edges() -> None:
    week = booking("week", 40, "2026-06-01", "2026-06-07")
    assert total_hours(week, PLACEHOLDER) == 40
    assert total_hours(week, capacity_of(member(6, 0, 7.5, 0, 0, 3, 0))) == 40
    assert total_hours(booking("week", 40, "2026-06-03", "2026-06-09"), PLACEHOLDER) == 40
    assert total_hours(booking("week", 40, "2026-06-03", "2026-06-03"), PLACEHOLDER) == 8


def test_a_month_likewise() -> None:
    assert total_hours(booking("month", 110), PLACEHOLDER) == 110
    assert total_hours(booking("month", 110, "2026-06-01", "2026-06-05"), PLACEHOLDER) == 25
    assert total_hours(booking("month", 110, "2026-05-01", "2026-06-30"), PLACEHOLDER) == 220


def test_hours_for_the_allocation_and_shares_of_capacity() -> None:
    assert total_hours(booking("allocation", 12.5), PLACEHOLDER) == 12.5
    assert total_hours(booking("ratio_of_capacity", 0.5), PLACEHOLDER) == 88
    assert (
        total_hours(booking("ratio_of_capacity", 0.25), capacity_of(member(7.5, 7.5, 7.5, 7.5, 7.5, 0, 0)))
        == 41.25
    )


@pytest.mark.parametrize("unit", HOURS_FIELDS)
def test_without_capacity_there_are_no_hours(unit: str) -> None:
    assert total_hours(booking(unit, 1), capacity_of({"availabilityPeriods": []})) == 0


def test_nothing_outside_the_active_dates_or_periods() -> None:
    full = (8, 8, 8, 8, 8, 0, 0)
    leaver = capacity_of(member(*full, activeStartDate="2026-06-08", activeEndDate="2026-06-12"))
    assert total_hours(booking("day", 8), leaver) == 40
    periods = [{"start": "2026-06-29", "end": None, "hoursPerDay": [4] * 7}]
    assert total_hours(booking("ratio_of_capacity", 1), capacity_of({"availabilityPeriods": periods})) == 8


def test_a_day_off_in_full_takes_its_capacity_and_a_part_does_not() -> None:
    capacity = capacity_of(member(8, 8, 8, 8, 8, 0, 0))
    leave = [booking("day", 8, "2026-06-01", "2026-06-02"), booking("day", 4, "2026-06-03", "2026-06-03")]
    off = days_off(leave, capacity)
    assert off == {date(2026, 6, 1), date(2026, 6, 2)}
    week = booking("day", 8, "2026-06-01", "2026-06-07")
    assert total_hours(week, without(capacity, off)) == 24
    assert total_hours(booking("week", 30, "2026-06-01", "2026-06-07"), without(capacity, off)) == 30


@pytest.fixture
def workspace(planners: Any) -> Any:
    return planners[0].ruddr


def day_booking(workspace: Any, person: dict[str, Any], **more: Any) -> str:
    project = workspace.rows("projects")[0]
    key: str = workspace.add(
        "allocations",
        start="2026-06-01",
        end="2026-06-05",
        unit="day",
        hoursPerDay=8,
        member={"id": person["id"], "name": person["name"]},
        project={"id": project["id"], "name": project["name"]},
        **more,
    )
    return key


def somebody(workspace: Any) -> dict[str, Any]:
    """A new full-time member without any time off."""
    key = workspace.add("members", name="New Face", email=None, **member(8, 8, 8, 8, 8, 0, 0))
    found: dict[str, Any] = workspace.get("members", key)
    return found


def test_total_hours_follow_the_time_off_around_them(workspace: Any) -> None:
    person = somebody(workspace)
    kept, moved = day_booking(workspace, person, allocateOnTimeOffDays=True), day_booking(workspace, person)

    def hours() -> tuple[float, float]:
        return tuple(workspace.get("allocations", key)["totalHours"] for key in (kept, moved))

    assert hours() == (40, 40)
    who = {"id": person["id"], "name": person["name"]}
    day = {"start": "2026-06-03", "end": "2026-06-03"}
    leave = workspace.add(
        "allocations", **day, unit="day", hoursPerDay=8, member=who, timeOffType={"id": "x"}
    )
    assert hours() == (40, 32)
    assert workspace.get("allocations", leave)["totalHours"] == 8
    workspace.update("allocations", leave, hoursPerDay=4)
    assert hours() == (40, 40)
    workspace.update("allocations", leave, hoursPerDay=8)
    workspace.delete("allocations", leave)
    assert hours() == (40, 40)
    workspace.update("members", person["id"], **member(4, 4, 0, 0, 0, 0, 0))
    assert hours() == (16, 16)


def test_hours_set_by_hand_stay(workspace: Any) -> None:
    person = somebody(workspace)
    key = day_booking(workspace, person, totalHours=99)
    workspace.update("members", person["id"], **member(0, 0, 0, 0, 0, 0, 0))
    assert workspace.get("allocations", key)["totalHours"] == 99


@pytest.mark.parametrize(
    "broken",
    [
        {"start": None},
        {"end": "2026-01-01"},
        {"unit": "fortnight"},
        {"hoursPerDay": -8},
        {"hoursPerDay": "many"},
    ],
)
def test_a_broken_row_has_no_total_and_breaks_nothing_else(workspace: Any, broken: dict[str, Any]) -> None:
    person = somebody(workspace)
    key, other = day_booking(workspace, person), day_booking(workspace, person)
    workspace.update("allocations", key, **broken)
    assert workspace.get("allocations", key)["totalHours"] is None
    assert workspace.get("allocations", other)["totalHours"] == 40


def test_three_hundred_years_can_be_counted(workspace: Any) -> None:
    key = day_booking(workspace, somebody(workspace))
    workspace.update("allocations", key, end="2326-06-05")
    assert workspace.get("allocations", key)["totalHours"] > 600_000
