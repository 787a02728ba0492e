"""Exactly once: whatever is lost, refused or half done, ftrack ends up as the plan says, nothing twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import UnknownOutcome
from connectors.ftrack.client import Ftrack
from pipelines import push, pushed
from pipelines.apply import GuardTripped, PlanStale
from pipelines.plan import make_plan
from transforms.reconcile.plan import Plan
from transforms.warehouse import WarehouseError
from transforms.warehouse.ledger import Ledger, Outcome

MONDAY = date(2026, 3, 2)


def weeks(rig: Any, number: int, hours: float = 8) -> None:
    """So many bookings of Ada, one a week."""
    for n in range(number):
        rig.world.book("ruddr", f"b{n}", start=MONDAY + timedelta(weeks=n), hours=hours, work_item="w1")


def test_what_is_pushed_is_what_the_plan_said(rig: Any) -> None:
    weeks(rig, 3)
    rig.world.book("tenthousandft", "away", "p2", days=2, leave="l1")
    plan = rig.plan()
    result = rig.apply(plan)
    assert (result.created, result.updated, result.deleted, result.failed) == (len(plan.changes), 0, 0, 0)
    assert result.verified == len(plan.changes)
    assert len(rig.allocations()) == 4
    again = rig.plan()
    assert (again.changes, [b for b in again.blocked if b["what"] != "booking"]) == ([], [])
    assert again.content["summary"]["kept"] == len(plan.changes)


def test_updates_and_deletes_arrive_too(rig: Any) -> None:
    weeks(rig, 3)
    rig.sync()
    rig.world.book("ruddr", "b0", "p2", days=12, hours=4)
    rig.world.drop("ruddr", "b2")
    result = rig.sync()
    assert (result.failed, len(result.mismatches)) == (0, 0)
    assert result.updated >= 1
    assert result.deleted >= 1
    assert len(rig.allocations()) == 2
    if rig.store.dialect == "studio":
        assert len(rig.store.entities["CalendarEventResource"]) == 2
    assert rig.plan().changes == []


def test_an_applied_plan_sends_nothing_again(rig: Any) -> None:
    weeks(rig, 1)
    plan = rig.plan()
    rig.apply(plan)
    sent = len(rig.gate.writes)
    assert rig.apply(Plan.load(plan.dump())).already_applied
    assert len(rig.gate.writes) == sent


def test_a_plan_goes_in_batches_that_never_split_a_record(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "OPERATIONS_PER_REQUEST", 4)
    monkeypatch.setattr(push, "REQUESTS_PER_COMMIT", 2)
    weeks(rig, 9)
    assert rig.sync().failed == 0
    assert all(len(write) <= 4 for write in rig.gate.writes)
    assert len(rig.gate.writes) > 2
    assert rig.plan().changes == []


def test_intent_is_durable_before_a_request_leaves(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each request another connection looks: it sees only what is committed."""
    monkeypatch.setattr(push, "OPERATIONS_PER_REQUEST", 3)
    monkeypatch.setattr(push, "REQUESTS_PER_COMMIT", 2)
    weeks(rig, 12)
    rig.world.book("ruddr", "b0", "p2")
    plan = rig.plan()
    ours, other = {change["id"] for change in plan.changes}, rig.world.con.cursor()
    seen: list[bool] = []

    def look(_number: int) -> None:
        rows = other.execute("SELECT record_id FROM push_ledger WHERE status = 'sending'").fetchall()
        leaving = {operation["entity_key"][0] for operation in rig.gate.writes[-1]} & ours
        seen.append(leaving <= {row[0] for row in rows} and bool(leaving))

    rig.gate.on_write = look
    assert rig.apply(plan).failed == 0
    assert len(seen) > 3
    assert all(seen)
    assert rig.statuses() == {"done": len(plan.changes)}


