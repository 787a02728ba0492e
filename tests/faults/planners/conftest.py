"""Warehouses in memory, filled from a sandbox under any weather, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.http import Limits
from connectors.ruddr.client import Ruddr
from connectors.sandbox import Sandbox
from connectors.tenthousandft.client import TenThousandFt
from pipelines.pull import pull_source
from pipelines.settings import Settings
from pipelines.sources import SOURCES
from transforms.warehouse import open_warehouse
from transforms.warehouse.load import KEY_OF

SPAN = date(2026, 2, 2), date(2027, 12, 31)  # earlier bookings stick out of it
EVER = date(2000, 1, 1), date(2100, 1, 1)
PAGES = 3  # of the stream that is pulled alone, whatever its rows
PATIENT = Limits(read_seconds=5, total_seconds=20, backoff_seconds=0.004, backoff_longest_seconds=0.02)

EVERYTHING_NOW = " UNION ALL ".join(
    f"SELECT '{table}', row_now::VARCHAR FROM (SELECT * {unpointed} FROM {table}_now) AS row_now"  # noqa: S608
    for table in KEY_OF
    for unpointed in ["EXCLUDE (page_sha256, page_position)" if table == "core_booking" else ""]
)

Model = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Snapshot:
    """Row of raw_snapshot, as far as these tests look at it; `drift` sums up raw_drift."""

    stream: str
    complete: bool
    why: str | None
    loaded: int
    repeated: int
    quarantined: int
    drift: int


@dataclass
class Warehouse:
    """A warehouse in memory with its landing folder; it can go back to what it was."""

    sandbox: Sandbox
    settings: Settings
    con: duckdb.DuckDBPyConnection

    def pull(self, source: str, *streams: str, limits: Limits = PATIENT) -> list[Snapshot]:
        """Pull these streams of a source (none named: all of them); raises what the pull raises.

        Whatever the weather, the accounts of what was stored must be right afterwards.
        """
        before = len(self.snapshots())
        span = SPAN if not streams or streams[-1] == SOURCES[source].streams[-1].name else EVER
        try:
            with self._connected(source, streams, limits):
                pull_source(self.settings, self.con, source, *span)
        finally:
            self._check_accounts()
        return self.snapshots()[before:]

    @property
    def model(self) -> Model:
        """(table, row as text) of every current row, without history and the pointer to the raw page."""
        return frozenset(self.con.execute(EVERYTHING_NOW).fetchall())

    def bookings(self) -> set[str]:
        """Keys of the current bookings."""
        return {key for (key,) in self.con.execute("SELECT source_key FROM core_booking_now").fetchall()}

    def snapshots(self) -> list[Snapshot]:
        """All so far, in order."""
        rows = self.con.execute(
            "SELECT stream, complete, incomplete_reason, loaded, repeated, quarantined,"
            " coalesce((SELECT sum(d.rows) FROM raw_drift AS d WHERE d.snapshot_id = s.snapshot_id), 0)"
            " FROM raw_snapshot AS s ORDER BY snapshot_id"
        ).fetchall()
        return [Snapshot(*row) for row in rows]

    def keep(self, name: str) -> None:
        """Remember all there is under a name."""
        made = (f"CREATE TABLE {name}.{table} AS FROM {table};" for table in self._pulled())
        self.con.execute(f"ATTACH ':memory:' AS {name};" + "".join(made))

    def back_to(self, name: str) -> Warehouse:
        """The warehouse as it was when it was kept under this name."""
        for table in self._pulled():
            self.con.execute(f"TRUNCATE {table}; INSERT INTO {table} FROM {name}.{table}")
        return self

    def _pulled(self) -> list[str]:
        """The tables that a pull writes."""
        found = self.con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
            " AND regexp_matches(table_name, '^(core|raw|known)_')"
        ).fetchall()
        return [table for (table,) in found]

    def _check_accounts(self) -> None:
        """Nothing is lost: every row on a landed page is loaded, repeated, outside or in quarantine."""
        lost = self.con.execute(
            "SELECT stream FROM raw_snapshot AS s WHERE rows <> loaded + repeated + quarantined + outside"
            " OR rows <> (SELECT coalesce(sum(p.rows), 0) FROM raw_page AS p"
            "  WHERE p.snapshot_id = s.snapshot_id)"
            " OR quarantined <> (SELECT count(*) FROM raw_quarantine AS q"
            "  WHERE q.snapshot_id = s.snapshot_id AND q.reason <> '' AND q.raw <> '')"
        ).fetchall()
        assert lost == []

    @contextmanager
    def _connected(self, source: str, streams: tuple[str, ...], limits: Limits) -> Iterator[None]:
        """The source with these streams only, and a client that is quick to try again and to give up."""
        ready: Any = self.sandbox.ready[source]
        size = self._page_size(source, streams)
        client = (
            TenThousandFt(**ready, per_page=size, limits=limits)
            if source == "tenthousandft"
            else Ruddr(**ready, limit=min(size, 100), limits=limits)
        )
        spec = SOURCES[source]
        narrowed = tuple(stream for stream in spec.streams if not streams or stream.name in streams)
        with pytest.MonkeyPatch.context() as patch, client:
            patch.setitem(SOURCES, source, replace(spec, streams=narrowed, connect=lambda _settings: client))
            yield

    def _page_size(self, source: str, streams: tuple[str, ...]) -> int:
        if len(streams) != 1:
            return 1000
        return max(4, len(getattr(self.sandbox, source).tables[streams[0]].entries) // PAGES)


@pytest.fixture(scope="session")
def warehouse_of() -> Callable[[Sandbox, Path], Warehouse]:
    """An empty warehouse to be filled from a sandbox, and the folder for its pages."""

    def make(sandbox: Sandbox, folder: Path) -> Warehouse:
        planners = {name: sandbox.ready[name] for name in SOURCES}
        settings = Settings.model_validate({**planners, "landing": {"path": folder}})
        con = open_warehouse(":memory:")
        con.execute("SET threads = 1")  # quicker with so few rows
        return Warehouse(sandbox, settings, con)

    return make
