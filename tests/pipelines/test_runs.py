"""The list of runs: every run keeps the rules it was made with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.runs import recorded
from pipelines.settings import Settings
from transforms.policy import Policy
from transforms.warehouse import open_warehouse

# meta_run as it was before runs kept their rules.
BEFORE = """
CREATE TABLE meta_run (
    run_id VARCHAR NOT NULL, command VARCHAR NOT NULL, started_at TIMESTAMP NOT NULL, finished_at TIMESTAMP,
    outcome VARCHAR, detail VARCHAR
);
INSERT INTO meta_run VALUES ('r', 'pull', TIMESTAMP '2026-03-04 09:00:00', NULL, 'done', 'long ago')
"""


def settings(folder: Path, **policy: Any) -> Settings:
    return Settings.model_validate({"policy": policy, "warehouse": {"path": folder / "warehouse.duckdb"}})


def policies(con: duckdb.DuckDBPyConnection) -> list[Any]:
    rows = con.execute("SELECT policy FROM meta_run ORDER BY started_at").fetchall()
    return [text and json.loads(text) for (text,) in rows]


def test_a_run_keeps_every_key_also_when_it_fails(tmp_path: Path) -> None:
    with open_warehouse(":memory:") as con:
        with recorded(settings(tmp_path), con, "pull"):
            pass
        with (
            pytest.raises(RuntimeError),
            recorded(settings(tmp_path, ruddr_edge_periods="whole"), con, "pull"),
        ):
            raise RuntimeError
        first, second = policies(con)
    assert set(first) == set(second) == set(Policy.model_fields)
    assert (first["ruddr_edge_periods"], second["ruddr_edge_periods"]) == ("pro_rata", "whole")


def test_a_list_of_runs_from_before_is_carried_on(tmp_path: Path) -> None:
    with open_warehouse(":memory:") as con:
        con.execute(BEFORE)
        with recorded(settings(tmp_path), con, "pull"):
            pass
        before, now = policies(con)
    assert before is None
    assert Policy.model_validate(now) == Policy.model_validate({})
