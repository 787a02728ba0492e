"""ftrack's HTTP face on a store: `POST /api`, authentication, errors, and the event hub's routes."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from connectors.answers import decode
from connectors.sandbox.ftrack.errors import (
    FTAuthenticationError,
    InvalidCredentialsError,
    ServiceError,
    ValidationError,
)
from connectors.sandbox.ftrack.events import Hub
from connectors.sandbox.ftrack.operations import Operations
from connectors.sandbox.ftrack.store import Store


def build_app(store: Store) -> Starlette:
    """The application that serves one store.

    Errors are one object in place of the list: with HTTP 200, or with the error's own status when the
    request asked for it (`ftrack-strict-api: true`).
    """
    operations, hub = Operations(store), Hub(store)

    async def api(request: Request) -> Response:
        body = await request.body()
        strict = request.headers.get("ftrack-strict-api", "").lower() == "true"
        # In a thread: a long query must not hold up the event loop that serves everybody else.
        return await run_in_threadpool(_answer, operations, store, request.headers, body, strict)

    async def handshake(request: Request) -> Response:
        try:
            authenticate(store, request.headers)
        except ServiceError as error:
            return PlainTextResponse(str(error), error.status)
        return PlainTextResponse(hub.handshake())

    return Starlette(
        routes=[
            Route("/api", api, methods=["POST"]),
            Route("/socket.io/1/", handshake),
            WebSocketRoute("/socket.io/1/websocket/{session}", hub.serve),
        ]
    )


def _answer(
    operations: Operations, store: Store, headers: Mapping[str, str], body: bytes, strict: bool
) -> Response:
    try:
        with store.acting(authenticate(store, headers)):
            return _json(operations.run(_read(body)))
    except ServiceError as error:
        return _json(error.body(), error.status if strict else 200)


def authenticate(store: Store, headers: Mapping[str, str]) -> str:
    """The name of the user: the store's own, or any other in it, who all have the same key.

    Raises FTAuthenticationError for missing, InvalidCredentialsError for wrong credentials.
    """
    user, key = headers.get("ftrack-user"), headers.get("ftrack-api-key")
    if not user or not key:
        raise FTAuthenticationError("The headers ftrack-user and ftrack-api-key are needed.")
    known = user == store.user or bool(store.referring("User", "username", user))
    if not known or not hmac.compare_digest(key.encode(), store.key.encode()):
        raise InvalidCredentialsError("The supplied API key or user is not valid.")
    return user


def _read(body: bytes) -> Any:
    try:
        return decode(body)
    except ValueError as error:
        raise ValidationError(f"The body is not JSON: {error}.") from None


def _json(content: Any, status: int = 200) -> Response:
    return Response(_written(content), status, media_type="application/json")


def _written(content: Any) -> bytes:
    try:
        return to_json(content)
    except PydanticSerializationError:  # half a character, which ASCII escapes can say
        return json.dumps(content, separators=(",", ":")).encode()
