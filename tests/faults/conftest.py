"""The small world of tests/transforms/reconcile in front of a real ftrack service over HTTP, with a gate.

Everything between the planners' hours and the rows in ftrack is the product: plan, ledger, client, push.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import ModuleType
from typing import Any

import pytest
import uvicorn

from connectors.sandbox.ftrack.service import build_app
from connectors.sandbox.ftrack.store import Store
from pipelines import apply, plan, push
from pipelines.settings import Settings

USER, KEY = "pipeline", "a-key-of-the-sandbox"
RECORDS = {
    "seed": ("Assignment", "Allocation"),
    "studio": ("Appointment", "CalendarEvent", "CalendarEventResource", "Metadata"),
}


@dataclass
class Gate:
    """Stands before the service: sees every list of operations that writes, and may lose, refuse or halve it.

    The sets hold the 1-based numbers of writes: `lost` is carried out and its answer lost, `unheard` never
    arrives, `halved` is carried out up to its middle by a server that does not roll back, then refused.
    `skew` is how far its clock is ahead.
    """

    app: Any = None
    writes: list[list[dict[str, Any]]] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    unheard: set[int] = field(default_factory=set)
    halved: set[int] = field(default_factory=set)
    on_write: Callable[[int], None] = lambda _number: None
    skew: timedelta = timedelta()

    def reset(self, app: Any) -> None:
        self.__init__(app)  # type: ignore[misc]

    @property
    def operations(self) -> int:
        return sum(len(write) for write in self.writes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        send = _dated(send, self.skew)
        body = await _body(receive)
        operations = json.loads(body)
        if all(operation["action"].startswith("query") for operation in operations):
            await self.app(scope, _said(body), send)
            return
        self.writes.append(operations)
        number = len(self.writes)
        self.on_write(number)
        if number in self.unheard:
            raise ConnectionError("the answer is lost")  # uvicorn answers 500 with a page of text
        if number in self.halved:
            half = json.dumps(operations[: max(1, len(operations) // 2)]).encode()
            await self.app(scope, _said(half), _deaf)
            await self.app(scope, _said(b'[{"action": "create", "entity_type": "Nothing"}]'), send)
            return
        await self.app(scope, _said(body), _deaf if number in self.lost else send)
        if number in self.lost:
            raise ConnectionError("the answer is lost")


def _dated(send: Any, skew: timedelta) -> Any:
    async def dated(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            date = format_datetime(datetime.now(UTC) + skew, usegmt=True).encode()
            message = {**message, "headers": [*message["headers"], (b"date", date)]}
        await send(message)

    return dated


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _said(body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _deaf(_message: Any) -> None:
    return


@pytest.fixture(scope="session")
def gate_and_url() -> Iterator[tuple[Gate, str]]:
    """One server for all tests; each brings a service of its own."""
    gate = Gate()
    config = uvicorn.Config(
        gate, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none", date_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server took too long to start"
        time.sleep(0.005)
    yield gate, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@dataclass
class Rig:
    """A world, the rows of ftrack (`store`), the way between them, and the gate."""

    world: Any
    store: Store
    gate: Gate
    settings: Settings

    def plan(self, **options: Any) -> Any:
        self.world.write()
        return plan.make_plan(self.settings, self.world.con, **options)

    def apply(self, made: Any, **options: Any) -> Any:
        return apply.apply_plan(self.settings, self.world.con, made, **options)

    def sync(self) -> Any:
        return self.apply(self.plan())

    def rows(self) -> dict[str, dict[Any, dict[str, Any]]]:
        """All rows that a push could have made or touched, by entity type and key."""
        return {name: dict(self.store.entities[name]) for name in RECORDS[self.store.dialect]}

    def allocations(self) -> dict[Any, dict[str, Any]]:
        name = "Allocation" if self.store.dialect == "seed" else "CalendarEvent"
        return dict(self.store.entities[name])

    def statuses(self) -> dict[str, int]:
        counted = "SELECT status, count(*) FROM push_change GROUP BY status"
        return dict(self.world.con.execute(counted).fetchall())


@pytest.fixture(params=["seed", "studio"])
def rig(
    request: pytest.FixtureRequest,
    worlds: ModuleType,
    gate_and_url: tuple[Gate, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Rig:
    """Ada and Ben in both planners and in ftrack, in either dialect; waits between attempts are skipped."""
    monkeypatch.setattr(push, "PAUSE_SECONDS", 0.0)
    gate, url = gate_and_url
    store = Store(request.param, USER, KEY)
    gate.reset(build_app(store))
    world = worlds.empty_world()
    worlds.planners(world)
    for user, first, last, email in (("u1", "Ada", "Lovelace", "ada"), ("u2", "Ben", "Turner", "ben")):
        name = {"username": email, "email": f"{email}@studio.test", "first_name": first, "last_name": last}
        store.add("User", id=user, **name)
    store.add("Project", id="f1", name="ALPHA", full_name="Alpha")
    store.add("Task", id="t1", name="Compositing", parent_id="f1")
    planner = {"url": "http://127.0.0.1:9", "token": "unused"}
    ftrack = {"url": url, "user": USER, "key": KEY}
    return Rig(world, store, gate, Settings(tenthousandft=planner, ruddr=planner, ftrack=ftrack))
