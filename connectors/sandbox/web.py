"""What the two planners have in common as web services: replies, request parameters, the rate limit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox.table import encode


class BadJson(Exception):
    """The body of a request claims to be JSON and is not."""


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON reply; bytes are taken for JSON already."""
    content = body if isinstance(body, bytes) else encode(body)
    return Response(content, status, headers, media_type="application/json")


async def body_of(request: Request) -> dict[str, Any]:
    """The fields of a JSON or form body; BadJson if it is neither an object nor a form."""
    body = await request.body()
    if not body:
        return {}
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise BadJson(str(error)) from error
    if not isinstance(fields, dict):
        raise BadJson("not an object")
    return fields


class RateLimit:
    """Lets `limit` requests through in each window of `seconds`, counted from the first request of it.

    `refuse(reset)` makes the reply beyond; `reset` is when the window ends, in seconds since 1970.
    """

    def __init__(self, app: ASGIApp, limit: int, seconds: float, refuse: Callable[[int], Response]) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds
        self.refuse = refuse
        self._ends = 0.0
        self._used = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._take():
            await self.app(scope, receive, send)
            return
        left = max(0.0, self._ends - time.monotonic())
        await self.refuse(int(time.time() + left) + 1)(scope, receive, send)

    def _take(self) -> bool:
        now = time.monotonic()
        if now >= self._ends:
            self._ends, self._used = now + self.seconds, 0
        self._used += 1
        return self._used <= self.limit
