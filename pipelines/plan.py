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
from transforms.reconcile.policy import PushPolicy
from transforms.reconcile.reconcile import Rules, reconcile
from transforms.warehouse.ledger import Ledger


def make_plan(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    *,
    delete_window: tuple[date, date] | None = None,
    now: datetime | None = None,
) -> Plan:
    """What would change in ftrack, from the warehouse as it is now; nothing is sent but queries.

    With `delete_window` (first and last day; backfill), records outside it are not deleted.
    Raises ConfigError, or ConnectorError from ftrack.
    """
    with ftrack_client(settings) as client:
        spoken = speak(settings, client)
        rules = _rules(settings, spoken, delete_window, now)
        recover(Ledger(con), client, spoken, rules.server)
        read(con, client, spoken)
    return reconcile(con, rules)


def speak(settings: Settings, client: Ftrack) -> Dialect:
    """The dialect of the server, by its own schemas and the configuration."""
    configured = settings.ftrack.dialect if settings.ftrack else "auto"
    return dialects.dialect(client.schemas(), configured)


def server(settings: Settings) -> str:
    """The name under which the ledger keeps what we own on the configured server: its address."""
    return settings.ftrack.url.rstrip("/").lower() if settings.ftrack else ""


def read(con: duckdb.DuckDBPyConnection, client: Ftrack, spoken: Dialect) -> None:
    """A fresh read of ftrack into the temporary `ft_*` tables."""
    load(con, "ft_user", dialects.users(client.query))
    load(con, "ft_project", dialects.projects(client.query))
    load(con, "ft_task", dialects.tasks(client.query))
    load(con, "ft_record", spoken.read(client.query))


def _rules(
    settings: Settings, spoken: Dialect, delete_window: tuple[date, date] | None, now: datetime | None
) -> Rules:
    try:
        exceptions = read_exceptions(settings.identity.exceptions)
    except ExceptionsFileError as error:
        raise ConfigError(str(error)) from error
    zone = ZoneInfo(settings.window.timezone)
    policy = getattr(settings, "push", None)
    return Rules(
        server=server(settings),
        dialect=spoken.name,
        today=(now.astimezone(zone) if now else datetime.now(zone)).date(),
        sources=settings.source_order(),
        default_authority=settings.authority.default,
        authority=settings.authority.projects,
        exceptions=exceptions,
        policy=policy if isinstance(policy, PushPolicy) else PushPolicy(),
        delete_window=delete_window,
    )
