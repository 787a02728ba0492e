"""What can be asked of 10,000ft (Resource Management by Smartsheet). Source: seed 003 and docs/sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import TracebackType
from typing import Any, Self

from connectors.errors import NotFound
from connectors.http import Http, Limits
from connectors.listing import Reading, wider
from connectors.page import Look, Page
from connectors.tenthousandft.paging import Sheet, id_of, read_collection, sheet_of
from connectors.tenthousandft.wire import SERVICE

STREAMS = ("users", "availabilities", "placeholders", "projects", "leave_types", "holidays", "assignments")

MORE_STREAMS = ("roles", "disciplines", "status_options", "bill_rates")
"""Lists that no hours depend on: for users' own scripts."""

PER_PAGE = 1000
"""The most the service gives."""

_LISTINGS: dict[str, tuple[str, dict[str, str]]] = {
    # Placeholders have a stream of their own.
    "users": (
        "/users",
        {"fields": "availabilities", "with_archived": "true", "include_placeholders": "false"},
    ),
    "placeholders": ("/placeholder_resources", {}),
    "projects": ("/projects", {"with_archived": "true", "with_phases": "true"}),
    "leave_types": ("/leave_types", {}),
    "holidays": ("/holidays", {}),
    "assignments": ("/assignments", {"with_phases": "true"}),
    **{stream: (f"/{stream}", {}) for stream in MORE_STREAMS},
}


class TenThousandFt:
    """An account, for any number of threads.

    `url` is the address of the API, with `/api/v1`. The service says itself when it was asked too often,
    and is obeyed; `requests_per_second` bounds the requests beforehand. `limits` replaces the defaults, the
    rate included; `http` the connection.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        requests_per_second: float | None = None,
        per_page: int = PER_PAGE,
        limits: Limits | None = None,
        http: Http | None = None,
    ) -> None:
        # The token goes into a header: a URL with `auth=` in it ends up in other people's logs.
        self.http = http or Http(
            SERVICE, url, credentials={"auth": token}, secrets=[token],
            limits=limits or Limits(requests_per_second=requests_per_second),
        )  # fmt: skip
        self._per_page = per_page

    @property
    def skew(self) -> timedelta:
        """The largest difference seen of the service's clock to ours; positive: the service's is ahead."""
        return self.http.skew

    def check(self) -> str:
        """Asks for one user, and says what answered. Raises what stands in the way."""
        sheet_of(self.http.get("/users", {"per_page": 1, "page": 1}))
        return f"10,000ft answers at {self.http.url}"

    def list(
        self, stream: str, *, start: date | None = None, end: date | None = None, look: Look | None = None
    ) -> Reading:
        """All rows of one of `STREAMS` or `MORE_STREAMS`; of "assignments" those that touch the window.

        "availabilities" holds the part-time blocks of the people whose blocks do not all fit into their row
        of "users" (`User.availabilities_complete`): all of theirs, and nothing where there are none such.
        `look` is called with the body of each page.
        """
        if stream == "availabilities":
            return Reading(self._cut_availabilities)
        path, params = _LISTINGS[stream]
        return self._reading(path, params | (_window(start, end) if stream == "assignments" else {}), look)

    def assignments(
        self,
        *,
        user_id: int | None = None,
        project_id: int | None = None,
        start: date | None = None,
        end: date | None = None,
        with_phases: bool = True,
        subtask_counts: bool = False,
    ) -> Reading:
        """Assignments that touch the window: of a user, or of a project, or of the account.

        `with_phases` includes those to phases, `subtask_counts` fills `Assignment.subtask_counts`.
        """
        params = {"with_phases": str(with_phases).lower(), **_window(start, end)}
        if subtask_counts:
            params["fields"] = "subtasks_counts"
        return self._reading(f"{_owner(user_id, project_id)}/assignments", params)

    def subtasks(self, project_id: int, assignment_id: int) -> Reading:
        """The to-do list of an assignment (stream "subtasks")."""
        return self._reading(f"/projects/{project_id}/assignments/{assignment_id}/subtasks", {})

    def time_entries(self, start: date, end: date, *, suggestions: bool = True) -> Reading:
        """Hours by person, assignable and day (stream "time_entries"), both dates counted.

        With `suggestions` also the service's own daily expansion of its bookings.
        """
        params = {"from": str(start), "to": str(end), "with_suggestions": str(suggestions).lower()}
        return self._reading("/time_entries", params)

    def show_assignment(self, assignment_id: int, *, user_id: int | None, assignable_id: int) -> Page | None:
        """One assignment, asked for under its user or, unassigned, under its project. None: it is gone."""
        owner = _owner(user_id, None if user_id is not None else assignable_id)
        try:
            answer = self.http.get(f"{owner}/assignments/{assignment_id}")
        except NotFound:
            return None
        return Page(answer.url, answer.body, answer.fetched_at, 1)

    def close(self) -> None:
        """Closes the connections."""
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reading(self, path: str, params: Mapping[str, Any], look: Look | None = None) -> Reading:
        return Reading(lambda: (sheet.page for sheet in self._sheets(path, params, look=look)))

    def _sheets(
        self, path: str, params: Mapping[str, Any], *, whole: bool = False, look: Look | None = None
    ) -> Iterator[Sheet]:
        return read_collection(self.http, path, params, per_page=self._per_page, whole=whole, look=look)

    def _cut_availabilities(self) -> Iterator[Page]:
        """All blocks of each user whose nested list names a further page."""
        for sheet in self._sheets(*_LISTINGS["users"], whole=True):
            for user_id in filter(None, map(_user_with_more_blocks, sheet.rows)):
                for blocks in self._sheets(f"/users/{user_id}/availabilities", {}):
                    yield blocks.page


def _window(start: date | None, end: date | None) -> dict[str, str]:
    """The window as parameters, a day wider at each end: its rows have to be filtered again."""
    first, last = wider(start, end)
    return {name: str(day) for name, day in (("from", first), ("to", last)) if day}


def _owner(user_id: int | None, project_id: int | None) -> str:
    if user_id is not None and project_id is not None:
        raise ValueError("assignments are asked for by user or by project, not by both")
    if user_id is not None:
        return f"/users/{user_id}"
    return "" if project_id is None else f"/projects/{project_id}"


def _user_with_more_blocks(row: object) -> str | None:
    try:
        return id_of(row) if row["availabilities"]["paging"]["next"] else None  # type: ignore[index]
    except (KeyError, TypeError):  # a row without blocks, or one that parsing rejects
        return None
