"""The deployments of prefect.yaml on a real server with a real worker, pushing to a real sandbox."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import duckdb
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pipelines.demo import configuration

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECRETS = ("token", "key")
WAREHOUSE = Path(".crewtally/warehouse.duckdb")


def patient() -> requests.Session:
    """A client that asks again when the server's SQLite is busy (503), as Prefect's own does."""
    again = Retry(total=8, backoff_factor=0.25, status_forcelist=[503], allowed_methods=None)
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=again))
    return session


HTTP = patient()


@dataclass(frozen=True)
class Prefect:
    """A server of its own, with the deployments in it; `environment` is that of a worker."""

    api: str
    home: Path
    environment: dict[str, str]
    log: Path

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / command[0], *command[1:]],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=check,
            timeout=120,
        )

    def filter(self, kind: str, **body: Any) -> list[dict[str, Any]]:
        answer = HTTP.post(f"{self.api}/{kind}/filter", json=body, timeout=30)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def start(self, deployment: str, **parameters: Any) -> str:
        """A run of a deployment, due now; its id."""
        found = HTTP.get(f"{self.api}/deployments/name/{deployment}", timeout=30).json()
        url = f"{self.api}/deployments/{found['id']}/create_flow_run"
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        answer = HTTP.post(url, json=body, timeout=30)
        answer.raise_for_status()
        run_id: str = answer.json()["id"]
        return run_id

    def work(self) -> None:
        """A process worker takes what is due, waits for it to end, and ends: always before its server."""
        pool = ("--pool", "crewtally", "--type", "process", "--run-once")
        self.run("prefect", "worker", "start", *pool)

    def state(self, run_id: str) -> tuple[str, str]:
        run = HTTP.get(f"{self.api}/flow_runs/{run_id}", timeout=30).json()
        return run["state"]["name"], run["state"]["message"] or ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ended(process: subprocess.Popen[Any], number: signal.Signals, patience: float) -> Iterator[None]:
    try:
        yield
    finally:
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, dict[str, str]]]:
    """A sandbox in a process of its own."""
    command = [BIN / "crewtally", "sandbox", "--people", "12", "--seed", "3"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        ended(process, signal.SIGTERM, 10),
    ):
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


@pytest.fixture(scope="module")
def prefect(ready: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    folder = tmp_path_factory.mktemp("prefect")
    port = free_port()
    server = Prefect(
        f"http://127.0.0.1:{port}/api", folder, environment(folder, ready, port), folder / "server.log"
    )
    command = [BIN / "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with server.log.open("w") as log:
        process = subprocess.Popen(
            command, env=server.environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        with ended(process, signal.SIGINT, 30):
            wait_for(server)
            server.run("prefect", "work-pool", "create", "crewtally", "--type", "process")
            server.run("prefect", "--no-prompt", "deploy", "--all")
            yield server


def environment(folder: Path, ready: dict[str, dict[str, str]], port: int) -> dict[str, str]:
    """Like that of a worker: where the server is, where the configuration is, the secrets."""
    public = {
        name: {key: value for key, value in values.items() if key not in SECRETS}
        for name, values in ready.items()
    }
    config = folder / "crewtally.toml"
    config.write_text(configuration(public))
    secrets = {
        f"CREWTALLY_{name}__{key}".upper(): values[key]
        for name, values in ready.items()
        for key in SECRETS
        if key in values
    }
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CREWTALLY_"))
    }
    return {
        **inherited,
        **secrets,
        "CREWTALLY_CONFIG": str(config),
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def wait_for(server: Prefect) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if HTTP.get(f"{server.api}/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.25)
    pytest.fail(f"the Prefect server did not start:\n{server.log.read_text()}")


def test_the_worker_runs_sync_hourly_and_the_schedule_is_kept(
    prefect: Prefect, ready: dict[str, dict[str, str]]
) -> None:
    run_id = prefect.start("sync/sync-hourly")
    wrong = prefect.start("backfill/backfill", start="notadate", end="2026-01-01")
    prefect.work()
    assert prefect.state(run_id) == ("Completed", "")
    name, message = prefect.state(wrong)
    assert name == "Failed"
    assert "start" in message

    tasks = prefect.filter("task_runs", flow_runs={"id": {"any_": [run_id]}})
    names = sorted(task["name"].rsplit("-", 1)[0] for task in tasks)
    steps = ["apply", "plan", "publish", "pull ftrack", "pull ruddr", "pull tenthousandft", "total"]
    assert names == steps  # never a page or a row
    assert all(task["task_inputs"] == {} for task in tasks)

    artifacts = prefect.filter("artifacts", flow_runs={"id": {"any_": [run_id]}})
    assert {artifact["key"] for artifact in artifacts} == {
        "crewtally-plan",
        "crewtally-pushed",
        "crewtally-snapshots",
        "crewtally-totals",
    }

    scheduled = prefect.filter("flow_runs", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})
    assert any(run["auto_scheduled"] for run in scheduled), prefect.log.read_text()

    # What the server keeps, in every file of its home, holds no secret.
    kept = b"".join(file.read_bytes() for file in prefect.home.glob("prefect.db*"))
    assert run_id.replace("-", "").encode() in kept.replace(b"-", b"")
    for values in ready.values():
        assert not any(values[key].encode() in kept for key in SECRETS if key in values)


def test_the_command_line_runs_as_a_flow_run(prefect: Prefect) -> None:
    done = prefect.run("crewtally", "sync", "--json")
    assert f"As a flow run on {prefect.api}" in done.stderr
    document = json.loads(done.stdout)
    assert document["applied"] is None or document["applied"]["failed"] == 0
    run = latest(prefect, "COMPLETED")
    assert run["deployment_id"] is None
    assert set(run["parameters"]) == {"config", "dry_run", "past_days", "future_days"}


def test_a_tripped_guard_fails_the_run_with_the_plan_attached(prefect: Prefect) -> None:
    other = {"CREWTALLY_AUTHORITY__DEFAULT": "ruddr", "CREWTALLY_GUARDS__MAX_DELETES": "0"}
    stopped = replace(prefect, environment={**prefect.environment, **other}).run(
        "crewtally", "sync", check=False
    )
    assert stopped.returncode == 3, stopped.stderr
    run = latest(prefect, "FAILED")
    assert "max_deletes" in run["state"]["message"]
    attached = prefect.filter("artifacts", flow_runs={"id": {"any_": [run["id"]]}})
    plan = next(artifact for artifact in attached if artifact["key"] == "crewtally-plan")
    assert plan["description"].removeprefix("Plan ") in run["state"]["message"]  # what --allow takes


@contextmanager
def waiting_run(prefect: Prefect) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`crewtally sync` whose plan tripped a guard, in its pause: the process, and the id of the flow run."""
    guards = {"CREWTALLY_GUARDS__MAX_DELETES": "0", "CREWTALLY_GUARDS__WHEN_TRIPPED": "pause"}
    other = {"CREWTALLY_AUTHORITY__DEFAULT": "ruddr", **guards}
    environment = {**prefect.environment, **other}
    paused: dict[str, Any] = {"state": {"type": {"any_": ["PAUSED"]}}}
    if left := [run["id"] for run in prefect.filter("flow_runs", flow_runs=paused)]:
        paused["id"] = {"not_any_": left}  # of a test that failed
    process = subprocess.Popen(
        [BIN / "crewtally", "sync"], env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    with process, ended(process, signal.SIGKILL, 10):
        deadline = time.monotonic() + 120
        while not (runs := prefect.filter("flow_runs", flow_runs=paused)):
            assert time.monotonic() < deadline, "the run does not wait"
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.25)
        yield process, runs[0]["id"]


