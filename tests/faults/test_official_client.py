"""ftrack's own client reads back exactly what the plan said."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

FIELDS = {
    "Assignment": {"task_id": "context_id", "user_id": "resource_id", "assignment_type": "assignment_type"},
    "Allocation": {"user_id": "user_id", "allocation_type": "allocation_type", "value": "value"},
    "Appointment": {"task_id": "context_id", "project_id": "context_id", "user_id": "resource_id"},
    "CalendarEvent": {
        "project_id": "project_id",
        "name": "name",
        "value": "effort",
        "leave": "leave",
        "forecast": "forecast",
    },
}
TYPES = {
    "seed": {"assignment": "Assignment", "allocation": "Allocation"},
    "studio": {"assignment": "Appointment", "team": "Appointment", "allocation": "CalendarEvent"},
}


@pytest.fixture
def session(rig: Any) -> Iterator[Any]:
    """A session of the official client, which warns while it is imported (see tests/contract)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        import ftrack_api
    ftrack = rig.settings.ftrack
    session = ftrack_api.Session(
        ftrack.url, ftrack.key.get_secret_value(), ftrack.user, schema_cache_path=False
    )
    yield session
    session.close()


def test_the_official_client_reads_back_the_plan(rig: Any, session: Any) -> None:
    rig.world.book("ruddr", "b1", work_item="w1", hours=[8, 8, 2.5, 2.5, 0])
    rig.world.book("ruddr", "b2", "p2", days=9, hours=6, tentative=True)
    rig.world.book("tenthousandft", "b3", "p2", start=date(2026, 4, 6), leave="l1")
    plan = rig.plan()
    rig.apply(plan)
    assert {change["action"] for change in plan.changes} == {"create"}
    for change in plan.changes:
        entity_type = TYPES[rig.store.dialect][change["kind"]]
        entity = session.get(entity_type, change["id"])
        said = {name: change["after"][name] for name in FIELDS[entity_type] if name in change["after"]}
        assert {name: entity[FIELDS[entity_type][name]] for name in said} == said
        if change["kind"] == "allocation":
            span = [entity[name].date().isoformat() for name in ("start", "end")]
            assert span == [change["after"]["start"], change["after"]["end"]]
        if entity_type == "CalendarEvent":
            [link] = session.query(f'CalendarEventResource where calendar_event_id is "{change["id"]}"').all()
            assert link["resource_id"] == change["after"]["user_id"]
            origin = change["origin"]
            provenance = f"{origin['source']}:{origin['source_key']}#{origin['run']}"
            assert entity["metadata"]["crewtally"] == provenance


def test_an_edit_with_the_official_client_is_a_person_s_edit(rig: Any, session: Any) -> None:
    rig.world.book("ruddr", "b1")
    rig.sync()
    [key] = rig.allocations()
    name, field = ("Allocation", "value") if rig.store.dialect == "seed" else ("CalendarEvent", "effort")
    session.get(name, key)[field] = 0.25
    session.commit()
    plan = rig.plan()
    assert plan.changes == []
    assert [item["reason"] for item in plan.blocked] == ["changed in ftrack by somebody"]
