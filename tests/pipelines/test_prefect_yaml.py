"""prefect.yaml against Prefect's own models. Prefect drops unknown keys in silence, so a test must not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    return loaded


def unknown(data: dict[str, Any], model: type[BaseModel]) -> set[str]:
    known = set(model.model_fields) | {field.alias for field in model.model_fields.values() if field.alias}
    return set(data) - known


def test_prefect_reads_every_key(document: dict[str, Any]) -> None:
    from prefect.cli.deploy._models import (
        ConcurrencyLimitSpec,
        DeploymentConfig,
        PrefectYamlModel,
        RawScheduleConfig,
        WorkPoolConfig,
    )

    PrefectYamlModel.model_validate(document)
    # `definitions` only holds the anchors that the deployments share, as Prefect's own templates do.
    assert unknown(document, PrefectYamlModel) == {"definitions"}
    for deployment in document["deployments"]:
        assert unknown(deployment, DeploymentConfig) == set()
        assert unknown(deployment["work_pool"], WorkPoolConfig) == set()
        assert unknown(deployment["concurrency_limit"], ConcurrencyLimitSpec) == set()
        for schedule in deployment.get("schedules", []):
            assert unknown(schedule, RawScheduleConfig) == set()


def test_the_promised_deployments_are_there(document: dict[str, Any]) -> None:
    deployments = {deployment["name"]: deployment for deployment in document["deployments"]}
    by_hand = {"plan-only", "backfill", "apply", "publish"}
    assert set(deployments) == {"sync-hourly", "sync-nightly", *by_hand}
    assert deployments["sync-hourly"]["schedules"][0]["cron"] == "0 * * * *"
    assert not any("schedules" in deployments[name] for name in by_hand)
    assert all(deployment["concurrency_limit"]["limit"] == 1 for deployment in deployments.values())


def test_every_entrypoint_is_a_flow_that_takes_the_parameters(document: dict[str, Any]) -> None:
    from prefect import Flow

    from pipelines import flows

    for deployment in document["deployments"]:
        file, name = deployment["entrypoint"].split(":")
        assert (ROOT / file) == Path(flows.__file__)
        flow = getattr(flows, name)
        assert isinstance(flow, Flow)
        assert set(deployment["parameters"]) <= set(flow.parameters.properties)


def test_it_names_no_machine(document: dict[str, Any]) -> None:
    assert document
    text = (ROOT / "prefect.yaml").read_text()
    assert not re.search(r"(?m)[ =\"'](/|~|[A-Za-z]:\\)[A-Za-z]", text)
    assert "http" not in text
