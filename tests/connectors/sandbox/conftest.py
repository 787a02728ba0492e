"""Sandboxes and small HTTP helpers for talking to them as a stranger would: plain requests, no connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
import requests

from connectors.sandbox import Sandbox

TODAY = date(2026, 6, 1)


@dataclass
class Api:
    """One service: its base URL, the headers that let us in, and shorthands."""

    url: str
    headers: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        more.setdefault("headers", self.headers)
        return self.session.request(method, self.url + path, timeout=30, **more)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.request("GET", path, params=params)

    def json(self, path: str, **params: Any) -> Any:
        reply = self.get(path, **params)
        assert reply.status_code == 200, reply.text
        return reply.json()


class TenThousandFtApi(Api):
    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every page, by following `next`, which is relative to the host."""
        host = self.url.removesuffix("/api/v1")
        page = self.json(path, **params)
        yield page
        while page["paging"]["next"]:
            reply = self.session.get(host + page["paging"]["next"], headers=self.headers, timeout=30)
            assert reply.status_code == 200, reply.text
            page = reply.json()
            yield page

    def all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        params = {"per_page": 1000, **params}
        return [row for page in self.pages(path, **params) for row in page["data"]]


class RuddrApi(Api):
    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every page, by the id of the last row."""
        page = self.json(path, **params)
        yield page
        while page["hasMore"]:
            page = self.json(path, **{**params, "startingAfter": page["results"][-1]["id"]})
            yield page

    def all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        params = {"limit": 100, **params}
        return [row for page in self.pages(path, **params) for row in page["results"]]


def tenthousandft_api(sandbox: Sandbox) -> TenThousandFtApi:
    ready = sandbox.ready["tenthousandft"]
    return TenThousandFtApi(ready["url"], {"auth": ready["token"]})


def ruddr_api(sandbox: Sandbox) -> RuddrApi:
    ready = sandbox.ready["ruddr"]
    return RuddrApi(ready["url"], {"Authorization": f"Bearer {ready['token']}"})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The default studio, to look at and leave as it is."""
    with Sandbox(people=40, seed=1, today=TODAY) as running:
        yield running


@pytest.fixture(scope="module")
def tenthousandft(sandbox: Sandbox) -> Iterator[TenThousandFtApi]:
    api = tenthousandft_api(sandbox)
    yield api
    api.session.close()


@pytest.fixture(scope="module")
def ruddr(sandbox: Sandbox) -> Iterator[RuddrApi]:
    api = ruddr_api(sandbox)
    yield api
    api.session.close()


@pytest.fixture(scope="module")
def planners() -> Iterator[tuple[Sandbox, TenThousandFtApi, RuddrApi]]:
    """A studio of twelve to edit, and its two planners, shared by the tests of a module."""
    with Sandbox(people=12, today=TODAY) as running:
        apis = tenthousandft_api(running), ruddr_api(running)
        yield running, *apis
        for api in apis:
            api.session.close()


@pytest.fixture
def sandbox_of() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes of one's own (twelve people unless said otherwise), and stops them in the end."""
    running: list[Sandbox] = []

    def start(**options: Any) -> Sandbox:
        sandbox = Sandbox(**{"people": 12, "today": TODAY, **options})
        running.append(sandbox.__enter__())
        return sandbox

    yield start
    for sandbox in running:
        sandbox.close()


@pytest.fixture
def talk() -> Iterator[Callable[[Sandbox], tuple[TenThousandFtApi, RuddrApi]]]:
    """Gives the planners of any sandbox."""
    sessions: list[requests.Session] = []

    def to(sandbox: Sandbox) -> tuple[TenThousandFtApi, RuddrApi]:
        apis = tenthousandft_api(sandbox), ruddr_api(sandbox)
        sessions.extend(api.session for api in apis)
        return apis

    yield to
    for session in sessions:
        session.close()
