"""Ruddr's records: the seed's sample, each rule of the contract, and whatever hypothesis makes up."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import ContractError
from connectors.ruddr.wire import id_in, parse

SAMPLE = (Path(__file__).parent / "data" / "allocation.json").read_bytes()

BOOKING: dict[str, Any] = {
    "id": "a1",
    "resourceTypeId": "member",
    "assignmentTypeId": "project",
    "start": "2026-03-02",
    "end": "2026-03-06",
    "unit": "day",
    "hoursPerDay": 7.5,
    "entity": "allocation",
    "member": {"id": "m1", "name": "Ada"},
    "project": {"id": "p1", "name": "Film", "client": {"id": "c1", "name": "Studio"}},
}
LEAVE = {"assignmentTypeId": "time_off", "project": None, "timeOffType": {"id": "t1", "name": "Vacation"}}


def page(*rows: object) -> bytes:
    return json.dumps({"results": rows, "hasMore": False}).encode()


def booking(**changes: object) -> Any:
    """The row of a booking with these changes."""
    parsed = parse("allocations", page({**BOOKING, **changes}))
    assert parsed.rejects == []
    return parsed.rows[0][1]


def test_the_sample_of_the_seed_fills_every_object_and_is_read_by_its_discriminators():
    parsed = parse("allocations", b'{"results": [' + SAMPLE + b'], "hasMore": false}')

    [(_, row)] = parsed.rows
    assert (row.start, row.end, row.unit, row.amount) == (
        date(2022, 6, 1),
        date(2022, 8, 31),
        "day",
        Decimal(8),
    )
    assert row.total_hours == 528
    assert (row.resource.name, row.project.client.name) == ("Project Manager", "Joe's Shop")
    assert row.resource_id == "e804cd57-8b98-437d-86f4-90e920a41774"
    assert row.project_id == "095e0780-48bf-472c-8deb-2fc3ebc7d90c"
    assert row.task_id == "9a7097a0-d71e-4ed2-9bc3-2dd7d797edc4"
    assert row.time_off_type_id is None
    assert row.source_key == row.id
    assert not parsed.unknown_fields


def test_a_bare_object_is_a_page_of_one_row():
    assert [position for position, _ in parse("allocations", SAMPLE).rows] == [0]


@pytest.mark.parametrize(
    ("unit", "field"),
    [
        ("day", "hoursPerDay"),
        ("week", "hoursPerWeek"),
        ("month", "hoursPerMonth"),
        ("allocation", "hoursPerAllocation"),
        ("ratio_of_capacity", "hoursRatioOfCapacity"),
    ],
)
def test_hours_are_read_from_the_field_of_the_unit(unit, field):
    others = {"hoursPerDay": 1, "hoursPerWeek": 2, "hoursPerMonth": 3}

    assert booking(**others | {"unit": unit, field: 0.75}).amount == Decimal("0.75")
    [reject] = parse("allocations", page({**BOOKING, **others, "unit": unit, field: None})).rejects
    assert reject.reason == f"{field} is missing, though unit is {unit}"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"resourceTypeId": "robot"}, "resourceTypeId: .*got 'robot'"),
        ({"assignmentTypeId": "lunch"}, "assignmentTypeId: .*got 'lunch'"),
        ({"unit": "year"}, "unit: .*got 'year'"),
        ({"entity": "ghost"}, "entity: .*got 'ghost'"),
        ({"member": None}, "member names no id, though resourceTypeId is member"),
        ({"member": {}}, "member names no id"),
        ({"resourceTypeId": "placeholder"}, "placeholder names no id, though resourceTypeId is placeholder"),
        ({"project": None}, "project names no id, though assignmentTypeId is project"),
        ({"assignmentTypeId": "time_off"}, "timeOffType names no id, though assignmentTypeId is time_off"),
        ({"hoursPerDay": -8}, "hoursPerDay: .*greater than or equal to 0, got -8"),
        ({"hoursPerDay": "8"}, "hoursPerDay: .*got '8'"),
        ({"hoursPerDay": float("inf")}, "hoursPerDay: .*finite"),
        ({"totalHours": -1}, "totalHours: .*got -1"),
        ({"end": "2026-03-01"}, "end 2026-03-01 is before start 2026-03-02"),
        ({"end": "2326-03-01"}, "over the limit of 3660"),
        ({"start": "03/02/2026"}, "start: .*got '03/02/2026'"),
        ({"notes": ["x"]}, "notes: "),
        ({"isBillable": "yes"}, "isBillable: .*got 'yes'"),
    ],
)
def test_a_row_that_breaks_the_contract_says_field_and_value(changes, says):
    parsed = parse("allocations", page({**BOOKING, **changes}))

    assert parsed.rows == []
    assert parsed.rejects[0].key == "a1"
    assert re.search(says, parsed.rejects[0].reason), parsed.rejects[0].reason


@pytest.mark.parametrize("wrong", [5, "", None])
def test_an_id_is_a_text(wrong):
    assert parse("allocations", page({**BOOKING, "id": wrong})).rows == []


def test_time_off_of_a_member():
    row = booking(**LEAVE)

    assert (row.project_id, row.task_id, row.time_off_type_id) == (None, None, "t1")


def test_a_holiday_may_name_no_type_of_time_off():
    assert booking(**LEAVE | {"entity": "holiday", "timeOffType": None}).time_off_type_id is None


@pytest.mark.parametrize("entity", ["time_entry", "holiday"])
def test_read_only_rows_are_known_by_more_than_their_id(entity):
    row = booking(**LEAVE, entity=entity)

    assert row.source_key == f"{entity}:a1:m1:2026-03-02:2026-03-06"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "time_entry:a1:m1:2026-03-02:2026-03-06"),
        ({"member": None}, "a1"),
        ({"start": 5}, "a1"),
        ({"resourceTypeId": ["x"]}, "a1"),
        ({"id": None}, None),
        ({"id": "\ud800"}, None),
        ({"member": {"id": "\ud800"}}, "a1"),
        ({"entity": ["time_entry"]}, "a1"),
    ],
)
def test_a_broken_read_only_row_keeps_its_key_where_it_can_be_read(changes, key):
    broken = {**BOOKING, **LEAVE, "entity": "time_entry", "hoursPerDay": "x", **changes}

    found = parse("allocations", page(broken)).rejects[0].key

    assert found == key
    assert found is None or id_in(found) == "a1"


def test_unknown_fields_are_counted():
    assert parse("allocations", page({**BOOKING, "mood": 1})).unknown_fields == {"mood": 1}


@pytest.mark.parametrize(
    ("stream", "row", "field"),
    [
        ("projects", {"id": "a1", "statusId": "dreaming"}, "statusId"),
        ("projects", {"id": "a1", "recordStatusId": "lost"}, "recordStatusId"),
        ("allocations", {**BOOKING, "bookingTypeId": "maybe"}, "bookingTypeId"),
    ],
)
def test_a_value_nobody_documented_is_no_guess(stream, row, field):
    [reject] = parse(stream, page(row)).rejects

    assert (reject.key, reject.reason.partition(":")[0]) == ("a1", field)


def test_a_member_with_availability_monday_first():
    period = {"id": "v1", "start": "2026-01-01", "end": None, "hoursPerDay": [8, 8, 7.5, 8, 8, 0, 0]}
    member = {
        "id": "m1", "name": "Ada", "email": "ada@studio.test", "isActive": True,
        "activeStartDate": "2020-01-01", "activeEndDate": None,
        "employmentTypeId": "employee", "holidaySchedule": {"id": "h1", "name": "US"},
        "availabilityPeriods": [period], "timeOffTypes": [{"id": "t1", "name": "Vacation"}],
    }  # fmt: skip

    parsed = parse("members", page(member))

    [(_, row)] = parsed.rows
    assert row.availability_periods[0].hours_per_day == [
        Decimal(str(hours)) for hours in period["hoursPerDay"]
    ]
    assert (row.time_off_types[0].name, row.active_start_date) == ("Vacation", date(2020, 1, 1))
    assert not parsed.unknown_fields


@pytest.mark.parametrize(
    "hours", [[8] * 6, [8] * 8, [8, 8, 8, 8, -1, 0, 0], [8, 8, 8, 8, None, 0, 0], "8" * 7]
)
def test_a_week_has_seven_days(hours):
    member = {"id": "m1", "availabilityPeriods": [{"hoursPerDay": hours}]}

    assert "availabilityPeriods.0.hoursPerDay" in parse("members", page(member)).rejects[0].reason


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("placeholders", {"id": "h1", "name": "Project Manager", "createdAt": "2022-03-02T17:40:03.633Z"}),
        ("projects", {"id": "p1", "key": "VP", "name": "Vendor Portal", "code": None, "client": None}),
        ("tasks", {"id": "k1", "name": "Reporting", "project": {"id": "p1", "name": "Vendor Portal"}}),
    ],
)
def test_the_small_records(stream, row):
    parsed = parse(stream, page(row))

    assert len(parsed.rows) == 1
    assert not parsed.unknown_fields


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"null", b'{"results": {}}', b'{"status": 404, "message": "no"}']
)
def test_a_body_that_is_no_page_is_a_breach_of_contract(body):
    with pytest.raises(ContractError, match=r"^ruddr: a (stored )?page"):
        parse("allocations", body)


# Anything at all.

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates().map(str)
    | st.sampled_from(["day", "week", "member", "placeholder", "project", "time_off", "time_entry", 7.5]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "name", "client"]) | st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
FIELDS = (
    *BOOKING,
    "placeholder",
    "timeOffType",
    "hoursPerWeek",
    "task",
    "availabilityPeriods",
    "timeOffTypes",
)
rows = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), values).map(
    lambda row: {**BOOKING, **row}
)
STREAMS = ("members", "placeholders", "projects", "tasks", "allocations")


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
        if stream == "allocations":
            assert row.amount.is_finite()
            assert row.amount >= 0
            assert row.source_key
            assert row.resource_id
            assert (row.project_id is None) == (row.assignment_type_id == "time_off")


@settings(max_examples=200)
@given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_every_body_is_a_page_or_a_breach_of_contract(body):
    with suppress(ContractError):
        parse("allocations", body)
