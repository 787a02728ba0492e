"""Opening the warehouse: created once, refused clearly."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest

from transforms.policy import Policy
from transforms.totals import build, totals
from transforms.warehouse import WarehouseBusy, WarehouseError, WarehouseVersion, open_warehouse
from transforms.warehouse.migrate import migrations

HOLD = """
import duckdb, sys, time
con = duckdb.connect(sys.argv[1]); print("held", flush=True); time.sleep(60)
"""


def test_a_new_file_gets_the_schema_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "warehouse.duckdb"
    open_warehouse(path).close()
    with open_warehouse(path) as con:
        assert con.execute("SELECT count(*) FROM core_booking_now").fetchall() == [(0,)]


def test_another_process_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseBusy, match=rf"PID {holder.pid}.*published"):
            open_warehouse(path)
    finally:
        holder.kill()
        holder.communicate()


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with open_warehouse(path) as con:
        con.execute("INSERT INTO meta_schema VALUES (99)")
    with pytest.raises(WarehouseVersion, match=r"version 99.*upgrade"):
        open_warehouse(path)


def test_each_migration_has_a_number_of_its_own() -> None:
    names = [item.name for item in files("transforms.warehouse.migrations").iterdir()]
    numbered = sorted(int(name[:4]) for name in names if name.endswith(".sql"))
    assert numbered == list(migrations()) == list(range(1, len(numbered) + 1))


# Tables of older versions, which are views by now or gone.
OLDER = {
    4: ("booking", "person_week", "project_week", "project_month", "usage_week"),
    6: ("booking_day_fact", "person_week", "project_week_fact", "project_month_fact"),
}


@pytest.mark.parametrize("version", OLDER)
def test_marts_of_an_older_file_make_way(version: int, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with open_warehouse(path) as con:
        for mart in OLDER[version]:
            con.execute(f"CREATE TABLE mart_{mart} (hours DOUBLE)")
        con.execute("DELETE FROM meta_schema WHERE version > ?", [version])
    with open_warehouse(path) as con:
        with pytest.raises(LookupError, match="crewtally pull"):
            totals(con, "booking")
        build(con, Policy.model_validate({}))
        assert totals(con, "booking").fetchall() == []
        left = con.execute("SELECT table_name FROM duckdb_columns() WHERE column_name = 'hours'").fetchall()
        assert left == [("mart_booking_day",)]


@pytest.mark.parametrize("name", ["warehouse.duckdb", "could-not-lock.duckdb"])
def test_a_file_that_is_no_database(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("hello, this is not a database at all" * 10)
    with pytest.raises(WarehouseError, match=rf"cannot open the warehouse .*{name}.*--rebuild"):
        open_warehouse(path)


def test_nothing_is_ever_downloaded() -> None:
    con = open_warehouse(":memory:")
    with pytest.raises(duckdb.Error):
        con.execute("SELECT * FROM 's3://bucket/file.parquet'")