def answered(prefect: Prefect, process: subprocess.Popen[str], run_id: str, *, approve: bool) -> str:
    """Answers the run in its pause, and waits for it to end; returns what it said."""
    url = f"{prefect.api}/flow_runs/{run_id}/resume"
    told = HTTP.post(url, json={"run_input": {"approve": approve}}, timeout=30)
    told.raise_for_status()
    assert told.json()["status"] == "ACCEPT", told.text
    return process.communicate(timeout=120)[1]


def test_a_refused_plan_fails_the_run(prefect: Prefect) -> None:
    with waiting_run(prefect) as (process, run_id):
        told = answered(prefect, process, run_id, approve=False)
    assert process.returncode == 3, told
    assert "max_deletes" in told


def test_an_approved_plan_that_no_longer_fits_is_not_applied(prefect: Prefect) -> None:
    with waiting_run(prefect) as (process, run_id):
        with duckdb.connect(str(prefect.home / WAREHOUSE)) as con:  # the warehouse is free
            con.execute("UPDATE raw_snapshot SET content_sha256 = 'moved on' WHERE stream = 'allocations'")
        told = answered(prefect, process, run_id, approve=True)
    assert process.returncode == 4, told
    assert "was pulled again since" in told


def test_an_approved_plan_is_applied_as_it_is(prefect: Prefect) -> None:
    with waiting_run(prefect) as (process, run_id):
        prefect.run("crewtally", "publish")  # the warehouse is free
        told = answered(prefect, process, run_id, approve=True)
    assert process.returncode == 0, told
    ledger = json.loads(prefect.run("crewtally", "ledger", "--json").stdout)
    [plan] = [plan for plan in ledger["plans"] if plan["allowed_trips"]]
    assert "max_deletes" in plan["allowed_trips"]
    assert plan["changes"]["delete"].keys() == {"done"}


