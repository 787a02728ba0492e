"""The published copy: whole, read-only, swapped in one step, while readers read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from transforms.policy import Policy
from transforms.totals import build
from transforms.warehouse import WarehouseError, open_warehouse
from transforms.warehouse.publish import KEEP, publish

T0 = datetime.fromisoformat("2026-03-02T09:00")  # the warehouse keeps UTC without the mark

# Reads the link in a loop until told to stop; a half-written run would show marts of two different builds.
READER = """
import duckdb, pathlib, sys
link, stop = sys.argv[1], pathlib.Path(sys.argv[2])
reads, seen = 0, set()
while not stop.exists() or not reads:
    with duckdb.connect(link, read_only=True) as con:
        people = con.execute("SELECT count(*) FROM core_person_now").fetchall()[0][0]
        marked = con.execute("SELECT count(*) FROM mart_person").fetchall()[0][0]
        assert people == marked, (people, marked)
        seen.add(people); reads += 1
print(reads, len(seen))
"""


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(tmp_path / "warehouse.duckdb") as con:
        yield con


def hire(con: duckdb.DuckDBPyConnection, key: int) -> None:
    con.execute(
        "INSERT INTO core_person"
        " VALUES ('ruddr', ?, 'member', 'P', NULL, true, NULL, NULL, NULL, NULL, ?, NULL, 's', NULL)",
        [str(key), T0],
    )
    build(con, Policy.model_validate({}), T0)


def test_a_reader_sees_whole_runs_only_and_never_an_error(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    link, stop = tmp_path / "published" / "current.duckdb", tmp_path / "stop"
    hire(con, 0)
    publish(con, link, T0)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(link), str(stop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        for run in range(1, 21):
            hire(con, run)
            publish(con, link, T0 + timedelta(minutes=run))
    finally:
        stop.touch()
        out, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors.decode()
    reads, distinct = map(int, out.split())
    assert reads >= distinct >= 1


def test_the_copy_is_read_only_and_carries_hours_comments_and_freshness(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    hire(con, 1)
    link = tmp_path / "it's here" / "current.duckdb"
    copy = publish(con, link, T0)
    assert copy.stat().st_mode & 0o222 == 0
    with duckdb.connect(str(link), read_only=True) as reader:
        columns = dict(
            reader.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'mart_person_week'"
            ).fetchall()
        )
        assert columns["booked_hours"] == "Project work, tentative included. In hours, rounded for reading."
        assert reader.execute("FROM meta_freshness").fetchall() == []
        assert reader.execute("SELECT name FROM core_person_as_of(?)", [T0]).fetchall() == [("P",)]
        assert not [
            column
            for column, text in reader.execute(
                "SELECT table_name || '.' || column_name, comment FROM duckdb_columns()"
                " WHERE NOT internal AND NOT ends_with(table_name, '_now')"
            ).fetchall()
            if not text
        ]


def test_old_copies_are_kept_for_a_while_and_open_ones_stay_readable(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    link = tmp_path / "current.duckdb"
    hire(con, 1)
    publish(con, link, T0)
    with duckdb.connect(str(link.resolve()), read_only=True) as old:
        for run in range(1, KEEP + 2):
            publish(con, link, T0 + timedelta(minutes=run))
        assert old.execute("SELECT count(*) FROM core_person_now").fetchall() == [(1,)]
    assert len(list(tmp_path.glob("mart-*.duckdb"))) == KEEP
    assert link.readlink().name == max(path.name for path in tmp_path.glob("mart-*.duckdb"))


def test_nothing_totalled_nothing_published(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"crewtally pull"):
        publish(con, tmp_path / "current.duckdb", T0)
    assert not (tmp_path / "current.duckdb").exists()


def test_a_file_in_the_links_place_is_not_overwritten(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    hire(con, 1)
    link = tmp_path / "current.duckdb"
    link.write_text("somebody's own file")
    with pytest.raises(WarehouseError, match=r"not a link of ours"):
        publish(con, link, T0)
    assert link.read_text() == "somebody's own file"
