"""A sandbox ftrack for the official client: a store, served by uvicorn in a thread, and a way to log in.

Nothing here uses the product's own connector: what this folder proves is that the sandbox is ftrack enough for
a client nobody here wrote.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import pytest
import uvicorn

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


@contextmanager
def _serving(store: Store) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(build_app(store), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server took too long to start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def serve() -> Iterator[Callable[[Store], str]]:
    """Serve a store until the test ends; returns its URL."""
    with ExitStack() as stack:
        yield lambda store: stack.enter_context(_serving(store))


@pytest.fixture(params=["seed", "studio"])
def store(request: pytest.FixtureRequest) -> Store:
    """A store of either dialect, with nothing in it but what every workspace has."""
    return Store(request.param, USER, KEY)


@pytest.fixture
def url(serve: Callable[[Store], str], store: Store) -> str:
    """Where the test's store is served."""
    return serve(store)


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
