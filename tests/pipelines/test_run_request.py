"""Whom a run is asked of, and what comes back when it cannot be had."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.exceptions import ObjectNotFound

from connectors.errors import Unreachable
from connectors.sandbox import Sandbox
from pipelines.demo import configuration
from pipelines.lock import warehouse
from pipelines.prefect_api import PrefectUnreachable
from pipelines.run_request import ask_prefect, requester, run_here
from pipelines.settings import ConfigError, Settings, load_settings

API = "http://prefect.test/api"


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is asked of Prefect, and (put in beforehand) what it answers."""
    asked: list[Any] = []

    def run_deployment(name: str, **options: Any) -> Any:
        answer = asked.pop() if asked else SimpleNamespace(name="brisk-otter")
        asked.append((name, options))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setenv("PREFECT_API_URL", API)
    monkeypatch.setattr("prefect.deployments.run_deployment", run_deployment)
    return asked


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configuration whose planners do not answer."""
    dead = {"url": "http://127.0.0.1:9", "token": "t", "user": "u", "key": "k"}
    config = tmp_path / "crewtally.toml"
    config.write_text(configuration({"ruddr": _pick(dead, "token"), "ftrack": _pick(dead, "user", "key")}))
    return load_settings(config)


def _pick(values: dict[str, str], *names: str) -> dict[str, str]:
    return {name: values[name] for name in ("url", *names)}


def test_prefect_is_asked_where_it_is_configured(deployments: list[Any], settings: Settings) -> None:
    notes: list[str] = []
    ask = requester(settings, notes.append)
    assert deployments == []
    ask()
    ((name, options),) = deployments
    assert name == "sync/sync-hourly"
    assert options["timeout"] == 0, "nobody waits for the run"
    assert notes == [
        f"Runs are asked for at {API}, of the deployment sync/sync-hourly.",
        "Asked for flow run brisk-otter.",
    ]


def test_a_deployment_that_is_not_there(deployments: list[Any]) -> None:
    deployments.append(ObjectNotFound(RuntimeError("404")))
    with pytest.raises(ConfigError, match=r"no deployment sync/sync-hourly at .*deploy --all"):
        ask_prefect()


def test_a_prefect_that_does_not_answer(deployments: list[Any]) -> None:
    deployments.append(httpx.ConnectError("refused"))
    with pytest.raises(PrefectUnreachable, match=f"{API} does not answer"):
        ask_prefect()


def test_without_prefect_the_run_is_made_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "")
    notes: list[str] = []
    with Sandbox(people=5, seed=4) as sandbox:
        config = tmp_path / "crewtally.toml"
        config.write_text(configuration(sandbox.ready))
        settings = load_settings(config)
        ask = requester(settings, notes.append)
        ask()
        ask()
    assert notes[0] == "No Prefect API is configured: runs are made here."
    assert [line.startswith("Pulled ") for line in notes[1:]] == [True, True]
    assert "nothing to change" in notes[2]
    with warehouse(settings, "test") as con:
        runs = con.execute("SELECT command, outcome, detail FROM meta_run ORDER BY started_at").fetchall()
    assert runs == [("sync", "done", notes[1]), ("sync", "done", notes[2])]


def test_a_tripped_guard_is_noted_and_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    from pipelines.apply import GuardTripped

    class Tripped(GuardTripped):
        def __init__(self) -> None:
            Exception.__init__(self, "the plan takes too much away")

    def sync(*_: object) -> None:
        raise Tripped

    monkeypatch.setattr("pipelines.sync.sync", sync)
    notes: list[str] = []
    run_here(settings, notes.append)
    assert notes == ["the plan takes too much away"]


def test_what_else_goes_wrong_is_raised(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    def sync(*_: object) -> None:
        raise Unreachable("does not answer", service="ruddr")

    monkeypatch.setattr("pipelines.sync.sync", sync)
    with pytest.raises(Unreachable):
        run_here(settings, print)
