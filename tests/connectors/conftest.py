"""A loopback server that answers as a test tells it, down to the bytes on the socket."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass(frozen=True)
class Request:
    """What arrived. `query` keeps the last value of each parameter."""

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes back. `cut` closes the socket after so many bytes of the body, `pause` waits per chunk."""

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    cut: int | None = None
    delay: float = 0.0
    drip: float = 0.0
    reset: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Script = Callable[[Request], Reply]


class Service:
    """The server under a test: set `script`, read `requests`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.script: Script = lambda _request: Reply(status=500)
        self._lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def _serve(self) -> None:
                service.answer(self)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - the base class's names

            def log_message(self, *_args: object) -> None:
                """Silent."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: object) -> None:
                """A client that hangs up is part of the tests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def replies(self, *replies: Reply) -> None:
        """Answers in this order, the last one for ever."""
        left = list(replies)

        def script(_request: Request) -> Reply:
            with self._lock:
                return left.pop(0) if len(left) > 1 else left[0]

        self.script = script

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        parts = urlsplit(handler.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        request = Request(
            handler.command, handler.path, parts.path, query, dict(handler.headers.items()),
            handler.rfile.read(length), time.monotonic(),
        )  # fmt: skip
        with self._lock:
            self.requests.append(request)
        self._write(handler, self.script(request))

    def _write(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        time.sleep(reply.delay)
        if reply.reset:
            self._hang_up(handler)
            return
        content = reply.content
        handler.send_response(reply.status)
        headers = {"Content-Type": reply.kind, "Content-Length": str(len(content)), **reply.headers}
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        step = max(1, len(content) // 10) if reply.drip else len(content) or 1
        for start in range(0, len(content) if reply.cut is None else reply.cut, step):
            handler.wfile.write(content[start : min(start + step, reply.cut or len(content))])
            handler.wfile.flush()
            time.sleep(reply.drip)
        if reply.cut is not None:
            self._hang_up(handler)

    @staticmethod
    def _hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    """A server on a free port of 127.0.0.1."""
    service = Service()
    yield service
    service.close()


@pytest.fixture
def reply() -> type[Reply]:
    """The reply type: test modules are imported on their own and cannot import this one."""
    return Reply


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
