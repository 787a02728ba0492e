"""Make a plan: settle what an earlier run left open, read ftrack freshly, reconcile with the warehouse."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb

from connectors.ftrack import dialects
from connectors.ftrack.client import Ftrack
from connectors.ftrack.dialects import Dialect
from pipelines.connect import ftrack_client
from pipelines.push import recover
from pipelines.settings import ConfigError, Settings
from transforms.reconcile.actual import ExceptionsFileError, load, read_exceptions
from transforms.reconcile.plan import Plan
from transforms.reconcile.reconcile import Rules, reconcile
from transforms.warehouse.errors import WarehouseError
from transforms.warehouse.ledger import Ledger


def make_plan(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    *,
    delete_window: tuple[date, date] | None = None,
    now: datetime | None = None,
) -> Plan:
    """What would change in ftrack, from the warehouse as it is now; nothing is sent but queries.

    With `delete_window` (first and last day; backfill), records outside it are not deleted. `now` (aware;
    None: the clock's) gives the day, and says which failed changes are due again.
    Raises ConfigError, WarehouseError before the first pull, or ConnectorError from ftrack.
    """
    check_pulled(con)
    with ftrack_client(settings) as client:
        spoken = speak(settings, client)
        rules = rules_of(settings, spoken, delete_window, now)
        recover(Ledger(con), client, spoken, rules.server)
        read(con, client, spoken)
    return reconcile(con, rules)


def check_pulled(con: duckdb.DuckDBPyConnection) -> None:
    """Raises WarehouseError before the first pull."""
    known = "SELECT 1 FROM information_schema.tables WHERE table_name = 'mart_booking_day'"
    if not con.execute(known).fetchall():
        raise WarehouseError("Nothing was pulled into this warehouse yet: run `crewtally pull` first.")


def speak(settings: Settings, client: Ftrack) -> Dialect:
    """The dialect of the server, by its own schemas and the configuration."""
    configured = settings.ftrack.dialect if settings.ftrack else "auto"
    return dialects.dialect(client.schemas(), configured)


def server(settings: Settings) -> str:
    """The name under which the ledger keeps what we own on the configured server: its address."""
    return settings.ftrack.url.rstrip("/").lower() if settings.ftrack else ""


def read(con: duckdb.DuckDBPyConnection, client: Ftrack, spoken: Dialect) -> None:
    """A fresh read of ftrack into the temporary `ft_*` tables."""
    read_names(con, client)
    load(con, "ft_record", spoken.read(client.query))


def read_names(con: duckdb.DuckDBPyConnection, client: Ftrack) -> None:
    """Of `read`, what people, projects and tasks there are."""
    load(con, "ft_user", dialects.users(client.query))
    load(con, "ft_project", dialects.projects(client.query))
    load(con, "ft_task", dialects.tasks(client.query))


def rules_of(
    settings: Settings,
    spoken: Dialect,
    delete_window: tuple[date, date] | None = None,
    now: datetime | None = None,
) -> Rules:
    """What the reconciliation is told by the configuration. Raises ConfigError for a bad exceptions file."""
    try:
        exceptions = read_exceptions(settings.identity.exceptions)
    except ExceptionsFileError as error:
        raise ConfigError(str(error)) from error
    zone = ZoneInfo(settings.window.timezone)
    return Rules(
        server=server(settings),
        dialect=spoken.name,
        today=(now.astimezone(zone) if now else datetime.now(zone)).date(),
        sources=settings.source_order(),
        default_authority=settings.authority.default,
        authority=settings.authority.projects,
        exceptions=exceptions,
        policy=settings.push,
        delete_window=delete_window,
        now=now,
    )
