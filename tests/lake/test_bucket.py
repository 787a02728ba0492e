"""A lake whose files are in object storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connectors.sandbox import Sandbox
from pipelines.doctor import diagnose
from pipelines.lock import lake as lake_of
from pipelines.lock import reading, warehouse
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.warehouse import WarehouseError
from transforms.warehouse.lake import Bucket, Lake, open_lake, tidy


@pytest.fixture(scope="module")
def storage(by_path: Callable[[Path], ModuleType]) -> ModuleType:
    """bucket.py beside this file."""
    return by_path(Path(__file__).with_name("bucket.py"))


@pytest.fixture
def bucket(storage: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What the bucket holds; access to it is in the environment."""
    with storage.serve() as (endpoint, held):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", storage.KEY_ID)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", storage.SECRET)
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        yield held


def settings(lake: Lake, folder: Path, **sections: Any) -> Settings:
    place = {"backend": "ducklake", "catalog": f"postgres:{lake.catalog}", "data_path": "s3://studio/lake"}
    files = {"path": folder / "w.duckdb", "published": folder / "current.duckdb"}
    whole = {**place, **files, "password": lake.password}
    return Settings.model_validate({**sections, "warehouse": whole, "landing": {"path": folder / "landing"}})


def test_a_pull_into_a_bucket(lake: Lake, bucket: dict[str, bytes], tmp_path: Path) -> None:
    with Sandbox(people=6, seed=2) as sandbox:
        told = settings(lake, tmp_path, ruddr=sandbox.ready["ruddr"])
        with warehouse(told, "pull") as con:
            pull(told, con)
        with reading(told, "totals") as con:
            assert con is not None
            [(rows, ms)] = con.execute("SELECT count(*), sum(booked_ms) FROM mart_person_week").fetchall()
        assert rows > 0
        assert ms > 0
        [check] = [check for check in diagnose(lambda: told) if check.name == "warehouse"]
        assert check.ok, check
    assert {name.split("/")[0] for name in bucket} == {"studio"}
    assert len(bucket) > 5


def test_what_was_replaced_leaves_the_bucket(lake: Lake, bucket: dict[str, bytes], tmp_path: Path) -> None:
    place = lake_of(settings(lake, tmp_path))
    assert place is not None
    with open_lake(place) as con:
        for _ in range(3):
            con.execute("CREATE OR REPLACE TABLE mart_x AS FROM range(1000)")
        assert len(bucket) == 3
        tidy(con, keep=timedelta(0))
        assert len(bucket) == 1
        assert "the-secret" not in str(con.execute("FROM duckdb_secrets()").fetchall())
    assert "the-secret" not in repr(place)


def test_a_key_the_bucket_does_not_know(lake: Lake, bucket: dict[str, bytes], tmp_path: Path) -> None:
    place = lake_of(settings(lake, tmp_path))
    assert place is not None
    assert place.bucket is not None
    stranger = replace(place, bucket=replace(place.bucket, key_id="stranger"))
    with open_lake(stranger) as con, pytest.raises(Exception, match="403"):
        con.execute("CREATE TABLE mart_x AS FROM range(1000)")
    assert bucket == {}


@pytest.mark.usefixtures("bucket")
def test_the_doctor_says_what_to_set(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = settings(lake, tmp_path)
    for name, value in (("AWS_ACCESS_KEY_ID", "stranger"), ("AWS_SECRET_ACCESS_KEY", "")):
        monkeypatch.setenv(name, value)
        [check] = [check for check in diagnose(lambda: told) if check.name == "warehouse"]
        assert check.ok is False
        assert name in check.found
    with pytest.raises(WarehouseError, match="AWS_SECRET_ACCESS_KEY"):
        lake_of(told)


def test_access_is_shown_nowhere() -> None:
    shown = repr(Bucket("the-key", "hush", "hush-too", "eu-central-1"))
    assert "hush" not in shown
