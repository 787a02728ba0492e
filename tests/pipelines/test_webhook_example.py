"""The web server in docs/events.md, run as it stands there."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from connectors.sandbox import Sandbox
from pipelines import run_request
from pipelines.demo import configuration

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
SECRET = {"ftrack-secret": "the secret of the webhook"}


@pytest.fixture
def example(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[TestClient, Sandbox, list[str]]]:
    """The example, the sandbox it belongs to, and the runs it asked for; its burst ends at once."""
    block = re.search(
        r"<!-- executed by .*? -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S
    )
    assert block
    asked: list[str] = []
    monkeypatch.setattr(run_request, "ask_prefect", lambda: asked.append("a run"))
    monkeypatch.setenv("FTRACK_WEBHOOK_SECRET", SECRET["ftrack-secret"])
    with Sandbox(people=3, seed=1) as sandbox:
        config = tmp_path / "crewtally.toml"
        config.write_text(configuration(sandbox.ready))
        monkeypatch.setenv("CREWTALLY_CONFIG", str(config))
        room: dict[str, Any] = {}
        quick = (
            block[1]
            .replace("quiet_seconds=10", "quiet_seconds=0")
            .replace("rest_seconds=300", "rest_seconds=0")
        )
        exec(compile(quick, "webhook.py", "exec"), room)  # noqa: S102 - the documentation's own example
        with TestClient(room["app"]) as client:
            yield client, sandbox, asked


def payload(author: str, entity_type: str = "Project") -> bytes:
    entity = {"id": ["e767fa5f"], "entity_type": entity_type, "operation": "update", "new": {}, "old": {}}
    return json.dumps({"id": "1", "metadata": {"resource_id": author}, "entity": entity}).encode()


def test_a_call_asks_for_a_run(example: tuple[TestClient, Sandbox, list[str]]) -> None:
    client, sandbox, asked = example
    ours = sandbox.ftrack.referring("User", "username", "pipeline")[0]
    assert isinstance(ours, str)
    post: Callable[..., Any] = client.post

    assert post("/", content=payload("a person")).status_code == 403
    assert post("/", content=payload("a person"), headers={"ftrack-secret": "guessed"}).status_code == 403
    refused = post("/", content=b"{}", headers=SECRET)
    assert (refused.status_code, "not a webhook payload" in refused.text) == (400, True)
    assert post("/", content=payload(ours), headers=SECRET).status_code == 202
    assert post("/", content=payload("a person", "Note"), headers=SECRET).status_code == 202
    time.sleep(0.5)
    assert asked == []

    assert post("/", content=payload("a person"), headers=SECRET).status_code == 202
    deadline = time.monotonic() + 20
    while not asked:
        assert time.monotonic() < deadline, "no run was asked for"
        time.sleep(0.05)
    time.sleep(1)
    assert asked == ["a run"]
