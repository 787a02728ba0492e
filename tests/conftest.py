"""What every folder of tests may ask for."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports Prefect: its settings and its database stay out of the home of whoever runs this.
os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp(prefix="crewtally-prefect-"))
os.environ.setdefault("DO_NOT_TRACK", "1")

Ready = dict[str, dict[str, str]]
SECRETS = {"token", "key"}


# Whether a test is slow says nothing about what it tests, and a fixture that stays the same from example to
# example is meant to.
settings.register_profile(
    "crewtally",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("crewtally")


@pytest.fixture(scope="session")
def by_path() -> Callable[[Path], ModuleType]:
    """Loads a module that tests share, the same one each time: tests are no package."""

    @cache
    def load(path: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"crewtally_tests_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up by name
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def oracle(by_path: Callable[[Path], ModuleType]) -> ModuleType:
    """The brute-force count of hours: it is no part of the product."""
    return by_path(Path(__file__).parent / "oracle" / "oracle.py")


@pytest.fixture(scope="session")
def worlds(by_path: Callable[[Path], ModuleType]) -> ModuleType:
    """The small world of tests/transforms/reconcile."""
    return by_path(Path(__file__).parent / "transforms" / "reconcile" / "world.py")


@dataclass(frozen=True)
class Ran:
    """One command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Workspace:
    """A folder with a configuration, and the command line in it."""

    folder: Path
    run: Callable[..., Ran]

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"


@pytest.fixture
def workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Ready], Workspace]:
    """A workspace on the services named in a ready line; secrets go into the environment, as they should."""
    from pipelines.cli import run as crewtally

    def configured(ready: Ready) -> Workspace:
        lines = ['warehouse = { path = "warehouse.duckdb" }', 'landing = { path = "landing" }']
        for section, keys in ready.items():
            lines.append(f"[{section}]")
            for name, value in keys.items():
                if name in SECRETS:
                    monkeypatch.setenv(f"CREWTALLY_{section}__{name}".upper(), value)
                else:
                    lines.append(f'{name} = "{value}"')
        config = tmp_path / "crewtally.toml"
        config.write_text("\n".join(lines))
        monkeypatch.setenv("CREWTALLY_CONFIG", str(config))
        monkeypatch.setenv("PREFECT_API_URL", "")  # whatever the developer's profile says: no server here

        def run(*arguments: object) -> Ran:
            capsys.readouterr()
            code = crewtally([str(argument) for argument in arguments])
            return Ran(int(code), *capsys.readouterr())

        return Workspace(tmp_path, run)

    return configured
