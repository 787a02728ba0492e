"""The warehouse in a DuckLake, for teams whose writers work on several machines (docs/decisions/0013).

The tables are Parquet files in a folder or bucket all writers share, their catalog is a PostgreSQL database.
All SQL is that of the embedded file: a connection has the lake for its default database, and temporary tables
stay in the process. Every transaction is one snapshot of the lake: a reader never waits, nor sees half of it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import duckdb

from transforms.warehouse.connection import CONFIG, LAKE
from transforms.warehouse.errors import WarehouseError, WarehouseMissing
from transforms.warehouse.migrate import check_version, migrate

KEEP = timedelta(days=7)
"""So long what a run replaced can still be read, by whoever is still at it."""
_SECRET = "lake_catalog"  # noqa: S105 - a name
_EXTENSIONS = ("postgres_scanner", "ducklake")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Access to object storage; `endpoint` (http://host:port) for one that is not Amazon's."""

    key_id: str
    secret: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    region: str = "us-east-1"
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Lake:
    """Where a lake is. `catalog`: libpq's `key=value` words, without a password.

    `data_path`: a folder, or s3://bucket/prefix and the `bucket` it is in.
    """

    catalog: str
    data_path: str
    password: str | None = field(default=None, repr=False)
    bucket: Bucket | None = None


def open_lake(lake: Lake) -> duckdb.DuckDBPyConnection:
    """Open the lake for writing, creating or migrating it; writers take turns (pipelines/turn.py).

    Raises WarehouseVersion, or WarehouseError for what is missing, out of reach or refuses the password.
    """
    con = _attached(lake, f"DATA_PATH {_literal(lake.data_path)}")
    try:
        migrate(con)
    except BaseException:
        close(con)
        raise
    return con


def read_lake(lake: Lake) -> duckdb.DuckDBPyConnection:
    """The lake as it is now, read-only, whatever is written meanwhile. Waits for nobody.

    Raises WarehouseMissing before the first pull, else as `open_lake`, and WarehouseVersion also for a lake
    that the next run will migrate.
    """
    con = _attached(lake, "READ_ONLY")
    try:
        con.begin()
        check_version(con)
    except BaseException:
        close(con)
        raise
    return con


def close(con: duckdb.DuckDBPyConnection) -> None:
    """Close a connection to the lake or its catalog, also where PostgreSQL has gone.

    With a transaction still open on a dead connection, DuckDB would abort the whole process.
    """
    with suppress(duckdb.Error):
        con.rollback()
    con.close()


def check_files(lake: Lake) -> None:
    """Raises WarehouseError when the bucket does not let us in."""
    con = _loaded("httpfs")
    try:
        _keep_access(con, lake)
        con.execute("SELECT count(*) FROM glob(?)", [f"{lake.data_path}/*"])
    except duckdb.Error as error:
        raise WarehouseError(
            f"cannot read {lake.data_path}: {str(error).splitlines()[0]}: check [warehouse] data_path, "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL."
        ) from error
    finally:
        con.close()


def tidy(con: duckdb.DuckDBPyConnection, keep: timedelta = KEEP) -> None:
    """Merge small files, and delete what was replaced longer than `keep` ago. Only in one's turn."""
    age = f"now() - INTERVAL {int(keep.total_seconds())} SECOND"
    con.execute(f"CALL ducklake_merge_adjacent_files('{LAKE}')")
    con.execute(f"CALL ducklake_expire_snapshots('{LAKE}', older_than => {age})")
    con.execute(f"CALL ducklake_cleanup_old_files('{LAKE}', older_than => {age})")


def connect_catalog(lake: Lake, application: str) -> duckdb.DuckDBPyConnection:
    """The catalog as a plain PostgreSQL database `catalog`, `application` telling it who is there."""
    con = _loaded("postgres_scanner")
    words = (
        f"{lake.catalog} application_name={_word(application)} keepalives_idle=60"
        " options='-c idle_in_transaction_session_timeout=0'"
    )
    try:
        _keep_password(con, lake)
        con.execute(f"ATTACH {_literal(words)} AS catalog (TYPE postgres, SECRET {_SECRET})")
    except duckdb.Error as error:
        con.close()
        raise _refused(error, lake) from error
    return con


