"""A lake is opened, refused and migrated as the file is, on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from transforms.warehouse import WarehouseError, WarehouseMissing, WarehouseVersion
from transforms.warehouse.earlier import earlier, has_history
from transforms.warehouse.lake import Lake, close, connect_catalog, open_lake, read_lake, tidy
from transforms.warehouse.ledger import Ledger
from transforms.warehouse.migrate import migrations


def test_a_lake_is_made_and_found_again(lake: Lake) -> None:
    with open_lake(lake) as con:
        con.execute("INSERT INTO raw_drift VALUES ('s', 'ruddr', 'members', 'shoeSize', 3)")
    with open_lake(lake) as con:
        assert con.execute("SELECT rows FROM raw_drift").fetchall() == [(3,)]
        assert con.execute("SELECT max(version) FROM meta_schema").fetchall() == [(max(migrations()),)]


def test_a_reader_makes_nothing(lake: Lake) -> None:
    with pytest.raises(WarehouseMissing, match="crewtally pull"):
        read_lake(lake)
    assert not Path(lake.data_path).exists()


def test_a_reader_sees_the_lake_as_it_was_and_cannot_write(lake: Lake) -> None:
    insert = "INSERT INTO raw_drift VALUES ('s', 'ruddr', 'members', 'shoeSize', 3)"
    count = "SELECT count(*) FROM raw_drift"
    with open_lake(lake) as writer, read_lake(lake) as reader:
        writer.execute(insert)
        assert reader.execute(count).fetchall() == [(0,)]
        with pytest.raises(Exception, match="read-only"):
            reader.execute(insert)
        with read_lake(lake) as later:
            assert later.execute(count).fetchall() == [(1,)]


def test_a_reader_survives_a_postgresql_that_goes_away(lake: Lake) -> None:
    open_lake(lake).close()
    end = (
        "SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    )
    reader = read_lake(lake)
    with connect_catalog(lake, "test") as other:
        other.execute("SELECT * FROM postgres_query('catalog', ?)", [end]).fetchall()
    with pytest.raises(Exception, match=r"closed the connection|terminating"):
        reader.execute("FROM core_booking").fetchall()
    close(reader)
    read_lake(lake).close()


def test_a_lost_ledger_finds_the_earlier_bookings_of_a_lake(lake: Lake) -> None:
    """The way there and back between two kinds of database; what is found: tests/faults/test_rebuild.py."""
    booking = (
        "INSERT INTO core_booking BY NAME SELECT 'ruddr' AS source, 'b1' AS source_key, 'c' AS content_key,"
        " 'work' AS kind, 'member' AS resource_kind, ? AS start_date, ? AS end_date, 'hours_per_day' AS"
        " effort_unit, 8 AS effort_amount, true AS is_billable, false AS is_tentative, 'x' AS page_sha256,"
        " 0 AS page_position, TIMESTAMP '2026-03-01' AS known_from, TIMESTAMP '2026-03-02' AS known_to,"
        " 's1' AS snapshot_id, 's2' AS closed_by"
    )
    record = (
        "INSERT INTO push_record BY NAME SELECT 'here' AS server, ? AS record_id, 'allocation' AS kind,"
        " 'live' AS state, '{}' AS image, 'ruddr' AS source, 'b1' AS source_key, 1 AS run, 0 AS ms,"
        " 'rebuilt' AS made_by, 'rebuilt' AS changed_by"
    )
    with open_lake(lake) as con:
        Ledger(con)
        assert not has_history(con)
        con.execute(booking, ["2026-03-02", "2026-03-06"])
        con.execute(record, ["known"])
        assert has_history(con)
        with earlier(con) as copy:
            assert copy.execute("SELECT source_key FROM core_booking_now").fetchall() == [("b1",)]
            copy.execute(record, ["found"])
        found = "SELECT record_id FROM push_record ORDER BY 1"
        assert con.execute(found).fetchall() == [("found",), ("known",)]


def test_a_newer_lake_is_refused(lake: Lake) -> None:
    with open_lake(lake) as con:
        con.execute("INSERT INTO meta_schema VALUES (9999)")
    for attempt in (open_lake, read_lake):
        with pytest.raises(WarehouseVersion, match=r"version 9999.*upgrade crewtally"):
            attempt(lake)


def test_an_older_lake_is_read_after_it_was_migrated(lake: Lake) -> None:
    with open_lake(lake) as con:
        con.execute("DELETE FROM meta_schema WHERE version > 1")
    with pytest.raises(WarehouseVersion, match=r"version 1.*the next run"):
        read_lake(lake)


@pytest.mark.parametrize(
    ("word", "other", "message"),
    [
        ("host=", "host=/nowhere/", r"No such file.*check \[warehouse\] catalog"),
        ("dbname=", "dbname=no_such_", r"does not exist.*check \[warehouse\] catalog"),
        ("user=", "user=nobody_", "check user and password|does not exist"),
    ],
)
def test_what_cannot_be_reached_is_said(lake: Lake, word: str, other: str, message: str) -> None:
    with pytest.raises(WarehouseError, match=message) as refused:
        open_lake(replace(lake, catalog=lake.catalog.replace(word, other)))
    assert "s3cret" not in f"{refused.value}{refused.value.__cause__}"


def test_a_wrong_password_is_said_and_not_shown(lake: Lake) -> None:
    with pytest.raises(WarehouseError, match="CREWTALLY_WAREHOUSE__PASSWORD") as refused:
        open_lake(replace(lake, password="hunter2"))
    assert "hunter2" not in f"{refused.value}{refused.value.__cause__}"
    with pytest.raises(WarehouseError, match="CREWTALLY_WAREHOUSE__PASSWORD"):
        open_lake(replace(lake, password=None))


def test_the_password_is_nowhere_in_the_open_lake(lake: Lake) -> None:
    assert lake.password not in repr(lake)
    with open_lake(lake) as con:
        for table in ("duckdb_databases()", "duckdb_secrets()", "duckdb_settings()"):
            assert "s3cret" not in str(con.execute(f"FROM {table}").fetchall())


def test_files_that_are_elsewhere_are_said(lake: Lake, tmp_path: Path) -> None:
    open_lake(lake).close()
    with pytest.raises(WarehouseError, match=r"not in \[warehouse\] data_path"):
        open_lake(replace(lake, data_path=str(tmp_path / "other")))


def test_without_the_extension_it_says_what_to_install(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.warehouse.lake.find_spec", lambda _: None)
    with pytest.raises(WarehouseError, match=r"pip install 'crewtally\[lake\]'"):
        open_lake(lake)


def test_what_was_replaced_goes_after_a_while(lake: Lake) -> None:
    with open_lake(lake) as con:
        con.execute("CREATE TABLE mart_x AS FROM range(100000)")
        for _ in range(3):
            con.execute("CREATE OR REPLACE TABLE mart_x AS FROM range(100000)")
        tidy(con)
        assert len(files(lake)) == 4
        tidy(con, keep=timedelta(0))
        assert len(files(lake)) == 1
        assert con.execute("SELECT count(*) FROM mart_x").fetchall() == [(100000,)]


def files(lake: Lake) -> list[Path]:
    return list(Path(lake.data_path).rglob("*.parquet"))
