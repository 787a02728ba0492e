"""The flows' own part: parameters are checked, artefacts are small and plain. The rest is wiring."""

from __future__ import annotations

import json
import logging
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from prefect.exceptions import ParameterBindError, ParameterTypeError

from pipelines import flows
from pipelines.apply import ApplyResult


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "notadate", "end": "2026-01-01"},
        {"start": "2026-02-30", "end": "2026-03-01"},
        {"start": "2026-01-01", "end": "2026-01-02", "source": "harvest"},
    ],
)
def test_a_backfill_with_wrong_parameters_never_starts(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterTypeError):
        flows.backfill.validate_parameters(wrong)


def test_a_sync_of_a_negative_window_never_starts() -> None:
    with pytest.raises(ParameterTypeError):
        flows.sync.validate_parameters({"past_days": -1})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"plan": ""},
        {"plan": "1234567"},
        {"plan": "../../plan"},
        {"plan": "12345678", "allow": "12345678"},
    ],
)
def test_applying_what_is_no_plan_never_starts(wrong: dict[str, Any]) -> None:
    with pytest.raises((ParameterTypeError, ParameterBindError)):
        flows.apply.validate_parameters(wrong)


def test_dates_arrive_as_dates() -> None:
    given = flows.backfill.validate_parameters({"start": "2026-01-01", "end": "2026-01-31"})
    assert given["start"] == date(2026, 1, 1)


def test_a_page_artefact_is_capped_at_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr(flows, "create_markdown_artifact", lambda **given: made.update(given))
    flows._markdown("crewtally-test", "| a row |\n" * 20_000, "Rows")
    assert len(made["markdown"]) <= flows.ARTIFACT_CHARACTERS + 100
    assert set(made["markdown"].splitlines()[:-2]) == {"| a row |"}
    assert made["markdown"].endswith("... the rest is in the plan's file")


def test_what_was_pushed_is_told_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr(flows, "create_markdown_artifact", lambda **given: made.update(given))
    monkeypatch.setattr(flows, "get_run_logger", lambda: logging.getLogger("crewtally.test"))
    refused = ApplyResult(created=2, failed=1, verified=2, failures=("create a: <img src=x> ``` [b](c)",))
    flows.FlowReport(duckdb.connect()).applied(refused)
    assert made["key"] == "crewtally-pushed"
    assert made["markdown"].splitlines() == [
        "- Pushed: 2 created, 0 updated, 0 deleted, 1 failed; 2 verified by reading back.",
        r"- FAILED create a: &lt;img src=x> \`\`\` \[b\](c)",
    ]


def test_a_table_artefact_is_capped_and_json(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr(flows, "create_table_artifact", lambda **given: made.update(given))
    rows = [[date(2026, 3, 2), Decimal("1.5"), 2.5, None, True]] * 1000
    flows._table("crewtally-test", ("day", "amount", "hours", "note", "complete"), rows, "Rows")
    assert len(made["table"]) == flows.ARTIFACT_ROWS
    assert "1000" in made["description"]
    assert json.loads(json.dumps(made["table"]))[0] == {
        "day": "2026-03-02", "amount": "1.5", "hours": 2.5, "note": None, "complete": True
    }  # fmt: skip
