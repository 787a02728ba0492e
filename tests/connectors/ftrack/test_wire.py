"""Operations and literals as they go over the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ftrack.wire import (
    create,
    datetime_value,
    delete,
    quote,
    quote_all,
    read_datetime,
    update,
    without_strings,
)
from connectors.sandbox.ftrack.query import Compare, parse

CET = timezone(timedelta(hours=1))


def test_operations():
    assert create("Allocation", "x", {"value": 1.0}) == {
        "action": "create",
        "entity_type": "Allocation",
        "entity_key": ["x"],
        "entity_data": {"__entity_type__": "Allocation", "id": "x", "value": 1.0},
    }
    assert update("Allocation", "x", {"value": 0.5}) == {
        "action": "update",
        "entity_type": "Allocation",
        "entity_key": ["x"],
        "entity_data": {"__entity_type__": "Allocation", "value": 0.5},
    }
    assert delete("Allocation", "x") == {"action": "delete", "entity_type": "Allocation", "entity_key": ["x"]}


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("My Task", '"My Task"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("it's", '"it\'s"'),
        ('" or name is_not "', r'"\" or name is_not \""'),
        ("\\", r'"\\"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (None, "none"),
        (True, "True"),
        (5, "5"),
        (0.5, "0.5"),
        (date(2026, 3, 2), '"2026-03-02T00:00:00"'),
        (datetime(2026, 3, 2, 1, tzinfo=CET), '"2026-03-02T00:00:00"'),
    ],
)
def test_literals(value, literal):
    assert quote(value) == literal


def test_lists_of_literals():
    assert quote_all(["a", 'b"']) == r'"a", "b\""'


@given(st.text())
def test_nothing_in_a_text_ends_its_literal(text):
    expression = f"User where username is {quote(text)}"

    assert without_strings(expression) == 'User where username is ""'
    condition = parse(expression).where
    assert isinstance(condition, Compare)
    assert condition.value.text == text


@pytest.mark.parametrize(
    ("moment", "value"),
    [
        (date(2026, 3, 2), "2026-03-02T00:00:00+00:00"),
        (datetime(2026, 3, 2, 9, 30), "2026-03-02T09:30:00+00:00"),  # noqa: DTZ001 - naive is the case
        (datetime(2026, 3, 2, 9, 30, tzinfo=CET), "2026-03-02T08:30:00+00:00"),
    ],
)
def test_points_in_time_go_out_in_utc(moment, value):
    assert datetime_value(moment) == {"__type__": "datetime", "value": value}


@pytest.mark.parametrize(
    "value",
    [
        {"__type__": "datetime", "value": "2026-03-02T08:30:00+00:00"},
        {"__type__": "datetime", "value": "2026-03-02T08:30:00"},
        "2026-03-02T08:30:00Z",
        "2026-03-02T09:30:00+01:00",
    ],
)
def test_points_in_time_come_back_in_utc(value):
    assert read_datetime(value) == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def test_no_point_in_time():
    assert read_datetime(None) is None
    assert read_datetime({"__type__": "datetime", "value": None}) is None
