"""Ruddr's workspace API as a web application: routes, authentication, cursors, filters, error bodies.

Chosen where the contract leaves it open: an unknown cursor is a 400; a malformed id is a 400, an unknown one
a 404; a create answers 200; time entries filter by `memberId`, `projectId`, `dateOnAfter`, `dateOnBefore`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.ruddr import writes
from connectors.sandbox.ruddr.workspace import Workspace
from connectors.sandbox.ruddr.writes import Refused
from connectors.sandbox.table import Entry, Row, position
from connectors.sandbox.web import BadJson, RateLimit, body_of, reply

ROOT = "/api/workspace"
LIMIT = 10
MOST = 100
REQUESTS = 20
WINDOW_SECONDS = 1.0

Filters = dict[str, Callable[[Row, str], bool]]


def _id_in(name: str) -> Callable[[Row, str], bool]:
    return lambda row, value: (row.get(name) or {}).get("id") == value


def _on_before(name: str) -> Callable[[Row, str], bool]:
    """Rows whose date cannot be read are in every window."""
    return lambda row, value: not isinstance(row.get(name), str) or row[name] <= value


def _on_after(name: str) -> Callable[[Row, str], bool]:
    return lambda row, value: not isinstance(row.get(name), str) or row[name] >= value


# By path below the root: the stream, and the filters its list takes.
COLLECTIONS: dict[str, tuple[str, Filters]] = {
    "members": ("members", {}),
    "resource-placeholders": ("placeholders", {}),
    "projects": ("projects", {}),
    "project-roles": ("roles", {"projectId": _id_in("project")}),
    "project-tasks": ("tasks", {"projectId": _id_in("project")}),
    "clients": ("clients", {}),
    "holidays": ("holidays", {}),
    "time-entries": (
        "time_entries",
        {
            "memberId": _id_in("member"),
            "projectId": _id_in("project"),
            "dateOnBefore": _on_before("date"),
            "dateOnAfter": _on_after("date"),
        },
    ),
    "allocations": (
        "allocations",
        {
            "assignmentTypeId": lambda row, value: row.get("assignmentTypeId") == value,
            "startOnBefore": _on_before("start"),
            "endOnAfter": _on_after("end"),
        },
    ),
}

Handler = Callable[[Request], Awaitable[Response]]


def build_app(workspace: Workspace, *, rate_limits: bool = False) -> Starlette:
    """The whole service over one workspace. With `rate_limits`, 20 requests in any started second."""
    middleware = [Middleware(GZipMiddleware, minimum_size=1000, compresslevel=1)]
    if rate_limits:
        middleware.insert(0, Middleware(RateLimit, REQUESTS, WINDOW_SECONDS, _throttled))
    app = Starlette(
        routes=_routes(Service(workspace)),
        middleware=middleware,
        exception_handlers={404: _no_such_route, 405: _wrong_method, BadJson: _bad_json, Refused: _refused},
    )
    app.router.redirect_slashes = False
    return app


def _routes(service: Service) -> list[Route]:
    routes: list[Route] = []

    def add(path: str, **handlers: Handler) -> None:
        """One route a path, so that a known path answers a wrong method with 405."""

        async def endpoint(request: Request) -> Response:
            service.admit(request)
            return await handlers["GET" if request.method == "HEAD" else request.method](request)

        routes.append(Route(ROOT + path, endpoint, methods=list(handlers)))

    for path in ("", "/"):
        add(path, GET=service.base)
    add("/allocations", GET=service.listing("allocations"), POST=service.create)
    one = service.one("allocations")
    add("/allocations/{id}", GET=one, PATCH=service.update, DELETE=service.delete)
    for name in COLLECTIONS:
        add(f"/{name}", GET=service.listing(name))
        add(f"/{name}/{{id}}", GET=service.one(name))
    add("/availability-periods", GET=service.availability_periods)
    return routes


class Service:
    """The endpoints over one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def admit(self, request: Request) -> None:
        """Refused without the token, to a disabled API, or to a feature that is off."""
        if request.headers.get("authorization") != f"Bearer {self.workspace.token}":
            raise Refused(401, "The API key is missing or invalid.")
        if self.workspace.disabled:
            raise Refused(423, "API access is disabled for this workspace.")
        if not self.workspace.allocations_enabled and request.url.path.startswith(f"{ROOT}/allocations"):
            raise Refused(403, "Resource Allocations are not enabled for this workspace.")

    async def base(self, _request: Request) -> Response:
        return reply({"id": self.workspace.id, "name": self.workspace.name})

    def listing(self, name: str) -> Handler:
        async def endpoint(request: Request) -> Response:
            return _page(request, self._select(name, request))

        return endpoint

    def _select(self, name: str, request: Request) -> tuple[list[Entry], Callable[[str], Entry | None]]:
        """The rows the filters leave, and how to find a cursor (which may be any row of the stream)."""
        stream, filters = COLLECTIONS[name]
        table = self.workspace.tables[stream]
        given = {key: request.query_params[key] for key in filters if key in request.query_params}

        def keep(row: Row) -> bool:
            return all(filters[key](row, value) for key, value in given.items())

        member_id = request.query_params.get("memberId")
        if name == "allocations" and member_id is not None:
            own = self.workspace.by_member().get(member_id, [])
            return [entry for entry in own if keep(entry.row)], table.find
        return table.select(tuple(given.items()), keep) if given else table.entries, table.find

    def one(self, name: str) -> Handler:
        async def endpoint(request: Request) -> Response:
            return reply(self._find(COLLECTIONS[name][0], request).encoded())

        return endpoint

    def _find(self, stream: str, request: Request) -> Entry:
        entry = self.workspace.tables[stream].find(_uuid(request.path_params["id"], "id"))
        if entry is None:
            raise Refused(404, "The resource does not exist.")
        return entry

    async def availability_periods(self, request: Request) -> Response:
        found = self.workspace.availability_periods(request.query_params.get("memberId"))
        by_id = {entry.row["id"]: entry for entry in found}
        return _page(request, (found, by_id.get))

    async def create(self, request: Request) -> Response:
        return reply(writes.create(self.workspace, await body_of(request)))

    async def update(self, request: Request) -> Response:
        entry = self._editable(request)
        return reply(writes.update(self.workspace, entry.row["id"], await body_of(request)))

    async def delete(self, request: Request) -> Response:
        self.workspace.delete("allocations", self._editable(request).row["id"])
        return Response(status_code=204)

    def _editable(self, request: Request) -> Entry:
        entry = self._find("allocations", request)
        if entry.row.get("readOnly"):
            raise Refused(409, f"The allocation is read-only: it comes from a {entry.row['entity']}.")
        return entry


