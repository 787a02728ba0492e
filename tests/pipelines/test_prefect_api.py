"""Where a Prefect API is configured, found without Prefect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.prefect_api import api_url

PROFILES = """
active = "studio"
[profiles.studio]
PREFECT_API_URL = "http://prefect.test/api"
[profiles.ephemeral]
PREFECT_SERVER_ALLOW_EPHEMERAL_MODE = "true"
"""


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    return tmp_path


def test_nothing_configured() -> None:
    assert api_url() is None


def test_the_active_profile(home: Path) -> None:
    (home / "profiles.toml").write_text(PROFILES)
    assert api_url() == "http://prefect.test/api"


def test_another_profile_by_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "profiles.toml").write_text(PROFILES)
    monkeypatch.setenv("PREFECT_PROFILE", "ephemeral")
    assert api_url() is None


def test_the_variable_wins_and_can_switch_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "profiles.toml").write_text(PROFILES)
    monkeypatch.setenv("PREFECT_API_URL", "http://other.test/api")
    assert api_url() == "http://other.test/api"
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert api_url() is None


def test_a_broken_profiles_file_is_no_api(home: Path) -> None:
    (home / "profiles.toml").write_text("active = ")
    assert api_url() is None


def test_it_says_what_prefect_itself_says(home: Path) -> None:
    (home / "profiles.toml").write_text(PROFILES)
    code = "from prefect.settings import PREFECT_API_URL; print(PREFECT_API_URL.value())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == api_url()
