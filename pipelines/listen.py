"""Hears of changes in ftrack while connected to its event hub, and asks for a run. Writes nothing there.

A change is read as notices (connectors/ftrack/events.py); a burst of them becomes one request. The hub
replays nothing, so whenever the connection stands anew a run is asked for at once: it sees what was missed.
"""

from __future__ import annotations

import importlib
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any

from connectors.errors import ContractError, TransientError
from connectors.ftrack.client import Ftrack, quote
from connectors.ftrack.events import Debouncer, matters, read_message
from pipelines.outcome import judge
from pipelines.settings import ConfigError, FtrackServer

_LOOK_SECONDS = 0.25
_SHORTEST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """When a run is asked for: after `quiet_seconds` without a change, or `patience_seconds` of changes that
    do not end; and never sooner than `rest_seconds` after the last one."""

    quiet_seconds: float = 10.0
    patience_seconds: float = 60.0
    rest_seconds: float = 300.0


class Listener:
    """Connects to the event hub, again and again, and calls `request` when a run is called for.

    `request` is called in the thread that runs. What it raises for people to read (a service that does not
    answer, a warehouse that is taken) is noted, and it is called again after the rest; all else is raised.
    """

    def __init__(
        self,
        ftrack: FtrackServer,
        request: Callable[[], None],
        *,
        note: Callable[[str], None],
        pace: Pace | None = None,
    ) -> None:
        self._ftrack = ftrack
        self._note = note
        self._pace = pace or Pace()
        self._own: frozenset[str] = frozenset()
        self._debouncer = Debouncer(request, **asdict(self._pace))

    def run(self, stop: threading.Event) -> None:
        """Listens until `stop` is set. Raises ConfigError without ftrack's client, FatalError if refused."""
        client = official_client()
        pause = _SHORTEST_PAUSE_SECONDS
        while not stop.is_set():
            lost = threading.Event()
            try:
                self._own = identity(self._ftrack)
                hub = self._connect(client, lost)
            except (TransientError, client.Disconnected) as error:
                self._note(f"{error}\nTrying again in {pause:.0f} seconds.")
                stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _SHORTEST_PAUSE_SECONDS
            self._note("Listening to ftrack.")
            self._debouncer.tell(at_once=True)
            with _closing(hub, client):
                self._attend(hub, lost, stop)
            if not stop.is_set():
                self._note("The connection to ftrack's event hub was lost.")
                stop.wait(pause)

    def _connect(self, client: OfficialClient, lost: threading.Event) -> Any:
        """A hub that listens. It does not reconnect by itself (silently, for minutes) but sets `lost`."""
        hub = client.EventHub(self._ftrack.url, self._ftrack.user, self._ftrack.key.get_secret_value())

        def give_up(**_: object) -> None:
            lost.set()
            raise client.Disconnected("The listener connects anew.")

        hub.reconnect = give_up
        hub.subscribe("topic=ftrack.update", self._hear)
        hub.connect()
        return hub

    def _hear(self, event: Any) -> None:
        """What the hub calls with a message. It returns nothing: a value would be published as a reply."""
        try:
            notices = read_message(event)
        except ContractError as error:
            self._note(str(error))
            return
        if any(matters(notice, self._own) for notice in notices):
            self._debouncer.tell()

    def _attend(self, hub: Any, lost: threading.Event, stop: threading.Event) -> None:
        """Handles messages, and asks for runs, until the connection or the listener ends."""
        while not (lost.is_set() or stop.is_set()) and _reads(hub):
            hub.wait(_LOOK_SECONDS)
            try:
                self._debouncer.poll()
            except Exception as error:
                if not judge(error)[1]:
                    raise
                self._note(f"{error}\nTrying again in {self._pace.rest_seconds:.0f} seconds.")


@dataclass(frozen=True, slots=True)
class OfficialClient:
    """What is used of ftrack's own client: the hub, and what it raises without a connection."""

    EventHub: Callable[..., Any]
    Disconnected: type[Exception]


def official_client() -> OfficialClient:
    """ftrack's own client; an optional extra. Raises ConfigError if it is not installed."""
    with warnings.catch_warnings():
        # It imports modules that Python has deprecated, and has docstrings with stray backslashes.
        warnings.simplefilter("ignore")
        try:
            hub = importlib.import_module("ftrack_api.event.hub")
            errors = importlib.import_module("ftrack_api.exception")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "ftrack_api":
                raise
            raise ConfigError(
                "Listening needs ftrack's own client, which is not installed: "
                "pip install 'crewtally[events]', or '.[events]' in the folder of the repository."
            ) from error
    return OfficialClient(hub.EventHub, errors.EventHubConnectionError)


def identity(ftrack: FtrackServer) -> frozenset[str]:
    """What ftrack calls us: the name of the configured user, and its id if it has one."""
    with Ftrack(ftrack.url, ftrack.user, ftrack.key.get_secret_value()) as client:
        named = "select id from User where username is " + quote(ftrack.user)  # noqa: S608 - not SQL
        found = list(client.query(named))
    return frozenset({ftrack.user, *(row["id"] for row in found)})


@contextmanager
def until_signalled() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one does what it always did."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def end(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[number])

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, end)
    try:
        yield stop
    finally:
        for signalled, handler in before.items():
            signal.signal(signalled, handler)


@contextmanager
def _closing(hub: Any, client: OfficialClient) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(client.Disconnected, OSError):
            hub.disconnect(unsubscribe=False)  # on a dead connection, taking leave takes 15 seconds


def _reads(hub: Any) -> bool:
    """Whether the client's thread that reads the connection still lives: it can die without a word."""
    thread = getattr(hub, "_processor_thread", None)
    return bool(hub.connected) and (thread is None or thread.is_alive())