def test_listening_asks_for_a_run_of_sync_hourly(prefect: Prefect) -> None:
    asked_for = {"tags": {"all_": ["ftrack-event"]}}
    listener = subprocess.Popen([BIN / "crewtally", "listen"], env=prefect.environment, cwd=ROOT)
    with ended(listener, signal.SIGTERM, 20):
        deadline = time.monotonic() + 60
        while not (runs := prefect.filter("flow_runs", flow_runs=asked_for)):
            assert time.monotonic() < deadline, "no run was asked for"
            time.sleep(0.25)
    assert listener.returncode == 0
    hourly = HTTP.get(f"{prefect.api}/deployments/name/sync/sync-hourly", timeout=30).json()
    ((deployment, state),) = [(run["deployment_id"], run["state"]["type"]) for run in runs]
    assert (deployment, state) == (hourly["id"], "SCHEDULED")
    HTTP.delete(f"{prefect.api}/flow_runs/{runs[0]['id']}", timeout=30).raise_for_status()


def test_a_plan_that_was_read_is_applied(prefect: Prefect) -> None:
    """In ftrack stands what the tests before have pushed, by another authority."""
    planned = prefect.start("sync/plan-only")
    prefect.work()
    assert prefect.state(planned) == ("Completed", "")
    kept = prefect.filter("artifacts", flow_runs={"id": {"any_": [planned]}})
    [sha256] = [one["description"].removeprefix("Plan ") for one in kept if one["key"] == "crewtally-plan"]

    runs = [prefect.start("apply/apply", plan=sha256[:8], allow=sha256), prefect.start("publish/publish")]
    prefect.work()
    assert [prefect.state(run) for run in runs] == [("Completed", "")] * 2
    ledger = json.loads(prefect.run("crewtally", "ledger", "--json").stdout)
    [plan] = [plan for plan in ledger["plans"] if plan["plan_sha256"] == sha256]
    assert plan["changes"]
    assert all(counts.keys() == {"done"} for counts in plan["changes"].values())


@contextmanager
def chat(prefect: Prefect) -> Iterator[Queue[str]]:
    """What a chat is told, once docs/alerts.py has its address."""
    told: Queue[str] = Queue()

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Chat) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = {"ALERT_URL": f"http://127.0.0.1:{server.server_port}/"}
        replace(prefect, environment={**prefect.environment, **address}).run(
            "python", ROOT / "docs/alerts.py"
        )
        yield told
        server.shutdown()


def test_an_alert_tells_of_a_run_that_failed(prefect: Prefect, ready: dict[str, dict[str, str]]) -> None:
    with chat(prefect) as told:
        failed = prefect.start("apply/apply", plan="0" * 64)
        prefect.work()
        text = told.get(timeout=60)
    assert prefect.state(failed)[0] == "Failed"
    assert text.startswith("apply, run ")
    assert f"No plan {'0' * 64} is kept" in text
    assert failed in text  # the link
    assert not any(values[key] in text for values in ready.values() for key in SECRETS if key in values)


def test_an_alert_tells_once_of_each_state_that_needs_a_person(prefect: Prefect) -> None:
    """Its address takes the place of the one before."""
    states = {"TimedOut": "FAILED", "Crashed": "CRASHED", "Completed": "COMPLETED", "Paused": "PAUSED"}
    url = f"{prefect.api}/deployments/name/publish/publish"
    deployment = HTTP.get(url, timeout=30).json()["id"]
    heard = []
    with chat(prefect) as told:
        for name, kind in states.items():
            run = HTTP.post(f"{prefect.api}/deployments/{deployment}/create_flow_run", json={}, timeout=30)
            state = {"type": kind, "name": name, "message": '<!channel> "quoted"'}
            url = f"{prefect.api}/flow_runs/{run.json()['id']}/set_state"
            HTTP.post(url, json={"state": state, "force": True}, timeout=30).raise_for_status()
            if name != "Completed":
                heard.append(told.get(timeout=60))
        assert told.empty()
    assert [text.split(": ")[1].split(". ")[0] for text in heard] == ["TimedOut", "Crashed", "Paused"]
    assert all('‹!channel› "quoted"' in text for text in heard)


def test_an_alert_needs_an_address(prefect: Prefect) -> None:
    refused = prefect.run("python", ROOT / "docs" / "alerts.py", check=False)
    assert refused.returncode == 1
    assert "ALERT_URL" in refused.stderr


def latest(prefect: Prefect, state: str) -> dict[str, Any]:
    """The latest flow run in this state."""
    wanted = {"state": {"type": {"any_": [state]}}}
    return prefect.filter("flow_runs", flow_runs=wanted, sort="START_TIME_DESC", limit=1)[0]
