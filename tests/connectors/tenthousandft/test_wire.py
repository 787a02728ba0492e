"""10,000ft's records: the seed's samples, each rule of the contract, and whatever hypothesis makes up."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import ContractError
from connectors.tenthousandft.wire import parse

DATA = Path(__file__).parent / "data"

BOOKING: dict[str, Any] = {
    "id": 889,
    "allocation_mode": "percent",
    "percent": 0.5,
    "user_id": 5612,
    "assignable_id": 123,
    "starts_at": "2026-03-02",
    "ends_at": "2026-03-06",
}


def page(*rows: object) -> bytes:
    return json.dumps({"paging": {"next": None}, "data": rows}).encode()


def booking(**changes: object) -> Any:
    """The row of a booking with these changes."""
    parsed = parse("assignments", page({**BOOKING, **changes}))
    assert parsed.rejects == []
    return parsed.rows[0][1]


def reason(stream: str = "assignments", **changes: object) -> str:
    """Why a booking with these changes is rejected."""
    parsed = parse(stream, page({**BOOKING, **changes}))
    assert parsed.rows == []
    assert parsed.rejects[0].key == "889"
    return parsed.rejects[0].reason


# The samples of seed 003; those of the list as the field descriptions mean them, without the comments.


def test_the_sample_of_the_list():
    [(position, row)] = parse("assignments", (DATA / "list.json").read_bytes()).rows

    assert position == 0
    assert (row.id, row.user_id, row.assignable_id, row.repetition_id) == (889, 5612, 123, 886)
    assert (row.mode, row.amount) == ("percent", Decimal(1))
    assert (row.starts_at, row.ends_at) == (date(2013, 10, 3), date(2013, 10, 7))


def test_the_sample_of_a_repeated_assignment():
    parsed = parse("assignments", (DATA / "repeated.json").read_bytes())

    [(_, row)] = parsed.rows
    assert (row.id, row.repetition_id) == (8669, 8668)
    assert row.created_at == datetime(2019, 8, 21, 15, 11, 8, tzinfo=UTC)
    assert not parsed.unknown_fields


def test_the_sample_with_subtasks():
    [(_, row)] = parse("assignments", (DATA / "with_subtasks.json").read_bytes()).rows

    assert row.user_id is None
    assert row.subtasks.complete
    assert [(task.id, task.completed) for task in row.subtasks.data] == [(436, False)]


def test_the_sample_with_subtask_counts():
    [(_, row)] = parse("assignments", (DATA / "subtask_counts.json").read_bytes()).rows

    assert (row.subtask_counts.completed, row.subtask_counts.total) == (5, 10)


# Effort.


@pytest.mark.parametrize(
    ("changes", "mode", "amount"),
    [
        ({"allocation_mode": "percent", "percent": 0.25}, "percent", "0.25"),
        ({"allocation_mode": "percent", "percent": 0.1}, "percent", "0.1"),
        ({"allocation_mode": "hours_per_day", "hours_per_day": 7.5, "percent": None}, "hours_per_day", "7.5"),
        ({"allocation_mode": "fixed", "fixed_hours": 40}, "fixed", "40"),
        ({"allocation_mode": "fixed_hours", "fixed_hours": 40}, "fixed", "40"),
        ({"allocation_mode": None, "percent": None}, "percent", "1"),
        ({"allocation_mode": None, "percent": 0.25}, "percent", "0.25"),
        ({"percent": 0}, "percent", "0"),
    ],
)
def test_effort_is_read_from_the_field_of_its_mode(changes, mode, amount):
    row = booking(**changes)

    assert (row.mode, row.amount) == (mode, Decimal(amount))
    assert isinstance(row.amount, Decimal)


def test_leave_without_mode_or_effort_takes_whole_days():
    row = {name: value for name, value in BOOKING.items() if name not in ("allocation_mode", "percent")}

    [(_, leave)] = parse("assignments", page(row)).rows

    assert (leave.mode, leave.amount) == ("percent", Decimal(1))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"percent": None}, "percent is missing, though allocation_mode is percent"),
        ({"allocation_mode": "hours_per_day"}, "hours_per_day is missing"),
        ({"allocation_mode": "fixed_hours"}, "fixed_hours is missing"),
        ({"allocation_mode": None, "percent": None, "hours_per_day": 8}, "allocation_mode is missing"),
        ({"allocation_mode": "weekly"}, "allocation_mode: Input should be 'percent', .*got 'weekly'"),
        ({"percent": -0.5}, "percent: .*greater than or equal to 0, got -0.5"),
        ({"percent": "0.5"}, "percent: .*valid number, got '0.5'"),
        ({"percent": True}, "percent: .*got True"),
        ({"percent": 1e9}, "percent: .*less than or equal to 1000000"),
        ({"percent": float("nan")}, "percent: .*finite number, got nan"),
        ({"percent": float("inf")}, "percent: .*finite number, got inf"),
        ({"ends_at": "2026-03-01"}, "ends_at 2026-03-01 is before starts_at 2026-03-02"),
        (
            {"ends_at": "2326-03-02"},
            r"starts_at 2026-03-02 to ends_at 2326-03-02 is 109573 days, over the limit",
        ),
        ({"ends_at": "2026-02-30"}, "ends_at: .*got '2026-02-30'"),
        ({"ends_at": None}, "ends_at: .*got None"),
        ({"starts_at": 20260302}, "starts_at: .*got 20260302"),
        ({"user_id": "5612"}, "user_id: .*got '5612'"),
        ({"assignable_id": None}, "assignable_id: .*got None"),
        ({"id": 889.0}, "id: .*got 889.0"),
        ({"id": "889"}, "id: .*got '889'"),
        ({"user_id": 2**70}, "user_id: .*"),
        ({"note": 5}, "note: .*got 5"),
    ],
)
def test_a_row_that_breaks_the_contract_says_field_and_value(changes, says):
    text = reason(**changes)

    assert re.search(says, text), text
    assert "\n" not in text


def test_a_missing_user_is_not_taken_for_unassigned_work():
    row = {name: value for name, value in BOOKING.items() if name != "user_id"}

    assert parse("assignments", page(row)).rejects[0].reason == "user_id: Field required"


def test_the_longest_span_allowed_is_3660_days():
    assert booking(starts_at="2026-01-01", ends_at="2036-01-08").id == 889
    assert "3661 days" in reason(starts_at="2026-01-01", ends_at="2036-01-09")


def test_many_faults_are_counted_not_listed():
    assert reason(percent="x", user_id="x", starts_at="x", ends_at="x", note=1).endswith("; and 2 more")


# Pages.


def test_bad_rows_do_not_hold_the_good_ones_back():
    bad = {**BOOKING, "id": 890, "percent": -1, "note": "Zoë"}
    parsed = parse("assignments", page(BOOKING, bad, 5, {**BOOKING, "id": 891}, None, {"id": True}))

    assert [(position, row.id) for position, row in parsed.rows] == [(0, 889), (3, 891)]
    assert [(reject.position, reject.key) for reject in parsed.rejects] == [
        (1, "890"), (2, None), (4, None), (5, None),
    ]  # fmt: skip
    assert json.loads(parsed.rejects[0].raw) == bad
    assert "Zoë" in parsed.rejects[0].raw
    assert "got 5" in parsed.rejects[1].reason


def test_unknown_fields_are_counted_and_documented_ones_are_not():
    parsed = parse(
        "assignments", page({**BOOKING, "mood": "good", "organization_id": 1}, {**BOOKING, "mood": 2})
    )

    assert parsed.unknown_fields == {"mood": 2}


def test_unknown_fields_are_counted_on_a_page_with_rejects_too():
    parsed = parse("assignments", page({**BOOKING, "mood": "good"}, {}))

    assert parsed.unknown_fields == {"mood": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"null", b"[]", b"5", b'{"data": {}}', b'{"data": [', b'{"rows": []}',
        b'{"message": "not found"}', b"\xff\xfe", b"[" * 100_000, b'{"id": {}}', b"1" * 5000,
    ],
)  # fmt: skip
def test_a_body_that_is_no_page_is_a_breach_of_contract(body):
    with pytest.raises(ContractError, match=r"^tenthousandft: a (stored )?page"):
        parse("assignments", body)


def test_a_number_without_end_spoils_its_row_only():
    body = page(BOOKING, {**BOOKING, "id": 890, "note": "HERE"}).replace(b'"HERE"', b"1" * 5000)

    parsed = parse("assignments", body)

    assert ([row.id for _, row in parsed.rows], parsed.rejects[0].key) == ([889], "890")


def test_a_lone_surrogate_spoils_its_row_only():
    body = page(BOOKING, {**BOOKING, "id": 890, "note": "\ud800"})

    parsed = parse("assignments", body)

    assert [row.id for _, row in parsed.rows] == [889]
    assert parsed.rejects[0].key == "890"
    assert parsed.rejects[0].raw.encode()


# The other records.


def test_a_user_with_part_time_blocks():
    block = {"id": 52, "user_id": 7, "starts_at": None, "ends_at": "2026-07-28", "mood": 1}
    block |= {f"day{day}": hours for day, hours in enumerate((0, 8, 8, 4.5, 8, 8, 0))}
    user = {
        "id": 7, "first_name": "Ada", "last_name": "King", "email": None, "archived": False,
        "hire_date": "2020-01-01", "guid": "x",
        "availabilities": {"paging": {"next": None, "page": 1, "per_page": 20}, "data": [block]},
    }  # fmt: skip

    parsed = parse("users", page(user))

    [(_, row)] = parsed.rows
    assert (row.name, row.email, row.hire_date) == ("Ada King", None, date(2020, 1, 1))
    assert row.availabilities_complete
    assert row.availabilities.data[0].hours_sunday_first == tuple(
        map(Decimal, ("0", "8", "8", "4.5", "8", "8", "0"))
    )
    assert parsed.unknown_fields == {"availabilities.mood": 1}


def test_a_user_says_when_blocks_are_missing_from_the_row():
    user = {
        "id": 7,
        "availabilities": {"paging": {"next": "/api/v1/users/7/availabilities?page=2"}, "data": []},
    }

    [(_, row)] = parse("users", page(user)).rows

    assert not row.availabilities_complete


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"id": 1, "title": "Compositor"}, "Compositor"),
        ({"id": 1, "display_name": "Somebody"}, "Somebody"),
        ({"id": 1, "discipline": "Engineering", "role": "Director"}, "Engineering, Director"),
        ({"id": 1}, ""),
    ],
)
def test_a_placeholder_goes_by_its_title(row, name):
    assert parse("placeholders", page(row)).rows[0][1].name == name


def test_a_phase_is_a_project_with_a_parent():
    phase = {"id": 2, "name": "Film", "phase_name": "Layout", "parent_id": 1, "project_state": "Tentative"}

    [(_, row)] = parse("projects", page(phase)).rows

    assert (row.parent_id, row.phase_name, row.project_state) == (1, "Layout", "Tentative")


def test_a_state_nobody_documented_is_no_guess():
    [reject] = parse("projects", page({"id": 2, "project_state": "Zombie"})).rejects

    assert reject.key == "2"
    assert "project_state: Input should be" in reject.reason


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("leave_types", {"id": 2, "name": "Sick", "description": None, "guid": "x", "deleted_at": None}),
        ("holidays", {"id": 3, "date": "2026-01-01", "name": "New Year's Day"}),
        ("availabilities", {"id": 52, **{f"day{day}": 8 for day in range(7)}}),
    ],
)
def test_the_small_records(stream, row):
    parsed = parse(stream, page(row))

    assert len(parsed.rows) == 1
    assert not parsed.unknown_fields


# Anything at all.

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates().map(str)
    | st.sampled_from(["percent", "hours_per_day", "fixed", "fixed_hours", "2026-03-01", 0.5, 8, 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
FIELDS = (
    *BOOKING,
    "hours_per_day",
    "fixed_hours",
    "subtasks",
    "subtask_counts",
    "note",
    "availabilities",
    "date",
)
rows = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), values).map(
    lambda row: {**BOOKING, **row}
)
STREAMS = ("users", "availabilities", "placeholders", "projects", "leave_types", "holidays", "assignments")


@settings(max_examples=300)
@given(st.sampled_from(STREAMS), st.lists(rows | values, max_size=4))
def test_every_row_is_read_or_rejected_with_a_reason(stream, made_up):
    parsed = parse(stream, page(*made_up))

    places = [position for position, _ in parsed.rows] + [reject.position for reject in parsed.rejects]
    assert sorted(places) == list(range(len(made_up)))
    for reject in parsed.rejects:
        assert reject.reason
        assert "\n" not in reject.reason
        assert reject.raw.encode()
    for _, row in parsed.rows:
        if stream == "assignments":
            assert row.amount.is_finite()
            assert row.amount >= 0
            assert row.starts_at <= row.ends_at


@settings(max_examples=200)
@given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_every_body_is_a_page_or_a_breach_of_contract(body):
    with suppress(ContractError):
        parse("assignments", body)
