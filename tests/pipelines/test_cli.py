"""The command line's manners: exit codes, streams, messages. What the commands do is tested end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import load_settings
from pipelines.starter import STARTER

Crewtally = Any  # the fixture of conftest.py: (*arguments) -> code, out, err, document

COMMANDS = (
    "demo", "sandbox", "init", "doctor", "pull", "totals", "plan", "apply", "sync", "backfill", "status"
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(crewtally: Crewtally, command: str) -> None:
    called = crewtally(command, "--help")
    assert called.code == 0
    assert called.out.startswith(f"Usage: crewtally {command}")


def test_help_lists_the_commands_and_the_exit_codes(crewtally: Crewtally) -> None:
    called = crewtally("--help")
    assert called.code == 0
    assert all(f"\n  {command}" in called.out for command in COMMANDS)
    assert "3 stopped by a guard" in " ".join(called.out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("totall",),
        ("totals", "--by", "galaxy"),
        ("totals", "--from", "2026-13-01"),
        ("totals", "--from", "20260301"),
        ("totals", "--from", "2026-03-02", "--to", "2026-03-01"),
        ("totals", "--json", "--format", "csv"),
        ("totals", "--format", "parquet"),
        ("pull", "--source", "harvest"),
        ("pull", "--start", "2026-03-02", "--end", "2026-03-01"),
        ("pull", "--start", "2099-01-01"),
        ("pull", "--start", "0001-01-01", "--end", "9999-12-31"),
        ("backfill",),
        ("backfill", "--start", "2026-02-30", "--end", "2026-03-01"),
        ("backfill", "--start", "2026-03-02", "--end", "2026-03-01"),
        ("backfill", "--start", "1026-03-02", "--end", "2026-03-01"),
        ("backfill", "--start", "2001-03-02", "--end", "2026-03-01"),
        ("backfill", "--start", "2026-03-02", "--end", "9026-03-01"),
        ("backfill", "--start", "2026-03-01", "--end", "2026-03-02", "--source", "ruddr"),
        ("apply", "no-such-plan.json"),
        ("plan",),  # no [ftrack] section
        ("sandbox", "--dialect", "klingon"),
    ],
)
def test_bad_usage_is_code_2_with_one_message(
    crewtally: Crewtally, config: Path, arguments: tuple[str, ...]
) -> None:
    assert config.exists()
    called = crewtally(*arguments)
    assert called.code == 2
    assert called.out == ""
    assert called.err.count("Error:") == 1
    assert "Traceback" not in called.err


@pytest.mark.parametrize("command", ["pull", "plan", "sync", "totals", "status"])
def test_no_configuration_is_code_2(crewtally: Crewtally, command: str) -> None:
    called = crewtally(command)
    assert called.code == 2
    assert "crewtally init" in called.err


def test_no_planner_is_code_2(crewtally: Crewtally, tmp_path: Path) -> None:
    (tmp_path / "crewtally.toml").write_text("[window]\npast_days = 1\n")
    called = crewtally("sync")
    assert called.code == 2
    assert "[tenthousandft] or [ruddr]" in called.err


def test_config_is_taken_before_and_after_the_command(crewtally: Crewtally, config: Path) -> None:
    moved = config.rename(config.with_name("elsewhere.toml"))
    assert crewtally("--config", moved, "totals", "--json").document == []
    assert crewtally("totals", "--config", moved, "--json").document == []


def test_an_unreachable_service_is_code_1_and_no_secret_shows(crewtally: Crewtally, config: Path) -> None:
    assert config.exists()
    called = crewtally("pull", "--debug")
    assert called.code == 1
    assert "127.0.0.1:9" in called.err
    assert "hush-hush" not in called.err + called.out
    called = crewtally("pull")
    assert "Traceback" not in called.err


def test_a_prefect_api_that_does_not_answer_is_told(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(config.parent)
    code = "from pipelines.cli import run; raise SystemExit(run(['sync']))"
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    called = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert called.returncode == 1
    assert "PREFECT_API_URL to nothing" in called.stderr
    assert "Traceback" not in called.stderr


def test_totals_without_data_are_empty_with_a_hint(crewtally: Crewtally, config: Path) -> None:
    assert config.exists()
    called = crewtally("totals", "--format", "json")
    assert (called.code, called.document) == (0, [])
    assert "crewtally pull" in called.err
    header = crewtally("totals", "--format", "csv").out.strip().split(",")
    assert header[:4] == ["source", "person", "email", "week"]
    assert not (config.parent / ".crewtally").exists()  # a look leaves no trace


def test_status_without_data(crewtally: Crewtally, config: Path) -> None:
    assert config.exists()
    called = crewtally("status", "--json")
    assert called.code == 0
    assert called.document["streams"] == []
    assert called.document["pushed"] == {"records": 0, "changes": {}, "last_plan": None}
    assert crewtally("status").code == 0


def test_doctor_says_what_to_fix(crewtally: Crewtally, config: Path) -> None:
    called = crewtally("doctor", "--json")
    assert called.code == 1
    checks = {check["name"]: check for check in called.document}
    assert checks["configuration"]["ok"] is True
    assert checks["tenthousandft"]["ok"] is False
    assert "[tenthousandft] url" in checks["tenthousandft"]["fix"]
    assert checks["ftrack"]["ok"] is None
    assert checks["warehouse"]["ok"] is True
    assert "hush-hush" not in called.out
    text = crewtally("doctor").out
    assert "FAILED" in text
    assert "[tenthousandft] url" in text
    config.unlink()
    assert crewtally("doctor").code == 2


def test_init_writes_once(crewtally: Crewtally, tmp_path: Path) -> None:
    assert crewtally("init").code == 0
    file = tmp_path / "crewtally.toml"
    assert file.read_text() == STARTER
    file.write_text("mine")
    called = crewtally("init")
    assert called.code == 2
    assert "--force" in called.err
    assert file.read_text() == "mine"
    assert crewtally("init", "--force").code == 0
    assert file.read_text() == STARTER


def test_the_starter_is_complete_but_for_the_secrets(
    crewtally: Crewtally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crewtally("init")
    called = crewtally("pull")
    assert called.code == 2
    missing = ("CREWTALLY_TENTHOUSANDFT__TOKEN", "CREWTALLY_RUDDR__TOKEN", "CREWTALLY_FTRACK__KEY")
    for name in missing:
        assert name in called.err
        monkeypatch.setenv(name, "x")
    settings = load_settings(tmp_path / "crewtally.toml")
    assert settings.source_order() == ["tenthousandft", "ruddr"]
    assert settings.window.past_days == 28


def test_it_starts_without_what_takes_long_to_import() -> None:
    code = (
        "import sys, pipelines.cli; print([m for m in sys.modules if m in ('prefect', 'duckdb', 'requests')])"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


def test_an_error_nobody_foresaw_is_one_line_without_secrets(
    crewtally: Crewtally, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.exists()

    def broken(*_: object) -> None:
        raise KeyError("hush-hush")

    monkeypatch.setattr("pipelines.status.read", broken)
    called = crewtally("status")
    assert called.code == 1
    assert "Unexpected KeyError" in called.err
    assert "--debug" in called.err
    assert "hush-hush" not in called.err
    assert "Traceback" not in called.err
    assert "Traceback" in crewtally("status", "--debug").err


def test_a_warehouse_another_program_holds_names_it(crewtally: Crewtally, config: Path) -> None:
    folder = config.parent / ".crewtally"
    folder.mkdir()
    hold = (
        "import duckdb, sys\n"
        f"con = duckdb.connect({str(folder / 'warehouse.duckdb')!r})\n"
        "print('held', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        called = crewtally("status")
        process.kill()
    assert called.code == 1
    assert str(process.pid) in called.err
    assert "Traceback" not in called.err


def test_json_is_one_document_even_for_names_that_are_not_ascii(crewtally: Crewtally, config: Path) -> None:
    assert json.loads(crewtally("--config", config, "status", "--json").out)
