"""A snapshot: what one pull of one stream brought, and whether it can prove that something is absent."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

import duckdb
from pydantic_core import to_json

from connectors.wire import Reject


@dataclass(frozen=True, slots=True)
class LandedPage:
    """One page in the landing folder."""

    page: int
    url: str
    sha256: str
    fetched_at: datetime
    rows: int
    bytes: int

    def fields(self) -> dict[str, Any]:
        """What `asdict` gives, without copying each value: a pull has hundreds of pages."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Row of `raw_snapshot`; rows = loaded + repeated + quarantined + outside, checked when recorded.

    `clock_skew_seconds` is how far the service's clock was ahead of ours; None: nobody looked.
    """

    snapshot_id: str
    source: str
    stream: str
    scope: Literal["all", "time_off"]
    window_start: date | None
    window_end: date | None
    started_at: datetime
    finished_at: datetime
    complete: bool
    incomplete_reason: str | None
    pages: int
    rows: int
    loaded: int
    repeated: int
    quarantined: int
    outside: int
    content_sha256: str
    clock_skew_seconds: int | None = None


def content_sha256(pages: list[LandedPage]) -> str:
    """One hash over the pages' hashes in order: equal for equal bytes, whenever they were fetched."""
    return hashlib.sha256("\n".join(page.sha256 for page in pages).encode()).hexdigest()


def record(
    con: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    pages: list[LandedPage],
    rejects: list[tuple[LandedPage, Reject]],
    drift: dict[str, int],
) -> None:
    """Store a snapshot with its pages, quarantine and drift, inside the caller's transaction."""
    accounted = snapshot.loaded + snapshot.repeated + snapshot.quarantined + snapshot.outside
    if snapshot.rows != accounted:
        raise AssertionError(
            f"{snapshot.source}/{snapshot.stream}: {snapshot.rows} rows on the wire, but {accounted} "
            f"accounted for ({snapshot.loaded} loaded, {snapshot.repeated} repeated, "
            f"{snapshot.quarantined} quarantined, {snapshot.outside} outside the window): "
            "rows were lost, so nothing of this snapshot was stored"
        )
    _insert(con, "raw_snapshot", [tuple(asdict(snapshot).values())])
    _insert(con, "raw_page", [(snapshot.snapshot_id, *page.fields().values()) for page in pages])
    origin = (snapshot.snapshot_id, snapshot.source, snapshot.stream)
    _insert(
        con,
        "raw_quarantine",
        [(*origin, r.key, r.reason, page.sha256, r.position, r.raw) for page, r in rejects],
    )
    _insert(con, "raw_drift", [(*origin, field, count) for field, count in sorted(drift.items())])


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    """All rows as one parameter: DuckDB's Python binding is slow at every single bound value."""
    if not rows:
        return
    columns = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns()"
        " WHERE table_name = ? AND database_name = current_database() ORDER BY column_index",
        [table],
    ).fetchall()
    names = [name for name, _ in columns]
    shape = to_json([dict(columns)]).decode()
    body = to_json([dict(zip(names, row, strict=True)) for row in rows]).decode()
    con.execute(f"INSERT INTO {table} SELECT unnest(from_json(?::JSON, ?), max_depth := 2)", [body, shape])
