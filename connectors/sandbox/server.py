"""Runs the three services on the loopback interface: for a test, or until somebody ends it."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import Callable
from datetime import date
from types import FrameType, TracebackType
from typing import Any, Literal, Self

import uvicorn
from starlette.types import ASGIApp

from connectors.sandbox.faults import Fault, parse
from connectors.sandbox.ftrack.seed import populate
from connectors.sandbox.ftrack.service import build_app as ftrack_app
from connectors.sandbox.ftrack.store import Store
from connectors.sandbox.ruddr.service import ROOT as RUDDR_ROOT
from connectors.sandbox.ruddr.service import build_app as ruddr_app
from connectors.sandbox.ruddr.workspace import workspace_of
from connectors.sandbox.studio import generate
from connectors.sandbox.tenthousandft.account import account_of
from connectors.sandbox.tenthousandft.service import ROOT as TENTHOUSANDFT_ROOT
from connectors.sandbox.tenthousandft.service import build_app as tenthousandft_app
from connectors.sandbox.weather import Watcher, Weather

HOST = "127.0.0.1"
FTRACK_USER = "pipeline"
FTRACK_KEY = "sandbox-ftrack"
START_SECONDS = 30.0

Dialect = Literal["seed", "studio"]
Ready = dict[str, dict[str, str]]


class Sandbox:
    """A studio and the three services that plan and produce it, as a context manager.

    `people`, `seed` and the year of `today` (default: the current day) decide every byte the planners send.
    `port_base` P serves 10,000ft on P, Ruddr on P + 1, ftrack on P + 2; without it the system picks free
    ports. `faults` is a spec as in connectors/sandbox/faults.py. ValueError for a spec that cannot be read,
    OSError for a port that is taken.

    While it runs: `ready` says how to reach the services, `studio` what was generated, and `tenthousandft`,
    `ruddr` and `ftrack` hold their rows, to be edited between two requests. `weather` changes the faults,
    `watch` lets a test act in the middle of a listing.
    """

    def __init__(
        self,
        people: int = 40,
        seed: int = 1,
        today: date | None = None,
        dialect: Dialect = "seed",
        port_base: int | None = None,
        rate_limits: bool = False,
        faults: str | None = None,
    ) -> None:
        weather = parse(faults or "")
        self._port_base = port_base
        self.studio = generate(people, seed, today or date.today())  # noqa: DTZ011 - only the year counts
        self.tenthousandft = account_of(self.studio)
        self.ruddr = workspace_of(self.studio)
        self.ftrack = Store(dialect, FTRACK_USER, FTRACK_KEY)
        populate(self.ftrack, self.studio)
        first = tenthousandft_app(self.tenthousandft, rate_limits=rate_limits)
        second = ruddr_app(self.ruddr, rate_limits=rate_limits)
        self._services = {
            "tenthousandft": Weather(first, "tenthousandft", self.tenthousandft.tables, seed),
            "ruddr": Weather(second, "ruddr", self.ruddr.tables, seed),
            "ftrack": Weather(ftrack_app(self.ftrack), "ftrack", {}, seed),
        }
        self._change_weather(weather)
        self.ready: Ready = {}
        self._servers: list[_Server] = []
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        sockets = _bind(self._port_base, len(self._services))
        self._servers = [_Server(app, ws=name == "ftrack") for name, app in self._services.items()]
        self.ready = self._how_to_reach(*(listener.getsockname()[1] for listener in sockets))
        self._thread = threading.Thread(
            target=_serve, args=(self._servers, sockets), name="sandbox", daemon=True
        )
        self._thread.start()
        for server in self._servers:
            if not server.is_up.wait(START_SECONDS):
                self.close()
                raise RuntimeError(f"the sandbox did not start within {START_SECONDS:.0f} seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; returns once the ports are free."""
        for server in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def weather(self, faults: str) -> None:
        """Other faults from now on ("" for none), their luck as at the start. ValueError as at the start."""
        self._change_weather(parse(faults))

    def _change_weather(self, faults: tuple[Fault, ...]) -> None:
        for service in self._services.values():
            service.change(faults)

    def watch(self, watcher: Watcher | None) -> None:
        """Call this with "<service><path>?<query>" of each request before it is carried out; None: no more.

        It is called between two requests, on the services' own thread: what it edits is as if somebody had
        edited it while the client was reading.
        """
        for service in self._services.values():
            service.watcher = watcher

    def _how_to_reach(self, tenthousandft: int, ruddr: int, ftrack: int) -> Ready:
        return {
            "tenthousandft": {
                "url": f"http://{HOST}:{tenthousandft}{TENTHOUSANDFT_ROOT}",
                "token": self.tenthousandft.token,
            },
            "ruddr": {"url": f"http://{HOST}:{ruddr}{RUDDR_ROOT}", "token": self.ruddr.token},
            "ftrack": {"url": f"http://{HOST}:{ftrack}", "user": FTRACK_USER, "key": FTRACK_KEY},
        }


class _Server(uvicorn.Server):
    """A server that says when it is up, and does not dawdle on the way out."""

    def __init__(self, app: ASGIApp, *, ws: bool) -> None:
        # h11: the weather breaks connections through its transport, and dates the replies itself.
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="websockets-sansio" if ws else "none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                date_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


def serve(on_ready: Callable[[Ready], None], **options: Any) -> None:
    """Run a sandbox until SIGINT or SIGTERM; `options` are those of `Sandbox`. Main thread only.

    `on_ready` is called once, with how to reach the services, when all of them answer.
    """
    done = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        done.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Sandbox(**options) as sandbox:
            gc.freeze()  # the studio is no garbage: a collector that looks through it again and again is slow
            on_ready(sandbox.ready)
            done.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bind(port_base: int | None, count: int) -> list[socket.socket]:
    """Sockets on consecutive ports, or on any that are free; all of them, or OSError and none."""
    sockets: list[socket.socket] = []
    try:
        for offset in range(count):
            # Named as TCP, or asyncio leaves Nagle's algorithm on and every small reply waits 40 ms.
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, 0 if port_base is None else port_base + offset))
            listener.listen(256)
    except OSError:
        for listener in sockets:
            listener.close()
        raise
    return sockets


def _serve(servers: list[_Server], sockets: list[socket.socket]) -> None:
    async def run() -> None:
        pairs = zip(servers, sockets, strict=True)
        await asyncio.gather(*(server.serve([listener]) for server, listener in pairs))

    asyncio.run(run())
