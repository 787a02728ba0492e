"""`listen`, on the sandbox's event hub with ftrack's own client: a change is one run, our pushes are none."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.errors import AuthenticationError, Unreachable
from connectors.ftrack.client import Ftrack, create, update
from connectors.sandbox import Sandbox
from pipelines.listen import Listener, Pace, official_client
from pipelines.settings import ConfigError, FtrackServer

pytestmark = pytest.mark.timeout(120)

QUICK = Pace(quiet_seconds=0.4, patience_seconds=5, rest_seconds=0)
ROOT = Path(__file__).parents[2]


class Desk:
    """Where runs are asked for; counts them, and what was noted on the way."""

    def __init__(self) -> None:
        self.runs = 0
        self.notes: list[str] = []
        self.failing: Exception | None = None

    def ask(self) -> None:
        self.runs += 1
        if self.failing:
            raise self.failing


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def settle() -> None:
    """Long enough for a burst to end and for a run that nobody should ask for."""
    time.sleep(4 * QUICK.quiet_seconds)


@contextmanager
def listening(server: FtrackServer, desk: Desk, pace: Pace = QUICK) -> Iterator[None]:
    """A listener at work, its first run asked for; an error in it fails the test."""
    stop, failed = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            Listener(server, desk.ask, note=desk.notes.append, pace=pace).run(stop)
        except BaseException as error:  # noqa: BLE001 - for the test's own thread
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_for(lambda: desk.runs or failed)
        if not failed:
            settle()
            yield
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


@pytest.fixture(params=["seed", "studio"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(people=6, seed=2, dialect=request.param) as sandbox:
        yield sandbox


def server_of(sandbox: Sandbox, key: str | None = None) -> FtrackServer:
    ready = sandbox.ready["ftrack"]
    return FtrackServer(url=ready["url"], user=ready["user"], key=SecretStr(key or ready["key"]))


def client_of(sandbox: Sandbox, user: str | None = None) -> Ftrack:
    ready = sandbox.ready["ftrack"]
    return Ftrack(ready["url"], user or ready["user"], ready["key"])


def test_a_change_is_one_run_and_our_own_pushes_are_none(sandbox: Sandbox) -> None:
    desk = Desk()
    task = next(iter(sandbox.ftrack.entities["Task"].values()))
    task_id = task["id"]
    person = next(row for row in sandbox.ftrack.entities["User"].values() if row["username"] != "pipeline")
    with listening(server_of(sandbox), desk):
        assert desk.runs == 1, "events are not replayed: the first run sees what was missed"

        with client_of(sandbox, person["username"]) as colleague:  # several changes at a time, by a person
            colleague.send([update("Task", task_id, {"name": name}) for name in ("Light", "Lights")])
        wait_for(lambda: desk.runs == 2)
        settle()
        assert desk.runs == 2

        with client_of(sandbox) as ours:  # what a push does
            for number in range(3):
                made = {"name": f"Pushed {number}", "parent_id": task["parent_id"]}
                ours.send([create("Task", f"0c0ffee0-0000-4000-8000-00000000000{number}", made)])
        settle()
        assert desk.runs == 2

        started = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - naive UTC, as the sandbox keeps it
        sandbox.ftrack.add("Timelog", user_id=person["id"], context_id=task_id, start=started, duration=3600)
        settle()
        assert desk.runs == 2, "no sync reads time sheets"

        sandbox.ftrack.change("Project", task["project_id"], full_name="By hand, in ftrack itself")
        wait_for(lambda: desk.runs == 3)
        settle()
        assert desk.runs == 3
    assert desk.notes == ["Listening to ftrack."]


def test_a_lost_connection_is_made_anew_and_a_run_asked_for_at_once() -> None:
    desk = Desk()
    base = free_ports()
    with Sandbox(people=2, seed=1, port_base=base) as sandbox:
        server = server_of(sandbox)
        task_id = next(iter(sandbox.ftrack.entities["Task"]))
        with listening(server, desk):
            sandbox.close()
            wait_for(lambda: any("was lost" in note for note in desk.notes))
            assert desk.runs == 1
            with Sandbox(people=2, seed=1, port_base=base) as again:
                wait_for(lambda: desk.runs == 2, seconds=40)
                settle()
                again.ftrack.change("Task", task_id, name="Missed before, heard now")
                wait_for(lambda: desk.runs == 3)
                settle()
                assert desk.runs == 3
    assert [note for note in desk.notes if note.startswith("Listening")] == ["Listening to ftrack."] * 2


def test_a_run_that_cannot_be_made_now_is_asked_for_again() -> None:
    desk = Desk()
    desk.failing = Unreachable("does not answer", service="ruddr")
    with Sandbox(people=2, seed=1) as sandbox, listening(server_of(sandbox), desk, Pace(0.2, 1, 1)):
        wait_for(lambda: desk.runs == 3)
        desk.failing = None
        wait_for(lambda: desk.runs == 4)
        time.sleep(2)
        assert desk.runs == 4
    assert "ruddr: does not answer\nTrying again in 1 seconds." in desk.notes


def test_an_error_nobody_foresaw_ends_the_listener() -> None:
    desk = Desk()
    desk.failing = ZeroDivisionError("a bug")
    with (
        Sandbox(people=2, seed=1) as sandbox,
        pytest.raises(ZeroDivisionError),
        listening(server_of(sandbox), desk),
    ):
        pass


def test_wrong_credentials_end_the_listener() -> None:
    with (
        Sandbox(people=2, seed=1) as sandbox,
        pytest.raises(AuthenticationError, match="check user and API key"),
        listening(server_of(sandbox, key="wrong"), Desk()),
    ):
        pass


def test_a_message_that_is_none_is_noted_and_passed_over(ftrack_event: Callable[..., Any]) -> None:
    desk = Desk()
    with Sandbox(people=2, seed=1) as sandbox, listening(server_of(sandbox), desk):
        ready = sandbox.ready["ftrack"]
        hub = official_client().EventHub(ready["url"], ready["user"], ready["key"])
        hub.connect()
        hub.publish(ftrack_event("ftrack.update", {"entities": "nonsense"}))
        wait_for(lambda: len(desk.notes) == 2)
        hub.disconnect()
        sandbox.ftrack.add("Project", name="AFTER")
        wait_for(lambda: desk.runs == 2)
    assert desk.notes[1].startswith("ftrack: sent what is not an ftrack.update message: data.entities")


@pytest.fixture
def ftrack_event() -> Callable[..., Any]:
    official_client()
    from ftrack_api.event.base import Event

    return lambda topic, data: Event(topic=topic, data=data)


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "ftrack_api"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ftrack_api", None)
    with pytest.raises(ConfigError, match=r"pip install 'crewtally\[events\]'"):
        official_client()


def test_the_command_needs_ftrack_and_a_planner(crewtally: Callable[..., Any], config: Path) -> None:
    called = crewtally("listen", "--config", config)
    assert (called.code, called.out) == (2, "")
    assert "[ftrack]" in called.err


@pytest.mark.slow
def test_the_command_runs_the_sync_and_its_own_push_starts_no_other(tmp_path: Path) -> None:
    from pipelines.demo import configuration

    with Sandbox(people=6, seed=2) as sandbox:
        config = tmp_path / "crewtally.toml"
        config.write_text(configuration(sandbox.ready))
        before = len(sandbox.ftrack.entities["Allocation"])
        with command("listen", "--quiet", "0.5", "--rest", "1", "--config", config) as (process, lines):
            wait_for(lambda: runs_in(lines) == 1, seconds=60)
            assert len(sandbox.ftrack.entities["Allocation"]) > before
            time.sleep(3)
            assert runs_in(lines) == 1, "the push was our own"

            made = sandbox.ftrack.add("Project", name="BYHAND")
            wait_for(lambda: runs_in(lines) == 2, seconds=60)
            assert "nothing to change" in lines[-1]
            time.sleep(3)
            assert runs_in(lines) == 2
            assert made in sandbox.ftrack.entities["Project"]
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert lines[-1] == "Stopped listening."
    assert sandbox.ready["ftrack"]["key"] not in "\n".join(lines)


def runs_in(lines: list[str]) -> int:
    return sum(1 for line in lines if line.startswith("Pulled "))


@contextmanager
def command(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The console script in a process of its own, without Prefect, and its lines as they come."""
    process = subprocess.Popen(
        [Path(sys.executable).parent / "crewtally", *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", "PREFECT_API_URL": ""},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    out = process.stdout
    reader = threading.Thread(
        target=lambda: lines.extend(line.rstrip("\n") for line in iter(out.readline, ""))
    )
    reader.start()
    try:
        yield process, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(10)
        out.close()


def free_ports() -> int:
    """A port P with P + 1 and P + 2 free too."""
    for base in range(20_000, 40_000, 7):
        with ExitStack() as probes:
            try:
                for port in range(base, base + 3):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return base
    raise AssertionError("no three free ports in a row")