def _attached(lake: Lake, how: str) -> duckdb.DuckDBPyConnection:
    con = _loaded(*_EXTENSIONS, *(["httpfs"] if lake.bucket else []))
    try:
        con.execute("SET enable_progress_bar = false")  # stdout belongs to the commands' results
        _keep_password(con, lake)
        _keep_access(con, lake)
        con.execute(
            f"ATTACH {_literal('ducklake:postgres:' + lake.catalog)} AS {LAKE} ({how}, META_SECRET {_SECRET})"
        )
        con.execute(f"USE {LAKE}")
    except duckdb.Error as error:
        con.close()
        raise _refused(error, lake) from error
    return con


def _loaded(*extensions: str) -> duckdb.DuckDBPyConnection:
    """A connection with extensions from their Python packages: nothing is ever downloaded."""
    con = duckdb.connect(":memory:", config=CONFIG)
    try:
        for name in extensions:
            con.execute(f"LOAD {_literal(str(_extension(name)))}")
    except BaseException:
        con.close()
        raise
    return con


def _extension(name: str) -> Path:
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        raise WarehouseError(
            f"[warehouse] backend = 'ducklake' needs DuckDB's extension {name}, which is not installed: "
            "pip install 'crewtally[lake]'."
        )
    file = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not file.exists():
        raise WarehouseError(
            f"DuckDB's extension {name} is not of this DuckDB, {duckdb.__version__}: "
            "pip install 'crewtally[lake]' brings the two together."
        )
    return file


def _keep_password(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """As DuckDB's own secret, in memory: in no message, and not in the name of the database."""
    password = f", PASSWORD {_literal(lake.password)}" if lake.password else ""
    con.execute(f"CREATE SECRET {_SECRET} (TYPE postgres{password})")


def _keep_access(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """To the lake's own prefix only; in memory too."""
    bucket = lake.bucket
    if bucket is None:
        return
    words = {
        "KEY_ID": bucket.key_id,
        "SECRET": bucket.secret,
        "REGION": bucket.region,
        "SCOPE": lake.data_path,
    }
    if bucket.session_token:
        words["SESSION_TOKEN"] = bucket.session_token
    if bucket.endpoint:
        scheme, _, host = bucket.endpoint.rpartition("://")
        words |= {"ENDPOINT": host, "URL_STYLE": "path", "USE_SSL": "false" if scheme == "http" else "true"}
    told = ", ".join(f"{key} {_literal(value)}" for key, value in words.items())
    con.execute(f"CREATE SECRET lake_files (TYPE s3, {told})")


def _refused(error: duckdb.Error, lake: Lake) -> WarehouseError:
    """What went wrong, without what DuckDB wraps around it, and what to do about it."""
    text = str(error).replace(lake.password or "\0", "***")
    if "explicitly disabled" in text:
        return WarehouseMissing("there is no lake yet: run `crewtally pull` first.")
    if "DATA_PATH" in text:
        said = re.search(r'in the catalog "([^"]*)"', text)
        there = f" {said[1]}" if said else " elsewhere"
        return WarehouseError(
            f"the lake's files are in{there}, not in [warehouse] data_path {lake.data_path}: correct that "
            "key, or use an empty database for [warehouse] catalog."
        )
    if "authentication" in text or "no password" in text:
        fix = "check user and password: CREWTALLY_WAREHOUSE__PASSWORD, and user= in [warehouse] catalog"
    else:
        fix = "check [warehouse] catalog, and that PostgreSQL runs and lets this machine in"
    said = re.search(r"connection to server .*|FATAL: .*", text)
    what = said[0] if said else text
    return WarehouseError(f"cannot reach the lake's catalog ({lake.catalog}): {what}: {fix}.")


def _word(text: str) -> str:
    """A value as libpq wants it quoted."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _literal(text: str) -> str:
    """A SQL string: ATTACH, LOAD and CREATE SECRET take no parameters."""
    return "'" + text.replace("'", "''") + "'"
