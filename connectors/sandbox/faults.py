"""Bad weather for the three services, seeded: the same requests meet the same faults.

SPEC is a comma-separated list of `name[:probability][@where]`. The probability is 0.1 unless given.
`where` must occur in "<service><path>", for example "ruddr/api/workspace/allocations"; so `@ftrack/`
means one service, `@/assignments` one kind of path, and nothing means everything. Example:

    error500:0.05,reset:0.02@tenthousandft/,duplicate@/allocations

| name | what the client meets |
|---|---|
| error500 | a 500 with a JSON body; the request was not carried out |
| html502 | a 502 with an HTML page; the request was not carried out |
| html200 | a 200 with an HTML page, as a captive portal would send |
| http429 | a 429 that asks to come back in a second (`Retry-After`); not carried out |
| reset | the reply's body is cut short of its content-length |
| slow | the reply comes, 0.3 seconds late |
| reply_lost | the request is carried out, then the connection breaks without a reply |
| duplicate | the last row of a page comes again on the page after it |
| empty_page | a page without its rows that still promises more (the next one starts where they would end) |
| cursor_lost | 400 to a request that names a cursor, as if its row had been deleted |
| unknown_field | a row has a field nobody documented |
| unknown_enum | a row has an unknown value in a field with a fixed set of them |
| wrong_type | a row has a list where a single value belongs |
| null_field | a row has null where a value is required |
| clock_skew | the reply's Date header is an hour fast |

The row faults (duplicate to null_field) change the pages of the two planners and leave other replies alone.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sandbox.table import Row, encode
from connectors.sandbox.web import reply

PROBABILITY = 0.1
SLOW_SECONDS = 0.3
SKEW = timedelta(hours=1)

REFUSALS: dict[str, Callable[[], Response]] = {
    "error500": lambda: reply({"status": 500, "message": "internal error"}, 500),
    "html502": lambda: HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502),
    "html200": lambda: HTMLResponse("<html><body>Please log in to the network.</body></html>"),
    "http429": lambda: reply({"status": 429, "message": "Too many requests"}, 429, {"Retry-After": "1"}),
    "cursor_lost": lambda: reply({"status": 400, "message": "Parameter 'startingAfter' names no row."}, 400),
}
ON_THE_WAY = ("reset", "slow", "reply_lost", "clock_skew")

ENUMS = ("allocation_mode", "unit", "project_state", "statusId")
REQUIRED = ("starts_at", "start", "id")

# What a fault makes of a row: the fields it changes.
DAMAGE: dict[str, Callable[[Row], Row]] = {
    "unknown_field": lambda _row: {"surprise": "a field of tomorrow"},
    "unknown_enum": lambda row: dict.fromkeys(_first(ENUMS, row), "surprise"),
    "wrong_type": lambda row: {name: ["surprise"] for name in _first(REQUIRED, row)},
    "null_field": lambda row: dict.fromkeys(_first(REQUIRED, row)),
}
ROW_FAULTS = frozenset(("duplicate", "empty_page", *DAMAGE))
NAMES = (*REFUSALS, *ON_THE_WAY, "duplicate", "empty_page", *DAMAGE)


def _first(names: tuple[str, ...], row: Row) -> list[str]:
    """The first of the names that the row has."""
    return [name for name in names if name in row][:1]


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a spec."""

    name: str
    probability: float
    where: str


def parse(spec: str) -> tuple[Fault, ...]:
    """Read a spec. ValueError says which entry is wrong and how."""
    return tuple(_entry(text.strip()) for text in spec.split(",") if text.strip())


def _entry(text: str) -> Fault:
    head, _, where = text.partition("@")
    name, colon, chance = head.partition(":")
    if name not in NAMES:
        raise ValueError(f"unknown fault {name!r} in {text!r}; known: {', '.join(NAMES)}")
    try:
        probability = float(chance) if colon else PROBABILITY
    except ValueError:
        raise ValueError(f"the probability in {text!r} is not a number") from None
    if not 0 <= probability <= 1:
        raise ValueError(f"the probability in {text!r} is not between 0 and 1")
    return Fault(name, probability, where)