def _page(request: Request, listing: tuple[list[Entry], Callable[[str], Entry | None]]) -> Response:
    """One page in the envelope of every collection."""
    entries, find = listing
    limit = _limit(request)
    after, before = (request.query_params.get(name) for name in ("startingAfter", "endingBefore"))
    if after is not None and before is not None:
        raise Refused(400, "Parameters 'startingAfter' and 'endingBefore' are mutually exclusive.")
    if before is not None:
        end = position(entries, _cursor(find, before, "endingBefore"))
        start = max(0, end - limit)
        return _envelope(entries[start:end], more=start > 0)
    start = 0
    if after is not None:
        cursor = _cursor(find, after, "startingAfter")
        start = position(entries, cursor)
        start += start < len(entries) and entries[start] is cursor
    return _envelope(entries[start : start + limit], more=start + limit < len(entries))


def _envelope(shown: list[Entry], *, more: bool) -> Response:
    rows = b",".join(entry.encoded() for entry in shown)
    return reply(b'{"results":[' + rows + b'],"hasMore":' + (b"true" if more else b"false") + b"}")


def _limit(request: Request) -> int:
    try:
        limit = int(request.query_params.get("limit", LIMIT))
    except ValueError:
        limit = 0
    if not 1 <= limit <= MOST:
        raise Refused(400, f"Parameter 'limit' must be a number from 1 to {MOST}.")
    return limit


def _cursor(find: Callable[[str], Entry | None], value: str, name: str) -> Entry:
    entry = find(_uuid(value, name))
    if entry is None:
        raise Refused(400, f"Parameter '{name}' names no row.")
    return entry


def _uuid(value: str, name: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise Refused(400, f"Parameter '{name}' is not a valid UUID.") from None


def _problem(status: int, message: str, errors: list[str] | None = None) -> Response:
    body: dict[str, Any] = {"status": status, "message": message}
    return reply(body if errors is None else {**body, "errors": errors}, status)


async def _no_such_route(_request: Request, _error: Exception) -> Response:
    return _problem(404, "The endpoint does not exist.")


async def _wrong_method(_request: Request, _error: Exception) -> Response:
    return _problem(405, "The endpoint does not support this method.")


async def _bad_json(_request: Request, _error: Exception) -> Response:
    return _problem(400, "The request body is not valid JSON.")


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return _problem(error.status, error.message, error.errors)


def _throttled(_reset: int) -> Response:
    return _problem(429, "Too many requests")
