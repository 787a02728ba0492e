"""One process at a time in the warehouse: a file lock beside it, that waits and can say who holds it.

A lake is locked by its catalog instead (turn.py), and read without a lock.

DuckDB itself refuses a second process at once and says only its number. The lock is the kernel's (flock): it
goes with its process, however that ends, so there is never a stale one to clean up.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from transforms.warehouse.lake import Bucket, Lake

log = logging.getLogger("crewtally.lock")

WRITER_PATIENCE_SECONDS = 900.0
READER_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.1


class WarehouseLocked(Exception):
    """Another crewtally process works in the warehouse. The message names it and what to do."""


@contextmanager
def exclusive(
    warehouse: Path,
    command: str,
    *,
    patience_seconds: float = WRITER_PATIENCE_SECONDS,
    waiting: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Holds the lock of `warehouse`; `waiting` is told once, with the holder, if it is not free at once.

    Raises WarehouseLocked when it is not free within `patience_seconds`.
    """
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    path = warehouse.with_name(warehouse.name + ".lock")
    with path.open("a+", encoding="utf-8") as file:
        place = f"the warehouse {warehouse}"
        take_turn(place, lambda: _try(file), lambda: _holder(file), patience_seconds, waiting)
        _sign(file, command)
        yield
        _sign(file, None)


@contextmanager
def warehouse(
    settings: Settings,
    command: str,
    *,
    patience_seconds: float = WRITER_PATIENCE_SECONDS,
    waiting: Callable[[str], None] = lambda _: None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The open warehouse, alone. Raises WarehouseLocked, or WarehouseError (busy, version, out of reach)."""
    from transforms.warehouse import open_warehouse  # keeps `crewtally --help` quick

    place = lake(settings)
    if place is not None:
        with _lake(place, command, patience_seconds, waiting) as con:
            yield con
        return
    path = settings.warehouse.path
    with exclusive(path, command, patience_seconds=patience_seconds, waiting=waiting):
        con = open_warehouse(path)
        try:
            yield con
        finally:
            con.close()


@contextmanager
def reading(
    settings: Settings, command: str, *, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """The warehouse for a look, or None where there is none yet; impatient, since a person waits.

    A lake is read as it was when the reading began, whoever writes. Raises as `warehouse` does.
    """
    place = lake(settings)
    if place is not None:
        yield from _read_lake(place)
    elif not settings.warehouse.path.exists():
        yield None
    else:
        with warehouse(settings, command, patience_seconds=READER_PATIENCE_SECONDS, waiting=waiting) as con:
            yield con


def lake(settings: Settings) -> Lake | None:
    """Where the lake is, if the warehouse is one. Raises WarehouseError without access to its bucket."""
    from transforms.warehouse.lake import Lake

    told = settings.warehouse
    if told.backend == "duckdb":
        return None
    password = told.password.get_secret_value() if told.password else None
    data_path = told.data_path or ""
    bucket = _bucket() if data_path.startswith("s3://") else None
    return Lake((told.catalog or "").partition(":")[2].strip(), data_path, password, bucket)


def _bucket() -> Bucket:
    """Access by the names every tool for object storage knows."""
    from transforms.warehouse.errors import WarehouseError
    from transforms.warehouse.lake import Bucket

    def word(*names: str) -> str:
        return next((os.environ[name] for name in names if os.environ.get(name)), "")

    key_id, secret = word("AWS_ACCESS_KEY_ID"), word("AWS_SECRET_ACCESS_KEY")
    if not key_id or not secret:
        raise WarehouseError(
            "[warehouse] data_path is in object storage: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "(and AWS_REGION; AWS_ENDPOINT_URL for a storage that is not Amazon's)."
        )
    return Bucket(
        key_id,
        secret,
        word("AWS_SESSION_TOKEN"),
        word("AWS_REGION", "AWS_DEFAULT_REGION") or "us-east-1",
        word("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL").rstrip("/"),
    )


@contextmanager
def _lake(
    place: Lake, command: str, patience_seconds: float, waiting: Callable[[str], None]
) -> Iterator[duckdb.DuckDBPyConnection]:
    from pipelines.turn import turn
    from transforms.warehouse.lake import close, open_lake

    with turn(place, command, patience_seconds=patience_seconds, waiting=waiting):
        con = open_lake(place)
        try:
            yield con
            _tidy(con)
        finally:
            close(con)


def _tidy(con: duckdb.DuckDBPyConnection) -> None:
    """What is left undone waits for the next run: no reason to call this one failed."""
    import duckdb

    from transforms.warehouse.lake import tidy

    try:
        tidy(con)
    except duckdb.Error as error:
        log.warning("The lake was not tidied: %s", error)


def _read_lake(place: Lake) -> Iterator[duckdb.DuckDBPyConnection | None]:
    from transforms.warehouse.errors import WarehouseMissing
    from transforms.warehouse.lake import close, read_lake

    try:
        con = read_lake(place)
    except WarehouseMissing:
        yield None
        return
    try:
        yield con
    finally:
        close(con)


def take_turn(
    place: str,
    take: Callable[[], bool],
    holder: Callable[[], str],
    patience_seconds: float,
    waiting: Callable[[str], None],
    poll_seconds: float = _POLL_SECONDS,
) -> None:
    """Tries `take` until it succeeds, telling `waiting` once who the `holder` of `place` ("the lake") is.

    Raises WarehouseLocked when it does not within `patience_seconds`.
    """
    deadline = time.monotonic() + patience_seconds
    told = False
    while not take():
        if time.monotonic() >= deadline:
            raise WarehouseLocked(
                f"{place[0].upper()}{place[1:]} is in use by {holder()}, and was for"
                f" {patience_seconds:.0f} s. Wait for that run to end, or stop it, then try again."
            )
        if not told:
            waiting(f"Waiting for {holder()} to be done with {place}.")
            told = True
        time.sleep(poll_seconds)


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: IO[str], command: str | None) -> None:
    """Only the holder writes here, so what a waiting process reads is about the holder."""
    file.seek(0)
    file.truncate()
    if command is not None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"pid": os.getpid(), "command": command, "since": since}, file)
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        signed = json.loads(file.read())
        return f"`crewtally {signed['command']}` (process {signed['pid']}, since {signed['since']})"
    except (ValueError, KeyError, TypeError):  # between taking the lock and signing it
        return "another crewtally process"
