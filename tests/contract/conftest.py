"""The sandbox, for clients nobody here wrote: what this folder proves is that it is real enough for them.

For ftrack's official client: a store, served by uvicorn in a thread, and a way to log in. For the clients of
the two planners: a whole sandbox.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvicorn

from connectors.sandbox import Sandbox
from connectors.sandbox.ftrack.service import build_app
from connectors.sandbox.ftrack.store import Store

USER, KEY = "api@studio.example", "a-key-of-the-sandbox"


@pytest.fixture(scope="session")
def ftrack_api() -> ModuleType:
    """The official client.

    It pins pyparsing<3, which imports a module deprecated since Python 3.11, and has docstrings with stray
    backslashes, at which Python 3.12 warns. Both only while it is imported, so only then are they let pass.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        import ftrack_api
        import ftrack_api.exception
        import ftrack_api.session
    return ftrack_api


class Stage:
    """One server for all tests, each of which brings its own application: starting one anew takes 0.2 s."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    """The server's stage, and its URL."""
    stage = Stage()
    config = uvicorn.Config(stage, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server took too long to start"
        time.sleep(0.005)
    yield stage, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(params=["seed", "studio"])
def store(request: pytest.FixtureRequest) -> Store:
    """A store of either dialect, with nothing in it but what every workspace has."""
    return Store(request.param, USER, KEY)


@pytest.fixture
def url(stage: tuple[Stage, str], store: Store) -> str:
    """Where the test's store is served."""
    stage[0].app = build_app(store)
    return stage[1]


@pytest.fixture
def log_in(ftrack_api: ModuleType) -> Iterator[Callable[..., Any]]:
    """Start a session of the official client; closed when the test ends."""
    sessions: list[Any] = []

    def start(url: str, key: str = KEY, user: str = USER, **options: Any) -> Any:
        session = ftrack_api.Session(url, key, user, **{"schema_cache_path": False, **options})
        sessions.append(session)
        return session

    yield start
    for session in sessions:
        session.close()


@pytest.fixture
def session(log_in: Callable[..., Any], url: str) -> Any:
    """A session on the test's store."""
    return log_in(url)


@pytest.fixture(scope="module")
def planners() -> Iterator[Sandbox]:
    """A studio's two planning services."""
    with Sandbox(people=30, seed=7, today=date(2026, 3, 4)) as sandbox:
        yield sandbox


@pytest.fixture
def dlt_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, Any]], list[Any]]:
    """dlt's `rest_api` source: from a description of an API to its resources. It writes nowhere else."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    from dlt.sources.rest_api import rest_api_resources

    return rest_api_resources  # type: ignore[return-value]