class Faults:
    """Stands in front of one service and lets a fault happen now and then.

    It dates the replies, so the server must not (`date_header=False`).
    """

    def __init__(self, app: ASGIApp, service: str, faults: tuple[Fault, ...], seed: int) -> None:
        self.app = app
        self.service = service
        self.faults = faults
        self.random = random.Random(f"{seed}/faults/{service}")  # noqa: S311 - weather, not a secret
        self._last_rows: dict[str, Row] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        drawn = self._draw(f"{self.service}{scope['path']}")
        if "startingAfter" not in _query(scope) and "endingBefore" not in _query(scope):
            drawn.discard("cursor_lost")
        refusal = next((refuse for name, refuse in REFUSALS.items() if name in drawn), None)
        if refusal is not None:
            await refusal()(scope, receive, send)
        else:
            await self._carry_out(scope, receive, send, drawn)

    def _draw(self, where: str) -> set[str]:
        """The faults this request meets. Every fault draws, so that one does not move the luck of another."""
        luck = [(fault, self.random.random()) for fault in self.faults if fault.where in where]
        return {fault.name for fault, drawn in luck if drawn < fault.probability}

    async def _carry_out(self, scope: Scope, receive: Receive, send: Send, drawn: set[str]) -> None:
        """Let the service answer, and do to the answer what was drawn."""
        heard = await _listen(self.app, scope, receive)
        if "reply_lost" in drawn:
            await _cut(receive, at_once=True)
            return
        if "slow" in drawn:
            await asyncio.sleep(SLOW_SECONDS)
        if self._spoils_rows:
            heard.body = self._spoil(scope, heard.body, drawn)
        await heard.pass_on(send, skewed="clock_skew" in drawn, cut="reset" in drawn)
        if "reset" in drawn:
            await _cut(receive, at_once=False)

    @property
    def _spoils_rows(self) -> bool:
        return any(fault.name in ROW_FAULTS for fault in self.faults)

    def _spoil(self, scope: Scope, body: bytes, drawn: set[str]) -> bytes:
        """The page with its rows changed; any other body as it is."""
        name, page = _page(body)
        if not name:
            return body
        rows, path = page[name], scope["path"]
        last = self._last_rows.pop(path, None) if _is_later_page(scope) else None
        if rows:
            self._last_rows[path] = dict(rows[-1])
        if "duplicate" in drawn and last:
            rows.insert(0, last)
        if "empty_page" in drawn and (page.get("hasMore") or page.get("paging", {}).get("next")):
            rows.clear()
        for fault in sorted(drawn & DAMAGE.keys()):
            if rows:
                row = rows[self.random.randrange(len(rows))]
                row.update(DAMAGE[fault](row))
        return encode(page)


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode()))


def _is_later_page(scope: Scope) -> bool:
    query = _query(scope)
    return "startingAfter" in query or query.get("page", "1") != "1"


def _page(body: bytes) -> tuple[str, Any]:
    """The field with the rows, and the whole page; no field if the body is no page."""
    try:
        page = json.loads(body)
    except ValueError:
        return "", None
    fields = page if isinstance(page, dict) else {}
    return next((name for name in ("data", "results") if isinstance(fields.get(name), list)), ""), page


@dataclass(slots=True)
class _Reply:
    """A reply held back: its opening message and its whole body, neither compressed."""

    start: Message
    body: bytes

    async def pass_on(self, send: Send, *, skewed: bool, cut: bool) -> None:
        """Send it; with `cut`, only half of the body its content-length promises."""
        headers = MutableHeaders(raw=[*self.start["headers"]])
        if self.body:
            headers["content-length"] = str(len(self.body))
        headers["date"] = format_datetime(datetime.now(UTC) + (SKEW if skewed else timedelta()), usegmt=True)
        await send({**self.start, "headers": headers.raw})
        body = self.body[: len(self.body) // 2] if cut else self.body
        await send({"type": "http.response.body", "body": body, "more_body": cut})


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


async def _cut(receive: Receive, *, at_once: bool) -> None:
    """Break the connection: at once, or when what has been sent is through. Needs uvicorn's h11 server."""
    transport = receive.__self__.transport  # type: ignore[attr-defined]
    if at_once:
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
