"""Random studios (studios.py), and the product's way from wire JSON to marts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from connectors.ruddr import wire as ruddr_wire
from connectors.tenthousandft import wire as tenthousandft_wire
from transforms.model import Record, ResourceKind
from transforms.normalise import ruddr, tenthousandft
from transforms.policy import Policy
from transforms.totals import build
from transforms.warehouse.connection import open_warehouse
from transforms.warehouse.load import Absence, Stages
from transforms.warehouse.snapshot import Snapshot, record

KNOWN = datetime(2026, 1, 1)  # noqa: DTZ001 - the warehouse keeps UTC without an offset


@pytest.fixture(scope="session")
def studios(by_path: Callable[[Path], ModuleType]) -> ModuleType:
    return by_path(Path(__file__).with_name("studios.py"))


@pytest.fixture(scope="session")
def product() -> Callable[[Any], Any]:
    """Marts of a studio: `with product(studio) as con`, a warehouse in memory that holds just that studio.

    Further arguments are policies.
    """

    def counted(studio: Any, **policies: Any) -> Any:
        con = open_warehouse(":memory:")
        _load(con, studio, "s1")
        build(con, Policy.model_validate(policies))
        return closing(con)

    return counted


@pytest.fixture(scope="session")
def load() -> Callable[..., None]:
    """`load(con, studio, snapshot_id)`: the studio's rows into the model; bookings it lacks are gone."""
    return _load


def _load(con: duckdb.DuckDBPyConnection, studio: Any, snapshot_id: str) -> None:
    with Stages(con) as stages:
        stages.add(_records(studio))
        for table in {*stages._stages, "core_booking"}:
            stages[table].materialise()
            absence = Absence("true") if table == "core_booking" else None
            stages[table].merge(studio.source, snapshot_id, KNOWN, absence)
    record(con, _snapshot(studio, snapshot_id), [], [], {})


def _snapshot(studio: Any, snapshot_id: str) -> Snapshot:
    rows = len(studio.rows[studio.bookings])
    return Snapshot(
        snapshot_id=snapshot_id, source=studio.source, stream=studio.bookings, scope="all",
        window_start=studio.start, window_end=studio.end, started_at=KNOWN, finished_at=KNOWN,
        complete=True, incomplete_reason=None, pages=1, rows=rows, loaded=rows, repeated=0, quarantined=0,
        outside=0, content_sha256="",
    )  # fmt: skip


def _records(studio: Any) -> Iterator[Record]:
    return (_tenthousandft if studio.source == "tenthousandft" else _ruddr)(studio.rows)


def _parsed(wire: Any, stream: str, envelope: str, rows: list[Any]) -> Iterator[Any]:
    parsed = wire.parse(stream, json.dumps({envelope: rows, "paging": {}, "hasMore": False}).encode())
    assert not parsed.rejects, f"a legal row was refused: {parsed.rejects}"
    return (row for _, row in parsed.rows)


def _tenthousandft(rows: dict[str, list[Any]]) -> Iterator[Record]:
    def parsed(stream: str) -> Iterator[Any]:
        return _parsed(tenthousandft_wire, stream, "data", rows[stream])

    people: dict[str, ResourceKind] = {str(row["id"]): "member" for row in rows["users"]}
    lists = tenthousandft.Lists(
        people=people | {str(row["id"]): "placeholder" for row in rows["placeholders"]},
        projects={str(row["id"]) for row in rows["projects"] if row["parent_id"] is None},
        phases={str(row["id"]): str(row["parent_id"]) for row in rows["projects"] if row["parent_id"]},
        leave_types={str(row["id"]) for row in rows["leave_types"]},
    )
    for stream, normalise in (
        ("users", tenthousandft.user),
        ("placeholders", tenthousandft.placeholder),
        ("projects", tenthousandft.project),
        ("leave_types", tenthousandft.leave_type),
        ("holidays", tenthousandft.holiday),
    ):
        for row in parsed(stream):
            yield from normalise(row)
    for place, row in enumerate(parsed("assignments")):
        yield from tenthousandft.assignment(row, lists, "page", place)


def _ruddr(rows: dict[str, list[Any]]) -> Iterator[Record]:
    def parsed(stream: str) -> Iterator[Any]:
        return _parsed(ruddr_wire, stream, "results", rows[stream])

    lists = ruddr.Lists(
        people={row["id"] for row in rows["members"] + rows["placeholders"]},
        projects={row["id"] for row in rows["projects"]},
    )
    for stream, normalise in (
        ("members", ruddr.member),
        ("placeholders", ruddr.placeholder),
        ("projects", ruddr.project),
    ):
        for row in parsed(stream):
            yield from normalise(row)
    for place, row in enumerate(parsed("allocations")):
        yield from ruddr.allocation(row, lists, "page", place)
