"""The plan file: the same input is the same bytes, and an edited or strange file is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.reconcile.plan import Plan, PlanError
from transforms.reconcile.render import render, safe


def full(studio: Any) -> Plan:
    """A plan with something in every list."""
    studio.person("ruddr", "p9", "Nobody", "nobody@x.test")
    studio.book("ruddr", "a", work_item="w1")
    studio.apply(studio.plan())
    studio.book("ruddr", "a", work_item="w1", days=3)
    studio.book("tenthousandft", "b", days=2, hours=6)
    studio.book("tenthousandft", "c", "p2", work_item="w1")
    studio.book("ruddr", "d", "p9")
    plan: Plan = studio.plan()
    return plan


def test_the_same_input_is_the_same_bytes_whatever_its_order(studio: Any) -> None:
    one = full(studio)
    studio.users.reverse()
    studio.bookings = dict(reversed(studio.bookings.items()))
    studio.records = dict(reversed(studio.records.items()))
    again = studio.plan()
    assert again.dump() == one.dump()
    assert again.sha256 == one.sha256


def test_a_plan_survives_its_file(studio: Any) -> None:
    plan = full(studio)
    assert all((plan.changes, plan.blocked, plan.conflicts, plan.unmatched))
    assert Plan.load(plan.dump()) == plan
    assert Plan.load(json.dumps(json.loads(plan.dump()), indent=2).encode()) == plan  # spacing is no content


def test_every_edit_is_noticed(studio: Any) -> None:
    plan = full(studio)
    file = json.loads(plan.dump())
    file["plan"]["changes"][0]["after"]["user_id"] = "somebody-else"
    with pytest.raises(PlanError, match="was changed after it was made"):
        Plan.load(json.dumps(file).encode())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no plan file"),
        (b'{"plan": 3}', "no plan file"),
        (b'{"plan": {"format": 99}, "sha256": "x"}', "format 99"),
        (b'{"plan": {"format": 1, "x": NaN}, "sha256": "x"}', "damaged"),
        (b'{"plan": {"format": 1, "x": "\\ud800"}, "sha256": "x"}', "damaged"),
        (b'{"plan": {"format": 1}, "sha256": "x"}', "was changed"),
    ],
)
def test_what_is_no_plan_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        Plan.load(data)


def test_a_file_with_the_right_hash_and_the_wrong_shape_is_refused(studio: Any) -> None:
    content = json.loads(full(studio).dump())["plan"]
    content["changes"][0]["action"] = "explode"
    with pytest.raises(PlanError, match=r"damaged at changes\.0\.action"):
        Plan.load(Plan.of(content).dump())


@given(st.binary(max_size=200))
def test_no_file_makes_it_fall_over(data: bytes) -> None:
    with pytest.raises(PlanError):
        Plan.load(data)


def test_the_plan_on_the_terminal(studio: Any) -> None:
    text = render(full(studio))
    assert "to create (2 allocations, 1 assignment)" in text
    assert "ALPHA Alpha / Ada Lovelace" in text
    assert "1 booking: unmatched person (40.0 h)" in text
    assert "person Nobody (ruddr p9): no user in ftrack has this e-mail or name" in text
    assert "0 weeks agree, 1 differ" in text


def test_a_plan_without_changes_says_so(studio: Any) -> None:
    assert "Nothing to change in ftrack." in render(studio.plan())


def test_long_plans_are_cut_and_say_so(studio: Any) -> None:
    for number in range(120):
        studio.person("ruddr", f"q{number}", f"Person {number}")
        studio.user(f"v{number}", f"Person {number}")
        studio.book("ruddr", f"b{number}", f"q{number}", days=1)
    text = render(studio.plan())
    assert "more changes in the plan file" in text
    assert len(text.splitlines()) < 150


@given(st.text())
def test_text_from_outside_cannot_steer_the_terminal(text: str) -> None:
    shown = safe(text)
    assert len(shown) == len(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    assert "\u202e" not in shown


def test_names_with_escape_sequences_are_made_harmless(studio: Any) -> None:
    studio.user("u9", "\x1b]0;owned\x07Eve\n- delete everything")
    studio.person("ruddr", "p9", "\x1b]0;owned\x07Eve\n- delete everything")
    studio.book("ruddr", "b", "p9")
    text = render(studio.plan())
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\n- delete everything" not in text
