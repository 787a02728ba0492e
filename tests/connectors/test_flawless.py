"""The fast judge accepts nothing that pydantic refuses, and reads nothing else: whatever stands on a page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from connectors.columns import ColumnReader
from connectors.flawless import Flawless
from connectors.parsing import Row
from connectors.ruddr.wire import Allocation
from connectors.tenthousandft.wire import Assignment

ASSIGNMENT = {
    "id": "1", "user_id": "7", "assignable_id": "1", "starts_at": '"2026-03-02"', "ends_at": '"2026-03-06"',
    "allocation_mode": '"percent"', "percent": "0.5", "hours_per_day": "null", "bill_rate": "95.5",
    "description": '""', "created_at": '"2026-01-01T00:00:00Z"', "assignable_type": '"Project"',
    "subtask_counts": '{"completed":1,"total":2}', "custom_field_values": '{"data":[]}',
}  # fmt: skip
ALLOCATION = {
    "id": '"a1"', "entity": '"allocation"', "resourceTypeId": '"member"', "assignmentTypeId": '"project"',
    "start": '"2026-03-02"', "end": '"2026-03-06"', "unit": '"day"', "hoursPerDay": "7.5", "totalHours": "37",
    "isBillable": "true", "notes": "null", "member": '{"id":"m1","name":"Ada"}',
    "project": '{"id":"j1","name":"Film","client":{"id":"c1","name":"C"}}',
}  # fmt: skip
MODELS: dict[str, tuple[type[Row], dict[str, str]]] = {
    "data": (Assignment, ASSIGNMENT),
    "results": (Allocation, ALLOCATION),
}
FAST = {name: Flawless(name, model) for name, (model, _) in MODELS.items()}
SURE = {name: ColumnReader(name, model) for name, (model, _) in MODELS.items()}

# JSON, and what only looks like it, as it may stand where a value is expected.
VALUES = [
    "null", "true", "false", "0", "1", "-1", "-0", "-0.0", "1.0", "1e2", "5E-1", "0.30000000000000004",
    "1000000", "1000000.0000000001", "1e-400", "1e400", "9007199254740993", "9223372036854775807",
    "9223372036854775808", "-9223372036854775809", "1" * 30, "1" * 400, "1" * 5000, "0." + "1" * 400, "01",
    "1.", ".5", "+1", "-", "NaN", "Infinity", "-Infinity", "nan", '"NaN"', '""', '"x"', '"1"', '"percent"',
    '"day"', '"per\\u0063ent"', '"na\u00efve\u2028\U0001f600"', '"\\ud83d\\ude00"', '"\\ud800"',
    '"\\udc00\\ud800"', '"\\u0000"', '"\0"', '"\n"', '"\x7f"', '"\\x"', '"\\/"', '"', '"2026-03-02"',
    '"0001-01-01"', '"0000-01-01"', '"9999-12-31"', '"2026-02-30"', '"2026-3-2"', '"20260302"',
    '"2026-03-02T00:00:00"', '"2026-03-02T00:00:00Z"', '"2026-03-02 00:00:00+01:00"',
    '"2026-03-02T00:00:00.123456789Z"', '"2026-03-02T00:00:00.1234567891234Z"', '"2026-03-02T24:00:00Z"',
    '"2026-03-02T23:59:60Z"', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59.9999999Z"',
    '"1772409600"', "1772409600", "[]", "{}", "[1]", '{"id":null}', '{"id":""}', '{"id":"m1","more":1}',
    '{"id":"m1","id":5}', '{"completed":1,"total":1.0}', '{"completed":true,"total":2}', '{"data":[]}',
    '{"data":[{"id":1}]}', '{"data":[{"id":0}],"paging":{}}',
    '{"data":[],"paging":{"next":"x","self":"y"}}', '{"a":1,"a":2}', "[1,]", "[1 2]", "[" * 190 + "]" * 190,
    "[" * 198 + "]" * 198, "[" * 210 + "]" * 210, "[" * 2000 + "]" * 2000, "// no", "undefined", "",
]  # fmt: skip
PLAIN = [value for value in VALUES if len(value) < 50]  # no page-long numbers, nor lists in lists in lists
BYTES = st.sampled_from([b"", b" ", b"\n\t", b"\xef\xbb\xbf", b"\xff", b"\0", b"x", b",", b"}"])


def names_of(list_field: str) -> list[str]:
    model, good = MODELS[list_field]
    known = [info.alias or name for name, info in model.model_fields.items()]
    return sorted(
        {*known, *good, *model.documented, "unknown", "start\\u0073_at", "start\\u005fat", "na\u00efve", ""}
    )


def page_of(list_field: str, rows: list[list[tuple[str, str]]], beside: list[tuple[str, str]] = []) -> bytes:  # noqa: B006
    """A page of rows, each a list of names and values, with other fields beside the rows."""
    records = ["{" + ",".join(f'"{name}":{value}' for name, value in row) + "}" for row in rows]
    more = "".join(f',"{name}":{value}' for name, value in beside)
    return f'{{"{list_field}":[{",".join(records)}]{more}}}'.encode()


def rows_of(list_field: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """A good row but for a few fields: changed, missing, or there twice.

    Only used ones stand there twice: of others msgspec, as Python's own reader, looks at the last one alone.
    """
    model, good = MODELS[list_field]
    names = names_of(list_field)
    changes = st.dictionaries(st.sampled_from(names), st.sampled_from(VALUES), max_size=2)
    used = st.sampled_from([name for name in names if name not in model.documented])
    twice = st.lists(st.tuples(used, st.sampled_from(VALUES)), max_size=1)
    gone = st.sampled_from([None, *good])
    return st.builds(
        lambda new, again, no: [*((k, v) for k, v in {**good, **new}.items() if k != no), *again],
        changes, twice, gone,
    )  # fmt: skip


def pages_of(list_field: str) -> st.SearchStrategy[tuple[str, bytes]]:
    """Pages of such rows. What stands beside the rows, or around the page, may be anything, too."""
    names = st.sampled_from(["paging", "hasMore", "more", list_field])
    beside = st.lists(st.tuples(names, st.sampled_from([*PLAIN, "[{}]"])), max_size=1)
    around = st.just(b"") | BYTES
    return st.builds(
        lambda rows, more, before, after: (list_field, before + page_of(list_field, rows, more) + after),
        st.lists(rows_of(list_field), max_size=3), beside, around, around,
    )  # fmt: skip


def alike(one: Any, other: Any) -> bool:
    """Equal, of the same type and sign. Beyond the microsecond one of them rounds, the other cuts off."""
    if isinstance(one, msgspec.Struct) and isinstance(other, dict):
        return all(alike(getattr(one, name), other.get(name)) for name in one.__struct_fields__)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, datetime) and isinstance(other, datetime):
        return (one.tzinfo is None) == (other.tzinfo is None) and abs(one - other) <= timedelta(
            microseconds=1
        )
    return type(one) is type(other) and one == other and repr(one) == repr(other)


def accepts(list_field: str, body: bytes) -> bool:
    """Whether the fast judge takes a page; pydantic then takes it as well, and reads the same."""
    columns = FAST[list_field].read(body)
    if columns is None:
        return False
    sure = SURE[list_field].judge(body)
    assert sure is not None, body
    assert not sure.unknown_fields, body
    for one, other in zip(columns, sure.values.values(), strict=True):
        assert len(one) == len(other) == sure.rows
        assert all(map(alike, one, other)), (one, other)
    return True


@settings(max_examples=300)
@given(st.sampled_from(sorted(MODELS)).flatmap(pages_of))
def test_what_it_accepts_pydantic_reads_alike(page: tuple[str, bytes]) -> None:
    accepts(*page)


@pytest.mark.parametrize("list_field", sorted(MODELS))
def test_any_value_in_any_field(list_field: str) -> None:
    good = MODELS[list_field][1]
    taken = {
        (name, value)
        for name in names_of(list_field)
        for value in VALUES
        if accepts(list_field, page_of(list_field, [[*({**good, name: value}.items())]]))
    }
    assert {(name, value) for name, value in good.items() if value in VALUES} <= taken
    assert not {name for name, _ in taken} & {"unknown", ""}


@pytest.mark.parametrize("list_field", sorted(MODELS))
def test_good_pages_are_its_own(list_field: str) -> None:
    model, good = MODELS[list_field]
    least = [
        (info.alias or name, good[info.alias or name])
        for name, info in model.model_fields.items()
        if info.is_required()
    ]
    assert accepts(list_field, page_of(list_field, [[*good.items()], least], [("paging", '{"next":null}')]))
    assert accepts(list_field, page_of(list_field, []))


@pytest.mark.parametrize(
    "odd",
    [
        [("surprise", "1")],
        [("bill_rate_id", "1.0")],
        [("subtask_counts", '{"completed":1,"total":2,"more":0}')],
    ],
    ids=["an unknown field", "a whole number with a point", "an unknown field of a nested record"],
)
def test_in_doubt_pydantic_decides(odd: list[tuple[str, str]]) -> None:
    body = page_of("data", [[*ASSIGNMENT.items(), *odd]])
    assert FAST["data"].read(body) is None
    judged = SURE["data"].judge(body)
    assert SURE["data"].read(body) == judged
    assert (judged is None) == (odd[0][0] == "bill_rate_id")


def test_a_rule_it_has_no_word_for_is_told_when_the_program_starts() -> None:
    class Even(Row):
        id: Annotated[int, Field(multiple_of=2)]

    with pytest.raises(TypeError, match="multiple_of"):
        Flawless("data", Even)
