"""A machine that edits the planner and ftrack and lets pushes die at any step; afterwards all must be right.

The model is a dict of bookings. After every recovery: each booking has exactly one allocation that says what
the booking says, unless a person touched it; nothing of ours is left over; what people made or touched is as
they left it; the ledger and ftrack agree; a further plan is empty.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connectors.errors import ConnectorError
from connectors.ftrack.client import Ftrack
from connectors.sandbox.ftrack.service import build_app
from connectors.sandbox.ftrack.store import Store
from pipelines import push

MONDAY = date(2026, 3, 2)
KEYS = st.sampled_from(["b1", "b2", "b3", "b4", "b5"])
PEOPLE = {"p1": "u1", "p2": "u2"}
FATES = ["lost", "unheard", "halved", "dies unsent", "dies sent", "dies halfway", "outage"]


class Dies(BaseException):
    """The process is gone: nothing may catch this."""


class Machine(RuleBasedStateMachine):
    """Each step is an edit or a push, which may meet a fate; teardown recovers and checks."""

    rig: Any
    worlds: Any
    monkeypatch: Any

    @initialize(dialect=st.sampled_from(["seed", "studio"]))
    def start(self, dialect: str) -> None:
        rig = self.rig
        rig.world.con.close()
        rig.world = self.worlds.empty_world()
        self.worlds.planners(rig.world)
        rig.store = Store(dialect, rig.settings.ftrack.user, rig.settings.ftrack.key.get_secret_value())
        rig.gate.reset(build_app(rig.store))
        for person, user in PEOPLE.items():
            name = {"p1": "ada", "p2": "ben"}[person]
            rig.store.add("User", id=user, username=name, email=f"{name}@studio.test")
        rig.store.add("Project", id="f1", name="ALPHA", full_name="Alpha")
        rig.store.add("Task", id="t1", name="Compositing", parent_id="f1")
        self.model: dict[str, dict[str, Any]] = {}
        self.touched: dict[Any, Any] = {}  # id -> the row as a person left it, None: deleted
        self.name, self.value = ("Allocation", "value") if dialect == "seed" else ("CalendarEvent", "effort")

    @rule(
        key=KEYS,
        person=st.sampled_from(["p1", "p2"]),
        days=st.integers(1, 9),
        hours=st.sampled_from([2, 4, 7.5, 8]),
        week=st.integers(0, 3),
        task=st.booleans(),
    )
    def book(self, key: str, person: str, days: int, hours: float, week: int, task: bool) -> None:
        start = MONDAY + timedelta(weeks=week)
        more = {"work_item": "w1"} if task else {}
        self.rig.world.book("ruddr", key, person, start=start, days=days, hours=hours, **more)
        last = start + timedelta(days=days - 1)
        while last.weekday() > 4:
            last -= timedelta(days=1)
        self.model[key] = {
            "user": PEOPLE[person],
            "start": start,
            "end": last,
            "value": hours / 8,
            "task": task,
        }

    @rule(key=KEYS)
    def drop(self, key: str) -> None:
        if key in self.model:
            del self.model[key]
            self.rig.world.drop("ruddr", key)

    @rule(pick=st.integers(0, 10), value=st.sampled_from([0.1, 0.9]))
    def a_person_edits(self, pick: int, value: float) -> None:
        if keys := self._whole():
            key = keys[pick % len(keys)]
            self.rig.store.change(self.name, key, **{self.value: value})
            self.touched[key] = self.rig.store.entities[self.name][key]

    @rule(pick=st.integers(0, 10))
    def a_person_deletes(self, pick: int) -> None:
        if keys := self._whole():
            key = keys[pick % len(keys)]
            self.rig.store.remove(self.name, key)
            self.touched[key] = None

    @rule(user=st.sampled_from(["u1", "u2"]))
    def a_person_makes_one(self, user: str) -> None:
        key = str(uuid.uuid4())
        span = {"start": MONDAY, "end": MONDAY + timedelta(days=60), self.value: 0.2}
        if self.name == "Allocation":
            self.rig.store.add("Allocation", id=key, resource_id=user, allocation_type="Project Work", **span)
        else:
            self.rig.store.add("CalendarEvent", id=key, name="by hand", **span)
            self.rig.store.add("CalendarEventResource", calendar_event_id=key, resource_id=user)
        self.touched[key] = self.rig.store.entities[self.name][key]

    @rule()
    def sync(self) -> None:
        plan = self.rig.plan()
        self.rig.apply(plan, allow=plan.sha256)

    @precondition(lambda self: self.model)
    @rule(fate=st.sampled_from(FATES), write=st.integers(1, 3))
    def sync_in_bad_weather(self, fate: str, write: int) -> None:
        plan = self.rig.plan()
        gate, first = self.rig.gate, len(self.rig.gate.writes)
        if fate in ("lost", "unheard", "halved"):
            getattr(gate, fate).add(first + write)
        elif fate == "outage":
            gate.unheard = set(range(first + write, first + 1000))
        with self.monkeypatch.context() as patched:
            if fate.startswith("dies"):
                parts = {"dies unsent": 0.0, "dies sent": 1.0, "dies halfway": 0.5}
                patched.setattr(Ftrack, "send", _dying(write, parts[fate]))
            with suppress(Dies, ConnectorError):
                self.rig.apply(plan, allow=plan.sha256)
        gate.lost, gate.unheard, gate.halved = set(), set(), set()

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.sync()
            self._check()

    def _check(self) -> None:
        plan = self.rig.plan()
        assert plan.changes == []
        assert "sending" not in self.rig.statuses()
        rows, ours = self.rig.allocations(), self._ours()
        for key, row in self.touched.items():
            assert rows.get(key) == row
        expected = {key: self._said(booking) for key, booking in self.model.items()}
        found = {origin: self._seen(record) for record, origin in ours.items() if record not in self.touched}
        touched = {origin for record, origin in ours.items() if record in self.touched}
        assert found == {key: said for key, said in expected.items() if key not in touched}
        assert set(rows) - set(self.touched) == {record for record in ours if record not in self.touched}
        self._check_assignments()

    def _check_assignments(self) -> None:
        name = "Assignment" if self.name == "Allocation" else "Appointment"
        rows = [row for row in self.rig.store.entities[name].values() if row["context_id"] == "t1"]
        wanted = {booking["user"] for booking in self.model.values() if booking["task"]}
        assert sorted(row["resource_id"] for row in rows) == sorted(wanted)

    def _whole(self) -> list[str]:
        """Allocations a person would touch: what was left without its person nobody takes for a booking."""
        links = self.rig.store.entities.get("CalendarEventResource", {}).values()
        linked = {link["calendar_event_id"] for link in links}
        return sorted(key for key in self.rig.allocations() if self.name == "Allocation" or key in linked)

    def _ours(self) -> dict[str, str]:
        query = "SELECT record_id, source_key FROM push_record WHERE kind = 'allocation' AND state = 'live'"
        return dict(self.rig.world.con.execute(query).fetchall())

    def _said(self, booking: dict[str, Any]) -> tuple[Any, ...]:
        return booking["user"], booking["start"], booking["end"], booking["value"]

    def _seen(self, record: str) -> tuple[Any, ...]:
        row = self.rig.store.entities[self.name][record]
        if self.name == "Allocation":
            user = row["resource_id"]
        else:
            links = self.rig.store.entities["CalendarEventResource"].values()
            [user] = [link["resource_id"] for link in links if link["calendar_event_id"] == record]
        return user, row["start"].date(), row["end"].date(), row[self.value]


def _dying(write: int, part: float) -> Any:
    """`Ftrack.send` for a process that dies at its n-th write, when so much of it was carried out."""
    send, number = Ftrack.send, 0

    def dying(client: Ftrack, operations: list[Any]) -> list[Any]:
        nonlocal number
        number += 1
        if number < write:
            return send(client, operations)
        if done := operations[: round(part * len(operations))]:
            send(client, done)
        raise Dies

    return dying


@pytest.mark.slow
@pytest.mark.parametrize("rig", ["seed"], indirect=True)
def test_whatever_happens_ftrack_ends_up_right(
    rig: Any, worlds: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "OPERATIONS_PER_REQUEST", 3)
    monkeypatch.setattr(push, "REQUESTS_PER_COMMIT", 2)

    class Bound(Machine):
        pass

    Bound.rig, Bound.worlds, Bound.monkeypatch = rig, worlds, monkeypatch
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
        ),
    )
