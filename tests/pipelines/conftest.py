"""The command line, called in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CONFIG = """
[tenthousandft]
url = "http://127.0.0.1:9/api/v1"
token = "hush-hush"
"""


@dataclass(frozen=True)
class Called:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Crewtally = Callable[..., Called]


@pytest.fixture
def crewtally(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Crewtally:
    """Runs a command line in an empty folder, without Prefect and without anybody's configuration."""
    from pipelines.cli import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREWTALLY_CONFIG", raising=False)
    monkeypatch.setenv("PREFECT_API_URL", "")

    def call(*arguments: object) -> Called:
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Called(int(code), captured.out, captured.err)

    return call


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose planner does not answer."""
    file = tmp_path / "crewtally.toml"
    file.write_text(CONFIG)
    return file


@pytest.fixture(scope="session")
def troubles(by_path: Callable[[Path], ModuleType]) -> ModuleType:
    """troubled.py."""
    return by_path(Path(__file__).with_name("troubled.py"))


@pytest.fixture(scope="session")
def trouble(troubles: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The services of a studio in trouble, and what was pulled and pushed. To be read only."""
    with troubles.troubled(tmp_path_factory.mktemp("troubled")) as made:
        yield made


@pytest.fixture
def studio(trouble: Any, workspace: Callable[[Any], Any]) -> Any:
    """A workspace of its own with all of that: .run(*arguments) -> code, out, err, json; .folder."""
    made = workspace(trouble.sandbox.ready)
    trouble.copy_to(made.folder)
    return made
