"""10,000ft as a web application: routes, authentication, paging, filters, and its error bodies (seed 003).

Chosen where the contract leaves it open: lists run by id; `from` and `to` are taken literally (ends after,
starts before: both exclusive); `paging.self` never repeats `auth`; time-sheet suggestions need both dates,
count them in, and are made for people only; an update is PUT on the two places a delete is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors.sandbox.table import Entry, Row
from connectors.sandbox.tenthousandft import writes
from connectors.sandbox.tenthousandft.account import Account
from connectors.sandbox.web import BadJson, RateLimit, body_of, reply

ROOT = "/api/v1"
PER_PAGE = 20
MOST_PER_PAGE = 1000
REQUESTS = 120
WINDOW_SECONDS = 60.0

# Path below the root, and stream.
COLLECTIONS = (
    ("placeholder_resources", "placeholders"),
    ("leave_types", "leave_types"),
    ("holidays", "holidays"),
    ("roles", "roles"),
    ("disciplines", "disciplines"),
    ("bill_rates", "bill_rates"),
    ("status_options", "status_options"),
)

Handler = Callable[[Request], Awaitable[Response]]


def build_app(account: Account, *, rate_limits: bool = False) -> Starlette:
    """The whole service over one account. With `rate_limits`, 120 requests in any started minute."""
    middleware = [Middleware(GZipMiddleware, minimum_size=1000, compresslevel=1)]
    if rate_limits:
        middleware.insert(0, Middleware(RateLimit, REQUESTS, WINDOW_SECONDS, _throttled))
    app = Starlette(
        routes=_routes(Service(account)),
        middleware=middleware,
        exception_handlers={
            404: _no_such_route,
            405: _no_such_route,
            BadJson: _bad_json,
            writes.BadData: _bad_data,
        },
    )
    app.router.redirect_slashes = False
    return app


def _routes(service: Service) -> list[Route]:
    routes: list[Route] = []

    def add(path: str, handler: Handler, *methods: str) -> None:
        routes.append(Route(ROOT + path, service.guarded(handler), methods=list(methods) or ["GET"]))

    for name, stream in COLLECTIONS:
        add(f"/{name}", service.collection(stream))
        add(f"/{name}/{{id:int}}", service.one(stream))
    for name in ("users", "projects"):
        add(f"/{name}/{{id:int}}", service.one(name))
    add("/users", service.users)
    add("/users/{user_id:int}/availabilities", service.availabilities)
    add("/projects", service.projects)
    add("/assignables", service.assignables)
    add("/time_entries", service.time_entries)
    add("/assignments", service.assignments)
    add("/assignments", service.create_with_subtasks, "POST")
    add("/assignments/{id:int}", service.show)
    add("/assignments/{id:int}/subtasks", service.subtasks)
    for owner in ("/users/{user_id:int}", "/projects/{project_id:int}"):
        add(f"{owner}/assignments", service.assignments)
        add(f"{owner}/assignments", service.create, "POST")
        add(f"{owner}/assignments/{{id:int}}", service.show)
        add(f"{owner}/assignments/{{id:int}}", service.update, "PUT")
        add(f"{owner}/assignments/{{id:int}}", service.delete, "DELETE")
        add(f"{owner}/assignments/{{id:int}}/subtasks", service.subtasks)
        add(f"{owner}/assignments/{{id:int}}/repetitions", service.repeat, "POST")
    return routes


class Service:
    """The endpoints over one account."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def guarded(self, handler: Handler) -> Handler:
        """The handler behind the token, in the header `auth` or in the query."""

        async def endpoint(request: Request) -> Response:
            given = request.headers.get("auth") or request.query_params.get("auth")
            if given != self.account.token:
                return reply({"message": "unauthorized"}, 401)
            return await handler(request)

        return endpoint

    def collection(self, stream: str) -> Handler:
        async def endpoint(request: Request) -> Response:
            return self._page(request, stream, self.account.tables[stream].entries)

        return endpoint

    def one(self, stream: str) -> Handler:
        async def endpoint(request: Request) -> Response:
            entry = self.account.tables[stream].find(request.path_params["id"])
            if entry is None:
                return _not_found()
            return reply(self.account.encoded(stream, entry, _fields(request)))

        return endpoint

    async def users(self, request: Request) -> Response:
        archived, table = _flag(request, "with_archived"), self.account.tables["users"]
        found = table.select(archived, lambda row: archived or not row.get("archived"))
        if _flag(request, "include_placeholders"):
            found = found + self.account.tables["placeholders"].entries
        return self._page(request, "users", found)

    async def availabilities(self, request: Request) -> Response:
        user_id = request.path_params["user_id"]
        if self.account.tables["users"].find(user_id) is None:
            return _not_found()
        return self._page(
            request, "availabilities", self.account.availabilities_of(user_id), {"user_id": user_id}
        )

    async def projects(self, request: Request) -> Response:
        return self._page(request, "projects", self._projects(request, phases=_flag(request, "with_phases")))

    async def assignables(self, request: Request) -> Response:
        found = self._projects(request, phases=False) + self.account.tables["leave_types"].entries
        return self._page(request, "projects", found)

    def _projects(self, request: Request, *, phases: bool) -> list[Entry]:
        archived = _flag(request, "with_archived")

        def keep(row: Row) -> bool:
            return (archived or not row.get("archived")) and (phases or not row.get("parent_id"))

        return self.account.tables["projects"].select((archived, phases), keep)

    async def assignments(self, request: Request) -> Response:
        """Those of the account, of a user or of a project, over the window asked for."""
        user_id, project_id = request.path_params.get("user_id"), request.path_params.get("project_id")
        start, end = request.query_params.get("from", ""), request.query_params.get("to", "")
        with_phases, parents = _flag(request, "with_phases"), self.account.parents()

        def keep(row: Row) -> bool:
            assignable = row.get("assignable_id")
            if project_id is not None and project_id not in (assignable, parents.get(assignable or 0)):
                return False
            if not with_phases and assignable in parents and assignable != project_id:
                return False
            return _overlaps(row, start, end)

        table = self.account.tables["assignments"]
        if user_id is None:
            found = table.select((project_id, start, end, with_phases), keep)
        else:
            own = table.group("user", lambda row: row.get("user_id")).get(user_id, [])
            found = [entry for entry in own if keep(entry.row)]
        if not self._owner_exists(user_id, project_id):
            return _not_found()
        owner = {"user_id": user_id, "assignable_id": project_id}
        return self._page(request, "assignments", found, {k: v for k, v in owner.items() if v is not None})

    def _owner_exists(self, user_id: int | None, project_id: int | None) -> bool:
        tables = self.account.tables
        if user_id is not None:
            return bool(tables["users"].find(user_id) or tables["placeholders"].find(user_id))
        return project_id is None or bool(tables["projects"].find(project_id))

    async def show(self, request: Request) -> Response:
        entry = self._named(request)
        if entry is None:
            return _not_found()
        return reply(self.account.encoded("assignments", entry, _fields(request)))

    async def create(self, request: Request) -> Response:
        owner = request.path_params
        if not self._owner_exists(owner.get("user_id"), owner.get("project_id")):
            return _not_found()
        fields = await _given(request)
        if "project_id" in owner:
            fields.setdefault("assignable_id", owner["project_id"])
        else:
            fields["user_id"] = owner["user_id"]
        return self._row(writes.create(self.account, fields))

    async def create_with_subtasks(self, request: Request) -> Response:
        return reply({"data": [writes.create_with_subtasks(self.account, await _given(request))]})

    async def update(self, request: Request) -> Response:
        entry, fields = self._named(request), await _given(request)
        if entry is None:
            return _not_found()
        return self._row(writes.update(self.account, entry.row["id"], fields))

    async def delete(self, request: Request) -> Response:
        entry = self._named(request)
        if entry is None:
            return _not_found()
        self.account.delete("assignments", entry.row["id"])
        return Response(status_code=200)

    async def repeat(self, request: Request) -> Response:
        entry, fields = self._named(request), await _given(request)
        if entry is None:
            return _not_found()
        return reply(writes.repeat(self.account, entry.row["id"], fields))

    async def subtasks(self, request: Request) -> Response:
        entry = self._named(request)
        if entry is None:
            return _not_found()
        return self._page(request, "subtasks", self.account.subtasks_of(entry.row["id"]))

    async def time_entries(self, request: Request) -> Response:
        """The daily expansion of all assignments; nobody in the sandbox has confirmed any hours."""
        if not _flag(request, "with_suggestions"):
            return self._page(request, "time_entries", [])
        try:
            first, last = (date.fromisoformat(request.query_params.get(name, "")) for name in ("from", "to"))
        except ValueError:
            raise writes.BadData("from and to must be dates") from None
        table = self.account.tables["assignments"]
        found = table.memo(("suggestions", first, last), lambda: self.account.suggestions(first, last))
        return self._page(request, "time_entries", found)

    def _named(self, request: Request) -> Entry | None:
        """The assignment in the path, if it belongs to the user or project in the path."""
        entry = self.account.tables["assignments"].find(request.path_params["id"])
        if entry is None:
            return None
        user_id, project_id = request.path_params.get("user_id"), request.path_params.get("project_id")
        assignable = entry.row.get("assignable_id") or 0
        if user_id is not None and entry.row.get("user_id") != user_id:
            return None
        if project_id is not None and project_id not in (assignable, self.account.parents().get(assignable)):
            return None
        return entry

    def _row(self, key: int) -> Response:
        return reply(self.account.get("assignments", key))

    def _page(
        self, request: Request, stream: str, entries: list[Entry], owner: Mapping[str, Any] | None = None
    ) -> Response:
        """One page in the envelope of every collection; `owner` is what the path adds to the parameters."""
        per_page = min(_at_least_one(request, "per_page", PER_PAGE), MOST_PER_PAGE)
        page = _at_least_one(request, "page", 1)
        own = {k: v for k, v in request.query_params.items() if k not in ("auth", "page", "per_page")}

        def link(number: int) -> str:
            echo = {**(owner or {}), **own, "per_page": per_page, "page": number}
            return f"{request.url.path}?{urlencode(echo)}"

        shown = entries[(page - 1) * per_page : page * per_page]
        paging = {
            "per_page": per_page,
            "page": page,
            "previous": link(page - 1) if page > 1 else None,
            "self": link(page),
            "next": link(page + 1) if page * per_page < len(entries) else None,
        }
        fields = _fields(request)
        data = b",".join(self.account.encoded(stream, entry, fields) for entry in shown)
        return reply(b'{"paging":' + reply(paging).body + b',"data":[' + data + b"]}")


