"""The event hub: socket.io 0.9 over a websocket, as far as the official client speaks it.

    GET /socket.io/1/              -> "<session>:<heartbeat s>:<close s>:websocket"   (headers as for /api)
    WS  /socket.io/1/websocket/<session>
        "1::"  connected     "2::"  heartbeat, either way
        '5:1+::{"name": "ftrack.event", "args": [event]}'    an event; "1+" asks for an acknowledgement
        '6:::1+[{"success": true}]'                          the acknowledgement

A client subscribes by publishing `ftrack.meta.subscribe`. Every committed list of operations becomes one
`ftrack.update`. Nothing is replayed: who is not connected does not hear of it. The hub looks only at the
topic of a subscription; clients test the rest themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from starlette.websockets import WebSocket

from connectors.sandbox.ftrack.store import Change, Row, Store

HEARTBEAT_SECONDS = 15
_CLOSE_SECONDS = 60
_PACKET = re.compile(r"(\d):(\d*)\+?:[^:]*:?(.*)", re.DOTALL)
_TOPIC = re.compile(r"""\btopic\s*=\s*["']?([^\s"']+)""")


class Connection:
    """One client's websocket: what it subscribed to, and the packets waiting for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._topics: dict[str, str] = {}

    def send(self, packet: str) -> None:
        """Hand over a packet, from whatever thread; one for a loop that has ended is lost."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._waiting.put_nowait, packet)

    async def next_packet(self) -> str:
        """The next packet to write; a heartbeat when there was none for a while."""
        try:
            return await asyncio.wait_for(self._waiting.get(), HEARTBEAT_SECONDS)
        except TimeoutError:
            return "2::"

    def subscribe(self, data: dict[str, Any]) -> None:
        found = _TOPIC.search(str(data.get("subscription", "")))
        self._topics[_subscriber(data)] = found[1] if found else "*"

    def unsubscribe(self, data: dict[str, Any]) -> None:
        self._topics.pop(_subscriber(data), None)

    def wants(self, topic: str) -> bool:
        return any(_covers(pattern, topic) for pattern in list(self._topics.values()))


class Hub:
    """All connections to one store's event server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: set[str] = set()
        self._connections: set[Connection] = set()
        self._lock = threading.Lock()
        store.listeners.append(self._on_commit)

    def handshake(self) -> str:
        """A new session, in the words of socket.io."""
        session = uuid.uuid4().hex
        self._sessions.add(session)
        return f"{session}:{HEARTBEAT_SECONDS}:{_CLOSE_SECONDS}:websocket"

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until it leaves."""
        session = websocket.path_params["session"]
        if session not in self._sessions:
            await websocket.close()
            return
        self._sessions.discard(session)
        await websocket.accept()
        with self._connected() as connection:
            connection.send("1::")
            writer = asyncio.create_task(_write(websocket, connection))
            try:
                async for packet in websocket.iter_text():
                    self._receive(connection, packet)
            finally:
                writer.cancel()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        connection = Connection()
        with self._lock:
            self._connections.add(connection)
        try:
            yield connection
        finally:
            with self._lock:
                self._connections.discard(connection)

    def publish(self, event: dict[str, Any]) -> None:
        """Send an event to every connection that subscribed to its topic."""
        with self._lock:
            wanting = [connection for connection in self._connections if connection.wants(event["topic"])]
        if wanting:
            packet = "5:::" + json.dumps({"name": "ftrack.event", "args": [event]})
            for connection in wanting:
                connection.send(packet)

    def _receive(self, connection: Connection, packet: str) -> None:
        match = _PACKET.match(packet)
        if match is None or match[1] != "5":
            return
        accepted = self._accept(connection, match[3])
        if match[2]:
            reply = {"success": accepted} if accepted else {"success": False, "message": "not an event"}
            connection.send(f"6:::{match[2]}+{json.dumps([reply])}")

    def _accept(self, connection: Connection, text: str) -> bool:
        """Act on a client's event; False for what is none."""
        try:
            event = json.loads(text)["args"][0]
            topic, data = str(event["topic"]), event.get("data") or {}
            if topic == "ftrack.meta.subscribe":
                connection.subscribe(data)
            elif topic == "ftrack.meta.unsubscribe":
                connection.unsubscribe(data)
            else:
                self.publish(event)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return False
        return True

    def _on_commit(self, changes: list[Change]) -> None:
        if self._connections:
            self.publish(self.update_event(changes))

    def update_event(self, changes: list[Change]) -> dict[str, Any]:
        """The `ftrack.update` that tells of a committed list of changes, and of who made them."""
        author = self._store.author
        user_id = next(iter(self._store.referring("User", "username", author)), None)
        return {
            "id": uuid.uuid4().hex,
            "topic": "ftrack.update",
            "data": {
                "entities": [_told(self._store, change) for change in changes],
                "user": {"userid": user_id, "name": author},
            },
            "source": {"id": "sandbox", "user": {"username": author, "id": user_id}},
            "target": "",
        }


async def _write(websocket: WebSocket, connection: Connection) -> None:
    while True:
        await websocket.send_text(await connection.next_packet())


def _subscriber(data: dict[str, Any]) -> str:
    return str(data["subscriber"]["id"])


def _covers(pattern: str, topic: str) -> bool:
    """`ftrack.*` covers every topic that starts so."""
    return topic.startswith(pattern[:-1]) if pattern.endswith("*") else topic == pattern


def _told(store: Store, change: Change) -> dict[str, Any]:
    before, after = change.before or {}, change.after or {}
    keys = [name for name in before | after if before.get(name) != after.get(name)]
    kind = store.schema.types[change.entity_type]
    return {
        "entityId": change.key if isinstance(change.key, str) else change.key[0],
        "entityType": "show" if kind.name == "Project" else kind.name.lower(),
        "entity_type": kind.name,
        "action": "add" if change.before is None else "remove" if change.after is None else "update",
        "keys": keys,
        "changes": {name: {"old": _plain(before, name), "new": _plain(after, name)} for name in keys},
    }


def _plain(row: Row, name: str) -> Any:
    """A value as events carry it: dates as bare text."""
    value = row.get(name)
    return value.isoformat() if isinstance(value, datetime) else value
