"""What changes, what stays, what is left alone and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from transforms.reconcile.policy import PushPolicy

DIALECTS = pytest.mark.parametrize("dialect", ["seed", "studio"])


def actions(plan: Any) -> list[tuple[str, str]]:
    return sorted((change["action"], change["kind"]) for change in plan.changes)


def reasons(plan: Any) -> set[str]:
    return {item["reason"] for item in plan.blocked}


@DIALECTS
def test_what_a_booking_makes(studio: Any, dialect: str) -> None:
    studio.book("ruddr", "b1", work_item="w1", tentative=True)
    images = {change["kind"]: change["after"] for change in studio.plan(dialect).changes}
    span = {"start": "2026-03-02", "end": "2026-03-06", "value": 1.0, "user_id": "u1"}
    if dialect == "seed":
        assert images == {
            "assignment": {"user_id": "u1", "task_id": "t1", "assignment_type": "Creative Work"},
            "allocation": {**span, "allocation_type": "Project Work"},
        }
    else:
        assert images == {
            "assignment": {"user_id": "u1", "task_id": "t1"},
            "team": {"user_id": "u1", "project_id": "f1"},
            "allocation": {
                **span,
                "project_id": "f1",
                "name": "Compositing",
                "leave": False,
                "forecast": True,
            },
        }


@DIALECTS
def test_what_leave_makes(studio: Any, dialect: str) -> None:
    studio.book("ruddr", "b1", leave="l1")
    [change] = studio.plan(dialect, policy=PushPolicy(leave_types={"annual LEAVE": "Holiday"})).changes
    named = "allocation_type" if dialect == "seed" else "name"
    assert change["after"][named] == "Holiday"
    assert change["after"].get("leave") is (None if dialect == "seed" else True)
    assert "project_id" not in change["after"]


@DIALECTS
def test_a_second_run_plans_nothing(studio: Any, dialect: str) -> None:
    for key in ("b1", "b2"):
        studio.book("ruddr", key, work_item="w1", hours=4)
    studio.book("tenthousandft", "x", "p2", days=20, leave="l1")
    plan = studio.plan(dialect)
    studio.apply(plan)
    again = studio.plan(dialect)
    assert again.changes == []
    assert again.blocked == []
    assert again.content["summary"]["kept"] == len(plan.changes)


@DIALECTS
def test_a_longer_booking_is_one_update_of_one_field(studio: Any, dialect: str) -> None:
    studio.book("ruddr", "b1", work_item="w1")
    studio.apply(studio.plan(dialect))
    studio.book("ruddr", "b1", work_item="w1", days=12)
    [change] = studio.plan(dialect).changes
    assert (change["action"], change["rule"]) == ("update", "booking changed")
    assert change["before"] == {"end": "2026-03-06"}
    assert change["after"] == {"end": "2026-03-13"}
    assert change["hours"] == {"before": 40.0, "after": 80.0}


def test_another_person_is_an_update_of_the_allocation_and_a_new_assignment(studio: Any) -> None:
    studio.book("ruddr", "b1", work_item="w1")
    studio.apply(studio.plan())
    studio.book("ruddr", "b1", "p2", work_item="w1")
    plan = studio.plan()
    assert actions(plan) == [("create", "assignment"), ("delete", "assignment"), ("update", "allocation")]
    [update] = [change for change in plan.changes if change["action"] == "update"]
    assert update["before"], update["after"] == ({"user_id": "u1"}, {"user_id": "u2"})
    assert {
        m["person"]: m["added_hours"] - m["removed_hours"] for m in plan.content["summary"]["people"]
    } == {
        "Ada Lovelace": -40.0,
        "Ben Turner": 40.0,
    }


def test_deleted_and_made_again_for_somebody_else_is_called_a_move(studio: Any) -> None:
    studio.book("ruddr", "old")
    studio.apply(studio.plan())
    studio.drop("ruddr", "old")
    studio.book("ruddr", "new", "p2")
    changes = {change["action"]: change for change in studio.plan().changes}
    assert changes["delete"]["moved_to"] == "Ben Turner"
    assert changes["create"]["moved_from"] == "Ada Lovelace"


def test_the_same_assignment_from_two_bookings_is_one_and_stays_with_the_other(studio: Any) -> None:
    studio.book("ruddr", "b1", work_item="w1", hours=4)
    studio.book("ruddr", "b2", work_item="w1", hours=4)
    studio.apply(studio.plan())
    studio.drop("ruddr", "b1")
    assert actions(studio.plan()) == [("delete", "allocation")]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("proven", None),
        ("partial", "no complete listing proves that its booking is gone"),
        ("latest listing incomplete", "booking gone, but the latest listing is incomplete"),
        ("lost", "no complete listing proves that its booking is gone"),
        ("planner not configured", "its planner is not in the configuration"),
    ],
)
def test_a_delete_needs_evidence(studio: Any, how: str, reason: str | None) -> None:
    studio.book("ruddr", "b1", work_item="w1")
    studio.book("tenthousandft", "other", "p2")
    studio.apply(studio.plan())
    rules = {"sources": ["tenthousandft"]} if how == "planner not configured" else {}
    if how == "lost":
        del studio.bookings["ruddr", "b1"]
    elif not rules:
        studio.drop("ruddr", "b1", proven=how != "partial")
    studio.complete["ruddr"] = how != "latest listing incomplete"
    plan = studio.plan(**rules)
    if reason is None:
        assert actions(plan) == [("delete", "allocation"), ("delete", "assignment")]
        assert {change["rule"] for change in plan.changes} == {"booking gone"}
    else:
        assert plan.changes == []
        assert reasons(plan) == {reason}


@pytest.mark.parametrize("kind", ["placeholder", "unassigned"])
def test_a_booking_that_lost_its_person_is_taken_away(studio: Any, kind: str) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    studio.book("ruddr", "b1", None, resource_kind=kind)
    [change] = studio.plan().changes
    assert (change["action"], change["rule"]) == ("delete", f"booking is now {kind}")


def test_a_run_that_is_no_more_is_taken_away(studio: Any) -> None:
    studio.book("ruddr", "b1", hours=[8, 8, 4, 4, 4])
    studio.apply(studio.plan())
    studio.book("ruddr", "b1", hours=[8, 8, 8, 8, 8])
    plan = studio.plan()
    assert actions(plan) == [("delete", "allocation"), ("update", "allocation")]
    assert [c["rule"] for c in plan.changes] == ["booking changed", "booking changed"]


def test_a_project_that_changes_its_authority_changes_hands(studio: Any) -> None:
    studio.book("tenthousandft", "a")
    studio.book("ruddr", "b", hours=4)
    studio.apply(studio.plan())
    plan = studio.plan(authority={"ALPHA": "ruddr"})
    rules = {(c["action"], c["origin"]["source"], c["rule"]) for c in plan.changes}
    assert rules == {
        ("create", "ruddr", "booking"),
        ("delete", "tenthousandft", "the other planner has the say"),
    }


@pytest.mark.parametrize("what", ["person", "project", "task"])
def test_what_is_no_longer_matched_is_kept_and_reported(studio: Any, what: str) -> None:
    studio.book("ruddr", "b1", work_item="w1")
    studio.apply(studio.plan("studio"))
    if what == "person":
        studio.users[0] |= {"email": "new@studio.test", "name": "Countess"}
    elif what == "project":
        studio.projects[0] |= {"code": "RENAMED", "name": "Renamed"}
    else:
        studio.tasks[0]["name"] = "Comp"
    plan = studio.plan("studio")
    assert plan.changes == []
    records = {item["what"] for item in plan.blocked} - {"booking"}
    assert records == ({"assignment"} if what == "task" else {"allocation", "assignment", "team"})


def test_an_assignment_is_not_taken_while_an_unmatched_booking_may_stand_behind_it(studio: Any) -> None:
    """b1 made the assignment and is gone; b2 stood behind it too, and its phase is unmatched by now."""
    studio.work_item("ruddr", "w2", "j1", "compositing")
    studio.book("ruddr", "b1", work_item="w1", hours=4)
    studio.book("ruddr", "b2", work_item="w1", hours=4)
    studio.apply(studio.plan())
    studio.drop("ruddr", "b1")
    studio.tasks[0]["name"] = "Comp"
    plan = studio.plan()
    assert actions(plan) == [("delete", "allocation")]
    assert "a booking behind it is no longer matched" in reasons(plan)


@DIALECTS
def test_an_edit_by_a_person_is_reported_and_kept(studio: Any, dialect: str) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan(dialect))
    record = next(r for r in studio.records.values() if r["kind"] == "allocation")
    record["value_millionths"] = 500_000
    plan = studio.plan(dialect)
    assert plan.changes == []
    assert reasons(plan) == {"changed in ftrack by somebody"}
    assert plan.blocked[0]["before"] == {"value": 0.5}
    assert plan.blocked[0]["after"] == {"value": 1.0}


def test_an_edited_record_is_not_deleted_either(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    next(iter(studio.records.values()))["end"] = "2026-03-05"
    studio.drop("ruddr", "b1")
    plan = studio.plan()
    assert plan.changes == []
    assert reasons(plan) == {"changed in ftrack by somebody"}


def test_an_edit_is_overwritten_when_the_policy_says_so(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    next(iter(studio.records.values()))["end"] = "2026-03-05"
    [change] = studio.plan(policy=PushPolicy(human_edits="overwrite")).changes
    assert change["rule"] == "overwrites an edit made in ftrack, by policy"
    assert change["after"] == {"end": "2026-03-06"}


def test_an_edit_that_is_what_we_want_is_no_conflict(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    next(iter(studio.records.values()))["end"] = "2026-03-05"
    studio.book("ruddr", "b1", days=4)
    plan = studio.plan()
    assert (plan.changes, plan.blocked) == ([], [])


def test_a_record_deleted_by_a_person_is_reported_and_not_made_again(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    studio.records.clear()
    plan = studio.plan()
    assert plan.changes == []
    assert reasons(plan) == {"deleted in ftrack by somebody"}
    again = studio.plan(policy=PushPolicy(human_deletes="recreate"))
    assert actions(again) == [("create", "allocation")]
    studio.apply(again)
    assert studio.plan().changes == []


def test_a_booking_that_comes_back_after_our_own_delete_is_made_again(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    studio.drop("ruddr", "b1")
    studio.apply(studio.plan())
    assert studio.records == {}
    studio.book("ruddr", "b1")
    plan = studio.plan()
    assert actions(plan) == [("create", "allocation")]
    studio.apply(plan)
    assert studio.plan().changes == []


@DIALECTS
def test_what_people_made_is_not_made_twice_and_never_touched(studio: Any, dialect: str) -> None:
    spans = {"start": "2026-03-02", "end": "2026-03-06", "value_millionths": 1_000_000, "user_id": "u1"}
    if dialect == "seed":
        studio.foreign("h1", "assignment", task_id="t1", user_id="u1", assignment_type="Management")
        studio.foreign("h2", "allocation", allocation_type="Project Work", **spans)
    else:
        studio.foreign("h1", "assignment", task_id="t1", user_id="u1")
        studio.foreign("h3", "team", project_id="f1", user_id="u1")
        named = {"name": "by hand", "leave": False, "forecast": False, "project_id": "f1"}
        studio.foreign("h2", "allocation", **named, **spans)
    before = {key: dict(record) for key, record in studio.records.items()}
    studio.book("ruddr", "b1", work_item="w1")
    plan = studio.plan(dialect)
    assert plan.changes == []
    assert reasons(plan) == {"somebody made the same record"}
    studio.apply(plan)
    studio.drop("ruddr", "b1")
    assert studio.plan(dialect).changes == []
    assert studio.records == before


def test_one_record_of_theirs_stands_for_one_of_ours(studio: Any) -> None:
    studio.foreign(
        "h", "allocation", user_id="u1", allocation_type="Project Work", start="2026-03-02", end="2026-03-06",
        value_millionths=500_000,
    )  # fmt: skip
    studio.book("ruddr", "b1", hours=4)
    studio.book("ruddr", "b2", hours=4)
    assert actions(studio.plan()) == [("create", "allocation")]


def test_other_records_of_people_are_no_business_of_ours(studio: Any) -> None:
    studio.foreign(
        "h", "allocation", user_id="u1", start="2026-03-02", end="2026-03-06", value_millionths=None
    )
    plan = studio.plan()
    assert (plan.changes, plan.blocked) == ([], [])


def test_without_the_ledger_equal_records_are_kept_and_others_left_alone(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.book("ruddr", "b2", "p2")
    studio.apply(studio.plan())
    studio.con.execute("DELETE FROM push_record")
    studio.book("ruddr", "b2", "p2", days=3)
    plan = studio.plan()
    assert plan.changes == []
    assert reasons(plan) == {"the ledger does not know this record"}


def test_another_server_is_another_ledger(studio: Any) -> None:
    studio.book("ruddr", "b1")
    studio.apply(studio.plan())
    studio.con.execute("UPDATE push_record SET server = 'http://elsewhere.test'")
    studio.records.clear()
    assert actions(studio.plan()) == [("create", "allocation")]


def test_a_backfill_deletes_only_inside_its_window(studio: Any) -> None:
    studio.book("ruddr", "march", work_item="w1")
    studio.book("ruddr", "may", "p2", start=date(2026, 5, 4), work_item="w1")
    studio.apply(studio.plan())
    studio.drop("ruddr", "march")
    studio.drop("ruddr", "may")
    plan = studio.plan(delete_window=(date(2026, 5, 1), date(2026, 5, 31)))
    assert {change["person"] for change in plan.changes} == {"Ben Turner"}
    assert actions(plan) == [("delete", "allocation"), ("delete", "assignment")]
    assert plan.content["summary"]["outside_window"] == 2


def test_tentative_work_is_held_when_the_policy_says_so(studio: Any) -> None:
    studio.book("ruddr", "b1", tentative=True)
    plan = studio.plan(policy=PushPolicy(tentative="hold"))
    assert plan.changes == []
    assert reasons(plan) == {"tentative"}
    [change] = studio.plan(policy=PushPolicy(tentative_type="Pencil")).changes
    assert change["after"]["allocation_type"] == "Pencil"


def test_holidays_are_not_pushed(studio: Any) -> None:
    studio.book("ruddr", "h1", kind="holiday", project=None)
    plan = studio.plan()
    assert (plan.changes, plan.blocked) == ([], [])


def test_fixed_hours_without_a_working_day_are_listed(studio: Any) -> None:
    studio.book("ruddr", "b1", hours=0)
    studio.bookings["ruddr", "b1"].effort = ("hours_total", 12)
    plan = studio.plan()
    assert [(b["reason"], b["hours"]) for b in plan.blocked] == [("no working day in its span", 12.0)]