def _overlaps(row: Row, start: str, end: str) -> bool:
    """Seed 003: ends after `from`, starts before `to`. Rows with broken dates are in every window."""
    starts_at, ends_at = row.get("starts_at"), row.get("ends_at")
    if start and isinstance(ends_at, str) and not ends_at > start:
        return False
    return not (end and isinstance(starts_at, str) and not starts_at < end)


async def _given(request: Request) -> dict[str, Any]:
    """The parameters of a write: query first, then body."""
    query = {name: value for name, value in request.query_params.items() if name != "auth"}
    return {**query, **await body_of(request)}


def _fields(request: Request) -> frozenset[str]:
    return frozenset(request.query_params.get("fields", "").split(",")) - {""}


def _flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in ("true", "1")


def _at_least_one(request: Request, name: str, default: int) -> int:
    try:
        return max(1, int(request.query_params.get(name, default)))
    except ValueError:
        return default


def _not_found() -> Response:
    return reply({"message": "not found"}, 404)


async def _no_such_route(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("Not Found", 404)


async def _bad_json(_request: Request, _error: Exception) -> Response:
    return reply({"message": "The request body had invalid json"}, 400)


async def _bad_data(_request: Request, error: Exception) -> Response:
    errors = error.errors if isinstance(error, writes.BadData) else ()
    return reply({"message": "bad data", "errors": list(errors)}, 403)


def _throttled(reset: int) -> Response:
    headers = {
        "X-RateLimit-Limit": str(REQUESTS),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset),
    }
    return reply({"message": "too many requests"}, 429, headers)
