"""Stands in front of a service and lets faults happen, seeded: the same requests meet the same faults."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Literal
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sandbox.faults import (
    DAMAGE,
    REFUSALS,
    ROW_FAULTS,
    Fault,
    damage,
    promises_more,
    rows_of,
)
from connectors.sandbox.table import Entry, Row, Table, encode

SLOW_SECONDS = 0.3
DRIP_PIECES = 10
STORM = 5
SKEW = timedelta(hours=1)

# Lists whose path ends in another word than the name of their table.
TABLE_OF = {
    "placeholder_resources": "placeholders",
    "resource-placeholders": "placeholders",
    "project-roles": "roles",
    "project-tasks": "tasks",
}

End = Literal["whole", "cut", "reset"]
Watcher = Callable[[str], None]


class Weather:
    """One service behind its weather. It dates the replies, so the server must not (`date_header=False`).

    `tables` are the service's own, for the fault that takes rows out of them. `watcher` is called with
    "<service><path>?<query>" of each request before it is carried out, on the service's own thread: a test
    can edit the rows there as somebody else would, in the middle of a listing.
    """

    def __init__(self, app: ASGIApp, service: str, tables: Mapping[str, Table], seed: int) -> None:
        self.app = app
        self.service = service
        self.tables = tables
        self.watcher: Watcher | None = None
        self._seed = seed
        self._vanished: dict[str, list[tuple[Table, Entry]]] = {}
        self.change(())

    def change(self, faults: tuple[Fault, ...]) -> None:
        """These faults from now on, as if the service had just started."""
        for path in list(self._vanished):
            self._bring_back(path)
        self._faults = [(fault, self._luck_of(f"{fault.name}@{fault.where}")) for fault in faults]
        self._damage = self._luck_of("damage")
        self._storm = 0
        self._last_rows: dict[str, Row] = {}

    def _luck_of(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}/{self.service}/{name}")  # noqa: S311 - weather, not a secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = f"{self.service}{scope['path']}?{scope['query_string'].decode()}"
        if self.watcher is not None:
            self.watcher(asked)
        drawn = self._draw(asked)
        await self._meet(drawn, scope, receive, _dated(send, SKEW if "clock_skew" in drawn else timedelta()))

    def _draw(self, asked: str) -> set[str]:
        """The faults this request meets. Each has a luck of its own: one does not move that of another."""
        concerned = [(fault, luck.random()) for fault, luck in self._faults if fault.concerns(asked)]
        drawn = {fault.name for fault, chance in concerned if chance < fault.probability}
        if "startingAfter=" not in asked and "endingBefore=" not in asked:
            drawn.discard("cursor_lost")
        if "storm429" in drawn:
            self._storm = STORM
        if self._storm:
            self._storm -= 1
            drawn.add("storm429")
        return drawn

    async def _meet(self, drawn: set[str], scope: Scope, receive: Receive, send: Send) -> None:
        refusal = next((refuse for name, refuse in REFUSALS.items() if name in drawn), None)
        if "hang" in drawn:
            await _until_gone(receive)
        elif refusal is not None:
            await refusal()(scope, receive, send)
        elif drawn or self._remembers_rows:
            await self._carry_out(drawn, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _carry_out(self, drawn: set[str], scope: Scope, receive: Receive, send: Send) -> None:
        """Let the service answer, and do to the answer what was drawn."""
        if not _is_later_page(scope):
            self._bring_back(scope["path"])
        heard = await _listen(self.app, scope, receive)
        if "reply_lost" in drawn:
            _transport(receive).abort()
            await _until_gone(receive)
            return
        if "slow" in drawn:
            await asyncio.sleep(SLOW_SECONDS)
        if self._remembers_rows:
            heard.body = self._spoil(scope, heard.body, drawn)
        end: End = "reset" if "reset" in drawn else "cut" if "cut" in drawn else "whole"
        await heard.pass_on(receive, send, end, drip="drip" in drawn)

    @property
    def _remembers_rows(self) -> bool:
        return any(fault.name in ROW_FAULTS for fault, _ in self._faults)

    def _spoil(self, scope: Scope, body: bytes, drawn: set[str]) -> bytes:
        """The page with its rows changed; any other body as it is."""
        rows, page = rows_of(body)
        if not rows:
            return body
        path = scope["path"]
        last = self._last_rows.pop(path, None) if _is_later_page(scope) else None
        self._last_rows[path] = dict(rows[-1])
        if "vanish" in drawn and promises_more(page):
            self._take_out(path, rows[-1].get("id"))
        if "duplicate" in drawn and last:
            rows.insert(0, last)
        if "empty_page" in drawn and promises_more(page):
            rows.clear()
        for name in sorted(drawn & {"unknown_field", *DAMAGE}):
            damage(name, _last_part(path), rows, self._damage)
        return encode(page)

    def _take_out(self, path: str, key: object) -> None:
        table = self.tables.get(TABLE_OF.get(_last_part(path), _last_part(path)))
        entry = table.find(key) if table else None
        if table and entry:
            table.delete(key)
            self._vanished.setdefault(path, []).append((table, entry))

    def _bring_back(self, path: str) -> None:
        for table, entry in self._vanished.pop(path, ()):
            table.put_back(entry)


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


def _is_later_page(scope: Scope) -> bool:
    query = parse_qs(scope["query_string"].decode())
    return "startingAfter" in query or query.get("page", ["1"]) != ["1"]


def _dated(send: Send, skew: timedelta) -> Send:
    """Sends on, with the time in the headers as a clock that is `skew` fast tells it."""

    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=[*message["headers"]])
            headers["date"] = format_datetime(datetime.now(UTC) + skew, usegmt=True)
            if "x-ratelimit-reset" in headers:
                reset = int(headers["x-ratelimit-reset"]) + int(skew.total_seconds())
                headers["x-ratelimit-reset"] = str(reset)
            message = {**message, "headers": headers.raw}
        await send(message)

    return dated


@dataclass(slots=True)
class _Reply:
    """A reply held back: its opening message and its whole body, neither compressed."""

    start: Message
    body: bytes

    async def pass_on(self, receive: Receive, send: Send, end: End, *, drip: bool) -> None:
        """Send it; half of the body its content-length promises, and break off, unless it is to end whole."""
        headers = MutableHeaders(raw=[*self.start["headers"]])
        if self.body:
            headers["content-length"] = str(len(self.body))
        await send({**self.start, "headers": headers.raw})
        body = self.body if end == "whole" else self.body[: len(self.body) // 2]
        size = max(1, len(body) // DRIP_PIECES) if drip else len(body) or 1
        for start in range(0, len(body), size):
            await asyncio.sleep(SLOW_SECONDS / (DRIP_PIECES - 1) if drip and start else 0)
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
        if end == "whole":
            await send({"type": "http.response.body"})
        else:
            await _break_off(receive, end)


async def _listen(app: ASGIApp, scope: Scope, receive: Receive) -> _Reply:
    """The service's reply to the request, uncompressed so that it can be changed and cut."""
    plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    heard = _Reply({}, b"")

    async def hold_back(message: Message) -> None:
        if message["type"] == "http.response.start":
            heard.start = message
        else:
            heard.body += message.get("body", b"")

    await app({**scope, "headers": plain}, receive, hold_back)
    return heard


async def _break_off(receive: Receive, end: End) -> None:
    """Close the connection once what has been sent is through; to reset it, without a farewell."""
    transport = _transport(receive)
    if end == "reset":
        without_lingering = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, without_lingering)
    transport.close()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(receive: Receive) -> asyncio.Transport:
    """The connection under a request. Needs uvicorn's h11 server."""
    transport: asyncio.Transport = receive.__self__.transport  # type: ignore[attr-defined]
    return transport