@pytest.mark.parametrize("fate", ["lost", "unheard"])
def test_a_lost_answer_makes_no_duplicate_and_loses_nothing(
    rig: Any, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    monkeypatch.setattr(push, "OPERATIONS_PER_REQUEST", 6)
    getattr(rig.gate, fate).update({1, 3})
    weeks(rig, 6)
    plan = rig.plan()
    result = rig.apply(plan)
    assert (result.created, result.verified, result.failed) == (len(plan.changes), len(plan.changes), 0)
    assert len(rig.allocations()) == 6
    assert rig.plan().changes == []


def test_lost_answers_to_updates_and_deletes(rig: Any) -> None:
    weeks(rig, 3)
    rig.sync()
    weeks(rig, 2, hours=4)
    rig.world.drop("ruddr", "b2")
    rig.gate.lost = {len(rig.gate.writes) + 1}
    result = rig.sync()
    assert (result.failed, result.mismatches) == (0, ())
    assert rig.plan().changes == []


def test_a_server_that_is_gone_for_good_ends_the_run_and_the_next_one_finishes(rig: Any) -> None:
    weeks(rig, 2)
    plan = rig.plan()
    rig.gate.unheard = set(range(1, 100))
    with pytest.raises(UnknownOutcome):
        rig.apply(plan)
    assert len(rig.gate.writes) == push.ATTEMPTS
    assert rig.statuses() == {"intended": len(plan.changes)}
    assert rig.allocations() == {}
    rig.gate.unheard = set()
    result = rig.apply(plan)
    assert result.created == len(plan.changes)
    assert rig.plan().changes == []


def test_a_refused_change_is_kept_with_its_error_and_holds_nobody_back(rig: Any) -> None:
    weeks(rig, 7)
    rig.world.book("ruddr", "ben", "p2")
    plan = rig.plan()
    rig.store.remove("User", "u2")  # somebody deletes Ben between plan and apply
    result = rig.apply(plan)
    bens = [change for change in plan.changes if change["person"] == "Ben Turner"]
    assert result.failed == len(bens)
    assert result.created == len(plan.changes) - len(bens)
    assert all("Ben Turner" in failure for failure in result.failures)
    assert rig.statuses() == {"done": result.created, "failed": result.failed}
    assert len(rig.allocations()) == 7
    rig.store.add(
        "User", id="u2", username="ben", email="ben@studio.test", first_name="Ben", last_name="Turner"
    )
    retried = rig.apply(rig.plan(now=later(minutes=16)))
    assert (retried.created, retried.failed) == (len(bens), 0)


def refused_ben(rig: Any, **at: Any) -> Any:
    """A plan for Ben that ftrack refuses, applied."""
    user = rig.store.entities["User"]["u2"]
    plan = rig.plan(**at)
    rig.store.remove("User", "u2")
    assert rig.apply(plan).failed == len(plan.changes) > 0
    rig.store.add("User", **user)
    return plan


def waiting(plan: Any) -> list[Any]:
    return [blocked for blocked in plan.blocked if blocked["reason"].startswith("failed ")]


def test_a_change_that_failed_waits_and_the_others_go_on(rig: Any) -> None:
    rig.world.book("ruddr", "ben", "p2")
    refused = refused_ben(rig)
    weeks(rig, 2)
    plan = rig.plan()
    assert {change["person"] for change in plan.changes} == {"Ada Lovelace"}
    blocked = waiting(plan)
    assert [b["id"] for b in blocked] == [change["id"] for change in refused.changes]
    [(due,)] = rig.world.con.execute(
        "SELECT DISTINCT strftime(finished_at + INTERVAL 15 MINUTE, '%Y-%m-%d %H:%M:%S') FROM push_change"
    ).fetchall()
    assert all(b["reason"].startswith("failed 1 time, last: ") for b in blocked)
    assert all(b["reason"].endswith(f"; tried again after {due} UTC") for b in blocked)
    assert all(row["next_try"].startswith(f"with the first plan after {due} UTC") for row in failed(rig))
    now = datetime.now(UTC)
    assert rig.plan(now=now).dump() == rig.plan(now=now + timedelta(seconds=30)).dump()
    assert rig.apply(plan).failed == 0
    assert [change["action"] for change in rig.plan(now=later(minutes=16)).changes] == (
        ["create"] * len(refused.changes)
    )


def failed(rig: Any) -> list[Any]:
    return pushed.still_failed(pushed.read(rig.world.con))


def test_each_further_failure_doubles_the_wait_up_to_a_day(rig: Any) -> None:
    rig.world.book("ruddr", "ben", "p2")
    refused_ben(rig)
    refused_ben(rig, now=later(minutes=16))
    assert waiting(rig.plan(now=later(minutes=29)))[0]["reason"].startswith("failed 2 times, last: ")
    assert {row["tries"] for row in failed(rig)} == {2}
    assert waiting(rig.plan(now=later(minutes=31))) == []
    for _ in range(6):
        refused_ben(rig, now=later(days=2))
    assert waiting(rig.plan(now=later(hours=23)))
    assert rig.plan(now=later(hours=25)).changes


@pytest.mark.parametrize("action", ["create", "update"])
def test_another_content_does_not_wait(rig: Any, action: str) -> None:
    rig.world.book("ruddr", "ben", "p2", hours=8)
    if action == "update":
        rig.sync()
        rig.world.book("ruddr", "ben", "p2", hours=6)
    plan = rig.plan()
    fail(rig, plan)
    assert {change["kind"] for change in rig.plan().changes} == set()
    rig.world.book("ruddr", "ben", "p2", hours=4)
    [change] = rig.plan().changes
    assert (change["kind"], change["action"]) == ("allocation", action)
    fail(rig, rig.plan())
    assert {row["tries"] for row in failed(rig) if row["kind"] == "allocation"} == {1}
    assert any("failed 1 time," in blocked["reason"] for blocked in waiting(rig.plan()))


def test_a_delete_that_failed_waits_too_and_a_success_starts_anew(rig: Any) -> None:
    weeks(rig, 2)
    rig.sync()
    rig.world.drop("ruddr", "b1")
    fail(rig, rig.plan())
    assert rig.plan().changes == []
    plan = rig.plan(now=later(minutes=16))
    assert [change["action"] for change in plan.changes] == ["delete"]
    rig.apply(plan, allow=plan.sha256)
    weeks(rig, 2)
    rig.sync()
    rig.world.drop("ruddr", "b1")
    fail(rig, rig.plan())
    [blocked] = waiting(rig.plan())
    assert blocked["reason"].startswith("failed 1 time, last: ServerError: no way; tried again after ")


def fail(rig: Any, plan: Any) -> None:
    """The plan was pushed, and ftrack refused all of it."""
    ledger = Ledger(rig.world.con)
    ledger.begin(plan, [])
    entries = ledger.entries(plan.sha256, "intended")
    ledger.settle([Outcome(entries, "failed", "ServerError: no\nway")])
    ledger.finish(plan.sha256)


def later(**span: float) -> datetime:
    return datetime.now(UTC) + timedelta(**span)


def test_clocks_that_differ_stop_a_push_unless_this_very_plan_is_allowed(rig: Any) -> None:
    weeks(rig, 1)
    rig.gate.skew = timedelta(hours=1)
    plan = rig.plan()
    with pytest.raises(GuardTripped, match="is 60 minutes behind that of ftrack"):
        rig.apply(plan)
    assert rig.gate.writes == []
    rig.gate.skew = timedelta(minutes=4)
    assert rig.apply(plan).created == len(plan.changes)


def test_a_server_that_does_not_roll_back_is_read_back(rig: Any) -> None:
    """The first half of a refused list stays; nothing is assumed, nothing is made twice."""
    weeks(rig, 5)
    plan = rig.plan()
    rig.gate.halved = {1, 2}
    result = rig.apply(plan)
    assert (result.created, result.failed, result.mismatches) == (len(plan.changes), 0, ())
    assert len(rig.allocations()) == 5
    assert rig.plan().changes == []


def test_a_server_that_refuses_everything_is_not_asked_for_ever(
    rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "HOPELESS", 3)
    weeks(rig, 40)
    plan = rig.plan()
    rig.store.remove("User", "u1")
    with pytest.raises(Exception, match="refused the operations"):
        rig.apply(plan)
    assert len(rig.gate.writes) < 30
    assert rig.statuses()["failed"] == 3


def test_a_human_edit_after_the_plan_makes_it_stale(rig: Any) -> None:
    weeks(rig, 2)
    rig.sync()
    weeks(rig, 2, hours=4)
    plan = rig.plan()
    name, key = ("Allocation", "value") if rig.store.dialect == "seed" else ("CalendarEvent", "effort")
    record = next(change["id"] for change in plan.changes)
    rig.store.change(name, record, **{key: 0.25})
    sent = len(rig.gate.writes)
    with pytest.raises(PlanStale, match="was changed in ftrack: value"):
        rig.apply(plan)
    assert len(rig.gate.writes) == sent


def test_a_record_that_vanished_makes_the_plan_stale(rig: Any) -> None:
    weeks(rig, 1)
    rig.sync()
    weeks(rig, 1, hours=4)
    plan = rig.plan()
    rig.store.remove("Allocation" if rig.store.dialect == "seed" else "CalendarEvent", plan.changes[0]["id"])
    with pytest.raises(PlanStale, match="is gone"):
        rig.apply(plan)


def test_another_pull_makes_the_plan_stale(rig: Any) -> None:
    weeks(rig, 1)
    plan = rig.plan()
    rig.world.con.execute("UPDATE raw_snapshot SET content_sha256 = 'new' WHERE stream = 'allocations'")
    with pytest.raises(PlanStale, match="ruddr allocations was pulled again since"):
        rig.apply(plan)
    assert rig.gate.writes == []


def test_a_plan_for_another_server_is_not_applied(rig: Any) -> None:
    weeks(rig, 1)
    plan = Plan.of({**rig.plan().content, "server": "https://elsewhere.test"})
    with pytest.raises(PlanStale, match=r"is for https://elsewhere\.test"):
        rig.apply(plan)


def test_a_tripped_guard_sends_nothing_unless_this_very_plan_is_allowed(rig: Any) -> None:
    weeks(rig, 2)
    rig.sync()
    for n in range(2):
        rig.world.drop("ruddr", f"b{n}")
    plan = rig.plan()
    sent = len(rig.gate.writes)
    for allow in (None, "0" * 64):
        with pytest.raises(GuardTripped, match="ruddr has no booking at all any more") as caught:
            rig.apply(plan, allow=allow)
        assert f"--allow {plan.sha256}" in str(caught.value)
    assert len(rig.gate.writes) == sent
    assert rig.apply(plan, allow=plan.sha256).deleted == len(plan.changes)
    assert rig.rows() == {name: {} for name in rig.rows()}
    recorded = "SELECT allowed_trips FROM push_plan WHERE plan_sha256 = ?"
    assert rig.world.con.execute(recorded, [plan.sha256]).fetchall() == [(["empty source"],)]
    assert rig.apply(plan, allow=plan.sha256).already_applied


def test_people_s_own_records_are_untouched_by_everything(rig: Any) -> None:
    span = {"start": MONDAY, "end": MONDAY + timedelta(days=4)}
    if rig.store.dialect == "seed":
        rig.store.add("Assignment", id="h1", context_id="t1", resource_id="u1", assignment_type="Management")
        rig.store.add(
            "Allocation", id="h2", resource_id="u2", allocation_type="Project Work", value=0.3, **span
        )
    else:
        rig.store.add("Appointment", id="h1", context_id="t1", resource_id="u1", type="assignment")
        rig.store.add("CalendarEvent", id="h2", name="by hand", project_id="f1", effort=0.3, **span)
        rig.store.add("CalendarEventResource", id="h3", calendar_event_id="h2", resource_id="u2")
    theirs = rig.rows()
    weeks(rig, 3)
    rig.sync()
    assert all(rig.rows()[name][key] == row for name in theirs for key, row in theirs[name].items())
    weeks(rig, 3, hours=2)
    rig.sync()
    for n in range(3):
        rig.world.drop("ruddr", f"b{n}")
    plan = rig.plan()
    rig.apply(plan, allow=plan.sha256)
    assert rig.rows() == theirs


@pytest.mark.parametrize("heard", [True, False])
def test_what_a_crash_left_open_is_settled_by_the_next_plan(
    rig: Any, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    """The process dies between a request and its answer; the request may or may not have arrived."""
    weeks(rig, 2)
    plan = rig.plan()
    send = Ftrack.send

    def die(client: Ftrack, operations: list[Any]) -> None:
        if heard:
            send(client, operations)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Ftrack, "send", die)
        with pytest.raises(KeyboardInterrupt):
            rig.apply(plan)
    assert rig.statuses() == {"sending": len(plan.changes)}
    again = rig.plan()
    assert rig.statuses() == {"done" if heard else "intended": len(plan.changes)}
    assert again.changes == ([] if heard else plan.changes)
    assert rig.apply(plan).created == len(plan.changes)
    assert len(rig.allocations()) == 2
    assert rig.plan().changes == []


def test_requests_that_never_left_are_not_read_back(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "OPERATIONS_PER_REQUEST", 3)
    weeks(rig, 5)
    plan = rig.plan()
    rig.gate.unheard = set(range(2, 100))
    with pytest.raises(UnknownOutcome):
        rig.apply(plan)
    assert set(rig.statuses()) == {"done", "intended"}
    rig.gate.unheard = set()
    assert rig.apply(plan).created == len(plan.changes)
    assert rig.plan().changes == []


def test_a_change_made_taken_back_and_made_again_is_pushed_again(rig: Any) -> None:
    """The third plan asks for what the first one did, on the same day: it is another plan all the same."""
    weeks(rig, 2)
    first = rig.plan()
    rig.apply(first)
    for n in range(2):
        rig.world.drop("ruddr", f"b{n}")
    back = rig.plan()
    rig.apply(back, allow=back.sha256)
    weeks(rig, 2)
    third = rig.plan()
    assert third.changes == first.changes
    result = rig.apply(third)
    assert (result.created, result.already_applied) == (len(first.changes), False)


def test_a_plan_without_changes_leaves_no_trace(rig: Any) -> None:
    plan = rig.plan()
    assert rig.apply(plan).created == 0
    assert rig.statuses() == {}
    assert rig.plan().dump() == plan.dump()


def test_before_the_first_pull_there_is_nothing_to_plan(rig: Any) -> None:
    with pytest.raises(WarehouseError, match="run `crewtally pull` first"):
        make_plan(rig.settings, rig.world.con)
