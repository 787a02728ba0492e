"""What can be asked of Ruddr's workspace API. Source: seed 002 and docs/sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

from connectors.errors import ContractError, NotFound
from connectors.http import Http, Limits
from connectors.listing import Reading, wider
from connectors.page import Look, Page
from connectors.parsing import plain_id
from connectors.ruddr.cuts import find_cuts
from connectors.ruddr.paging import Collection
from connectors.ruddr.wire import SERVICE, allocation_key

STREAMS = ("members", "placeholders", "projects", "tasks", "allocations")

MORE_STREAMS = ("roles", "clients", "holidays", "availability_periods", "time_entries")
"""Lists that the pull has no need of: for users' own scripts."""

LIMIT = 100
"""The most rows a page gives; asked for nothing, the service gives ten."""

REQUESTS_PER_SECOND = 20
"""What the service allows to a workspace, whoever asks. It promises no warning, so we stay below."""

_PATHS = {
    "members": "/members",
    "placeholders": "/resource-placeholders",
    "projects": "/projects",
    "tasks": "/project-tasks",
    "allocations": "/allocations",
    "roles": "/project-roles",
    "clients": "/clients",
    "holidays": "/holidays",
    "availability_periods": "/availability-periods",
    "time_entries": "/time-entries",
}


class Ruddr:
    """A workspace, for any number of threads.

    `url` is the address of the API, with `/api/workspace`. All clients of this process share one rate
    window per address and rate. `limits` replaces the defaults, the rate included; `http` the connection.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        requests_per_second: float | None = REQUESTS_PER_SECOND,
        limit: int = LIMIT,
        limits: Limits | None = None,
        http: Http | None = None,
    ) -> None:
        self.http = http or Http(
            SERVICE, url, credentials={"Authorization": f"Bearer {token}"}, secrets=[token],
            limits=limits or Limits(requests_per_second=requests_per_second),
        )  # fmt: skip
        self._limit = limit

    @property
    def skew(self) -> timedelta:
        """The largest difference seen of the service's clock to ours; positive: the service's is ahead."""
        return self.http.skew

    def check(self) -> str:
        """Asks who the workspace is, and says it. Raises what stands in the way."""
        answer = self.http.get("")
        if not isinstance(answer.document, dict) or "id" not in answer.document:
            raise ContractError(
                f"answered {answer.url} without naming a workspace: does the URL end in /api/workspace?",
                service=SERVICE, url=answer.url, status=answer.status,
            )  # fmt: skip
        return f"Ruddr workspace {answer.document.get('name')!r} answers at {self.http.url}"

    def list(
        self,
        stream: str,
        *,
        start: date | None = None,
        end: date | None = None,
        assignment_type: Literal["project", "time_off"] | None = None,
        member_id: str | None = None,
        members: Sequence[str] = (),
        look: Look | None = None,
    ) -> Reading:
        """All rows of one of `STREAMS` or `MORE_STREAMS`; of "allocations" those that touch the window.

        The service is asked for a day more at each end of the window, so its rows have to be filtered again.
        `assignment_type` asks for allocations of that type only, `member_id` for allocations, availability
        periods or time entries of one member. Where the ids of all `members` are given, a long listing of
        allocations is read in several parts at a time (connectors/ruddr/cuts.py). `look` is called with the
        body of each page.
        """
        asked: dict[str, object] = {"memberId": member_id}
        if stream == "allocations":
            first, last = wider(start, end)
            asked = {"startOnBefore": last, "endOnAfter": first, "assignmentTypeId": assignment_type, **asked}
        params: dict[str, Any] = {name: str(value) for name, value in asked.items() if value is not None}
        params |= {"limit": self._limit}
        if stream != "allocations" or member_id is not None or not members:
            key = allocation_key if stream == "allocations" else plain_id
            return Reading(Collection(self.http, _PATHS[stream], params, key, look).read)
        cut = partial(find_cuts, self.http, params, members)
        collection = Collection(self.http, _PATHS[stream], params, allocation_key, look)
        return Reading(partial(collection.read, cut))

    def show_allocation(self, allocation_id: str) -> Page | None:
        """One allocation. None: it is gone."""
        try:
            answer = self.http.get(f"/allocations/{quote(allocation_id, safe='')}")
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
