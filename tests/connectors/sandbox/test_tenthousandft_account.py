"""Editing the account between two pulls, and the service's own daily expansion."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.sandbox.tenthousandft.hours import expand, work_of

WEEK = {"starts_at": "2026-06-01", "ends_at": "2026-06-07"}  # a Monday to its Sunday


@pytest.fixture
def account(planners: Any) -> Any:
    return planners[0].tenthousandft


@pytest.fixture
def api(planners: Any) -> Any:
    return planners[1]


def test_an_edit_is_on_the_next_page_served(api: Any, account: Any) -> None:
    listing = {"with_phases": "true"}
    before = api.all("/assignments", **listing)
    key = account.add("assignments", user_id=None, assignable_id=before[0]["assignable_id"], **WEEK)
    assert api.all("/assignments", **listing)[-1]["id"] == key
    account.update("assignments", key, note="moved")
    assert api.all("/assignments", **listing)[-1]["note"] == "moved"
    account.delete("assignments", key)
    assert api.all("/assignments", **listing) == before


def test_new_ids_are_new_in_every_stream(account: Any) -> None:
    first, second = account.add("users", first_name="A"), account.add("projects", name="B")
    assert first != second
    for stream in account.tables:
        assert first not in [row["id"] for row in account.rows(stream)][:-1]


def test_a_row_that_breaks_the_contract_reaches_the_client_in_every_window(api: Any, account: Any) -> None:
    account.add_row("assignments", {"id": 5, "starts_at": 17, "user_id": "nobody"})
    account.add("assignments", allocation_mode="by_mood", starts_at="2026-06-09", ends_at="2026-06-01")
    rows = api.all("/assignments", **{"from": "2026-06-02", "to": "2026-06-08"})
    assert {"id": 5, "starts_at": 17, "user_id": "nobody"} in rows


def test_a_row_may_come_twice(api: Any, account: Any) -> None:
    row = account.rows("assignments")[0]
    account.add_row("assignments", dict(row))
    rows = [found for found in api.all("/assignments", with_phases="true") if found["id"] == row["id"]]
    assert rows == [row, row]
    account.delete("assignments", row["id"])
    assert account.get("assignments", row["id"]) == row


def test_blocks_show_inside_their_user_at_once(api: Any, account: Any) -> None:
    user = account.add("users", first_name="A")
    week = {f"day{number}": 3 for number in range(7)}
    before = api.all("/users", fields="availabilities")
    key = account.add("availabilities", user_id=user, starts_at=None, ends_at=None, **week)
    found = api.json(f"/users/{user}", fields="availabilities")
    assert [block["id"] for block in found["availabilities"]["data"]] == [key]
    assert before[-1]["availabilities"]["data"] == []


def test_more_blocks_than_a_nested_page_holds_name_the_next(api: Any, account: Any) -> None:
    user = account.add("users", first_name="A")
    week = {f"day{number}": 3 for number in range(7)}
    for year in range(2000, 2023):
        account.add(
            "availabilities", user_id=user, starts_at=f"{year}-01-01", ends_at=f"{year}-12-31", **week
        )
    nested = api.json(f"/users/{user}", fields="availabilities")["availabilities"]
    assert len(nested["data"]) == 20
    rest = api.get(nested["paging"]["next"].removeprefix("/api/v1")).json()["data"]
    assert len(rest) == 3


def test_unknown_rows_cannot_be_edited(account: Any) -> None:
    with pytest.raises(KeyError):
        account.update("assignments", 1, note="x")
    with pytest.raises(KeyError):
        account.delete("users", 1)


def test_the_rows_handed_out_are_copies(account: Any) -> None:
    account.rows("users")[0]["email"] = "changed"
    assert account.rows("users")[0]["email"] != "changed"


FULL_TIME = work_of((), frozenset())


@pytest.mark.parametrize(
    ("effort", "hours"),
    [
        ({"allocation_mode": "percent", "percent": 0.5}, [4, 4, 4, 4, 4]),
        ({"allocation_mode": "hours_per_day", "hours_per_day": 3}, [3, 3, 3, 3, 3]),
        ({"allocation_mode": "fixed", "fixed_hours": 20}, [4, 4, 4, 4, 4]),
        ({"allocation_mode": "fixed_hours", "fixed_hours": 20}, [4, 4, 4, 4, 4]),
    ],
)
def test_every_mode_over_a_plain_week(effort: dict[str, Any], hours: list[float]) -> None:
    assert [spent for _, spent in expand({**WEEK, **effort}, FULL_TIME)] == hours


def test_holidays_are_free_but_a_part_time_block_overrides_them() -> None:
    holidays = frozenset({"2026-06-03"})
    half_days = {"starts_at": None, "ends_at": None, **{f"day{n}": 4 if 0 < n < 6 else 0 for n in range(7)}}
    assert work_of((), holidays)(date(2026, 6, 3)) == 0
    assert work_of((half_days,), holidays)(date(2026, 6, 3)) == 4


def test_of_overlapping_blocks_the_one_that_starts_last_counts() -> None:
    def block(starts_at: str | None, ends_at: str | None, hours: float) -> dict[str, Any]:
        return {"starts_at": starts_at, "ends_at": ends_at, **{f"day{n}": hours for n in range(7)}}

    blocks = (block("2026-02-01", "2026-02-28", 3), block(None, None, 5), block("2026-01-01", None, 4))
    work = work_of(blocks, frozenset())
    assert [work(date(*day)) for day in ((2025, 1, 1), (2026, 1, 1), (2026, 2, 1), (2026, 3, 1))] == [
        5,
        4,
        3,
        4,
    ]


def test_hours_without_working_days_find_no_place() -> None:
    weekend = {"starts_at": "2026-06-06", "ends_at": "2026-06-07"}
    assert list(expand({**weekend, "allocation_mode": "fixed", "fixed_hours": 8}, FULL_TIME)) == []
    assert list(expand({**weekend, "allocation_mode": "hours_per_day", "hours_per_day": 8}, FULL_TIME)) == []


def test_suggestions_add_up_what_is_booked_and_follow_edits(api: Any, account: Any) -> None:
    user = account.add("users", first_name="New", last_name="Face")
    project = account.rows("projects")[0]["id"]
    leave = account.rows("leave_types")[0]["id"]
    for assignable, percent in ((project, 0.5), (project, 0.25), (leave, 1)):
        account.add("assignments", user_id=user, assignable_id=assignable, percent=percent, **WEEK)
    window = {"with_suggestions": "true", "from": "2026-06-02", "to": "2026-06-03"}

    def suggested() -> list[tuple[Any, ...]]:
        rows = api.all("/time_entries", **window)
        return [(r["date"], r["assignable_type"], r["scheduled_hours"]) for r in rows if r["user_id"] == user]

    assert suggested() == [
        ("2026-06-02", "Project", 6),
        ("2026-06-02", "LeaveType", 8),
        ("2026-06-03", "Project", 6),
        ("2026-06-03", "LeaveType", 8),
    ]
    account.add("holidays", date="2026-06-03", name="A new holiday")
    assert {day for day, _, _ in suggested()} == {"2026-06-02"}
