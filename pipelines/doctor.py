"""`crewtally doctor`: is everything there that a run needs, and if not, what to do about it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.errors import AuthenticationError, ConnectorError, PermissionDenied, Unreachable
from pipelines import tables
from pipelines.lock import READER_PATIENCE_SECONDS, WarehouseLocked, lake, reading, warehouse
from pipelines.settings import ENVIRONMENT_PREFIX, ConfigError, Settings
from transforms.warehouse import WarehouseError

if TYPE_CHECKING:
    import duckdb

    from transforms.warehouse.lake import Lake

CLOCK_TOLERANCE = timedelta(minutes=2)
_SET_CLOCK = "Set this machine's clock (a time service such as chrony keeps it right)."
_SECRET_KEYS = {"tenthousandft": "token", "ruddr": "token", "ftrack": "key"}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `ok` None: nothing to check here, or worth knowing but not wrong. `fix`: what to do."""

    name: str
    ok: bool | None
    found: str
    fix: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def diagnose(load: Callable[[], Settings]) -> Iterator[Check]:
    """Every check in turn. Without a configuration that can be read there is nothing further to check."""
    try:
        settings = load()
    except ConfigError as error:
        yield Check(
            "configuration",
            False,
            " ".join(str(error).split("\n")),
            "Correct the keys named, or run `crewtally init`.",
        )
        return
    yield _configuration(settings)
    for source in settings.source_order():
        yield from _planner(settings, source)
    yield from _ftrack(settings)
    yield from _addresses(settings)
    yield _warehouse(settings)
    yield _folder("landing", settings.landing.path, "[landing] path")


def show(checks: list[Check]) -> None:
    """Prints the findings, then what to do about those that failed."""
    words = {True: "ok", False: "FAILED", None: "note"}
    tables.show(("check", "", "found"), [(c.name, words[c.ok], c.found) for c in checks])
    out = tables.console()
    for check in checks:
        if check.fix:
            out.print(f"{check.name}: {check.fix}", markup=False)


def _configuration(settings: Settings) -> Check:
    sources = settings.source_order()
    if not sources:
        fix = "Add a [tenthousandft] or [ruddr] section with url and token."
        return Check("configuration", False, "no planner is configured", fix)
    target = "ftrack" if settings.ftrack else "no ftrack"
    return Check(
        "configuration", True, f"{' and '.join(sources)}, {target}; time zone {settings.window.timezone}"
    )


def _planner(settings: Settings, source: str) -> Iterator[Check]:
    from pipelines.sources import SOURCES

    try:
        client = SOURCES[source].connect(settings)
        found = client.check()
    except ConnectorError as error:
        yield Check(source, False, str(error), _remedy(error, source))
        return
    yield Check(source, True, f"{found} and accepts the token")
    yield from _clock_of(settings, source, client.skew)


def _ftrack(settings: Settings) -> Iterator[Check]:
    from pipelines.connect import ftrack_client
    from pipelines.plan import speak

    if settings.ftrack is None:
        yield Check("ftrack", None, "not configured: runs pull and total, and push nothing")
        return
    try:
        with ftrack_client(settings) as client:
            version = client.server_information().get("version", "unknown")
            spoken = speak(settings, client).name
    except ConnectorError as error:
        yield Check("ftrack", False, str(error), _remedy(error, "ftrack"))
        return
    yield Check("ftrack", True, f"{settings.ftrack.url} (version {version}) speaks the {spoken} dialect")
    yield from _clock_of(settings, "ftrack", client.skew)


def _clock_of(settings: Settings, service: str, skew: timedelta) -> Iterator[Check]:
    """Pushes would be stopped by it."""
    from transforms.reconcile.guard import clock

    for trip in clock(service, skew, settings.guards):
        yield Check(f"{service} clock", False, str(trip), _SET_CLOCK)


def _remedy(error: ConnectorError, section: str) -> str:
    """What to do, by what went wrong."""
    key = _SECRET_KEYS[section]
    variable = f"{ENVIRONMENT_PREFIX}{section}__{key}".upper()
    match error:
        case AuthenticationError():
            return f"Check [{section}] {key} (environment: {variable}); make a new one if it was revoked."
        case PermissionDenied():
            return f"Give the account behind [{section}] {key} the right to read plans."
        case Unreachable():
            return f"Check [{section}] url, the network and the proxy."
    return f"Check that [{section}] url is the address of the API, then ask the service."


def _addresses(settings: Settings) -> Iterator[Check]:
    """A secret over plain http is readable on the way; on this machine there is no way."""
    for section in _SECRET_KEYS:
        part = getattr(settings, section)
        if part is None:
            continue
        address = urlsplit(part.url)
        if address.scheme == "http" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
            fix = (
                f"Use https in [{section}] url: over http the {_SECRET_KEYS[section]} can be read on the way."
            )
            yield Check(f"{section} address", False, f"{part.url} is not encrypted", fix)


def _warehouse(settings: Settings) -> Check:
    try:
        place = lake(settings)
        return _file(settings) if place is None else _lake(settings, place)
    except (WarehouseError, WarehouseLocked) as error:
        return Check("warehouse", False, str(error), "Then run `crewtally doctor` again.")


def _lake(settings: Settings, place: Lake) -> Check:
    """The catalog answers, and the files can be written, where a folder holds them."""
    from pipelines.turn import check_clock
    from transforms.warehouse.lake import check_files, connect_catalog

    with connect_catalog(place, "crewtally doctor") as con:
        check_clock(con)
    with reading(settings, "doctor") as con:
        newest, snapshots = _held(con) if con is not None else (None, 0)
    if place.bucket is not None:
        check_files(place)
    else:
        folder = _folder("warehouse", Path(place.data_path), "[warehouse] data_path")
        if not folder.ok:
            return folder
    found = f"the lake ({place.catalog}) with its files in {place.data_path} holds {snapshots} snapshots"
    return _clock(newest) or Check("warehouse", True, found)


def _held(con: duckdb.DuckDBPyConnection) -> tuple[datetime | None, int]:
    """When the newest snapshot was taken, and how many there are."""
    [(newest, snapshots)] = con.execute("SELECT max(finished_at), count(*) FROM raw_snapshot").fetchall()
    return newest, snapshots


def _file(settings: Settings) -> Check:
    path = settings.warehouse.path
    folder = _folder("warehouse", path.parent, "[warehouse] path")
    if not folder.ok or not path.exists():
        return folder if not folder.ok else Check("warehouse", True, f"{path} will be made by the first pull")
    with warehouse(settings, "doctor", patience_seconds=READER_PATIENCE_SECONDS) as con:
        newest, snapshots = _held(con)
    return _clock(newest) or Check("warehouse", True, f"{path} holds {snapshots} snapshots")


def _clock(newest: datetime | None) -> Check | None:
    """History is ordered by this machine's clock: behind its own last record it would run backwards."""
    now = datetime.now(UTC).replace(tzinfo=None)
    if newest is None or newest <= now + CLOCK_TOLERANCE:
        return None
    found = f"the clock says {now:%Y-%m-%d %H:%M} UTC, the newest snapshot is of {newest:%Y-%m-%d %H:%M} UTC"
    return Check("clock", False, found, _SET_CLOCK)


def _folder(name: str, folder: Path, key: str) -> Check:
    """The folder, or the nearest one above it that exists, can be written."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        fix = f"Give this user the right to write to {existing}, or change {key}."
        return Check(name, False, f"{folder} cannot be written: {os.strerror(error.errno or 0)}", fix)
    return Check(name, True, f"{folder} can be written")
