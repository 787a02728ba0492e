"""Writers of a lake take turns, whatever machine they run on: an advisory lock in the catalog's PostgreSQL.

PostgreSQL holds it as long as the connection lives, so it goes with its process and is never stale. Readers
need none: they see the lake as of its last whole transaction.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from pipelines.lock import WRITER_PATIENCE_SECONDS, take_turn
from transforms.warehouse.errors import WarehouseError
from transforms.warehouse.lake import Lake, close, connect_catalog

log = logging.getLogger("crewtally.turn")

_KEY = 0x63726577  # "crew"; a lock is one database's own
_POLL_SECONDS = 0.5
CLOCK_TOLERANCE_SECONDS = 5.0
_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::FLOAT8 AS now"
_TRY = f"SELECT pg_try_advisory_xact_lock({_KEY})"
_WHO = f"""
SELECT a.application_name, to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS since
FROM pg_locks AS l
INNER JOIN pg_database AS d ON l.database = d.oid
INNER JOIN pg_stat_activity AS a ON l.pid = a.pid
WHERE l.locktype = 'advisory' AND l.objid = {_KEY} AND l.granted AND d.datname = current_database()
"""  # noqa: S608 - our own number


@contextmanager
def turn(
    lake: Lake,
    command: str,
    *,
    patience_seconds: float = WRITER_PATIENCE_SECONDS,
    waiting: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Holds the one turn there is; `waiting` is told once, with the holder, if it is not free at once.

    Raises WarehouseLocked when it is not free within `patience_seconds`, WarehouseError as `open_lake` does
    and as `check_clock`.
    """
    con = connect_catalog(lake, _signature(command))
    try:
        take_turn(
            "the lake", lambda: _try(con), lambda: _holder(con), patience_seconds, waiting, _POLL_SECONDS
        )
        check_clock(con)
        yield
        _was_kept(con)
    finally:
        close(con)  # the transaction ends, and with it the lock


def check_clock(con: duckdb.DuckDBPyConnection) -> None:
    """History is ordered by the clocks of all who write: raises WarehouseError for one that is off.

    Compared with the clock of the catalog's PostgreSQL, the one clock all of them can see.
    """
    [(theirs,)] = con.execute("SELECT * FROM postgres_query('catalog', ?)", [_CLOCK]).fetchall()
    off_seconds = _now() - theirs
    if abs(off_seconds) > CLOCK_TOLERANCE_SECONDS:
        where = "ahead of" if off_seconds > 0 else "behind"
        raise WarehouseError(
            f"this machine's clock is {abs(off_seconds):.0f} s {where} that of the lake's catalog, and "
            "history is ordered by the clocks of all who write: set the clocks of both machines (a time "
            "service such as chrony keeps them right), then run again."
        )


def _now() -> float:
    return time.time()


def _try(con: duckdb.DuckDBPyConnection) -> bool:
    """Takes the lock in a transaction that stays open, or leaves no transaction behind."""
    con.begin()
    [(taken,)] = con.execute("SELECT * FROM postgres_query('catalog', ?)", [_TRY]).fetchall()
    if not taken:
        con.rollback()
    return bool(taken)


def _was_kept(con: duckdb.DuckDBPyConnection) -> None:
    """PostgreSQL gives the turn away when it loses the connection: then others may have written too."""
    try:
        con.execute("SELECT * FROM postgres_query('catalog', 'SELECT 1 AS here')").fetchall()
    except duckdb.Error as error:
        log.warning(
            "The catalog lost this run's turn on the way (%s): another run may have been at work meanwhile. "
            "Run again; `crewtally plan` shows what is left to do.",
            str(error).splitlines()[0],
        )


def _holder(con: duckdb.DuckDBPyConnection) -> str:
    found = con.execute("SELECT * FROM postgres_query('catalog', ?)", [_WHO]).fetchall()
    return f"`{found[0][0]}` (since {found[0][1]} UTC)" if found else "another crewtally process"


def _signature(command: str) -> str:
    """The process as PostgreSQL shows it, which keeps 63 bytes."""
    place = f" on {socket.gethostname()}, process {os.getpid()}"
    return f"crewtally {command}".encode()[: 63 - len(place.encode())].decode(errors="ignore") + place
