"""Make the plan that takes a pushed plan back; it is reviewed and applied like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb

from connectors.ftrack.dialects import Record
from pipelines.connect import ftrack_client
from pipelines.plan import server, speak
from pipelines.push import recover
from pipelines.settings import Settings
from pipelines.verify import image_of, read_back
from transforms.reconcile.plan import Change, Plan, PlanError
from transforms.reconcile.undo import Holding, inverse
from transforms.warehouse.ledger import Ledger

_HOLDINGS = (
    "SELECT record_id, state, changed_by, image FROM push_record"
    " WHERE server = ? AND record_id IN (SELECT unnest(from_json(?, '[\"VARCHAR\"]')))"
)


def make_undo(settings: Settings, con: duckdb.DuckDBPyConnection, sha256: str) -> Plan:
    """The inverse of what was carried out of a plan; `sha256` may be its beginning.

    Raises PlanError for a plan that was not pushed to the configured server, ConfigError, or ConnectorError.
    """
    ledger = Ledger(con)
    plan = _pushed(ledger, sha256, server(settings))
    with ftrack_client(settings) as client:
        spoken = speak(settings, client)
        recover(ledger, client, spoken, server(settings))
        done = [entry.change for entry in ledger.entries(plan.sha256, "done")]
        found = read_back(client, spoken, done)
    owned = "SELECT count(*) FROM push_record WHERE server = ? AND state = 'live'"
    return inverse(
        plan,
        done,
        _holdings(con, server(settings), done, found),
        today=_today(settings),
        owned=con.execute(owned, [server(settings)]).fetchall()[0][0],
    )


def _pushed(ledger: Ledger, beginning: str, address: str) -> Plan:
    """The one plan for that server whose sha256 begins so."""
    query = "SELECT plan_sha256, started_at FROM push_plan WHERE server = ? AND starts_with(plan_sha256, ?)"
    rows = ledger.con.execute(query, [address, beginning.lower()]).fetchall()
    if len(rows) > 1:
        raise PlanError(f"{len(rows)} plans begin with {beginning}: name more of the sha256.")
    plan = ledger.plan(rows[0][0]) if rows and beginning else None
    if plan is None and rows and beginning:
        raise PlanError(
            f"Plan {rows[0][0][:8]} was pushed on {rows[0][1]:%Y-%m-%d}, longer ago than [push] "
            "keep_plans_days: what it did is no longer kept, so it cannot be undone."
        )
    if plan is None:
        raise PlanError(f"No plan {beginning} was pushed to {address} from this warehouse.")
    return plan


def _holdings(
    con: duckdb.DuckDBPyConnection, address: str, changes: list[Change], found: Mapping[str, Record]
) -> dict[str, Holding]:
    ids = json.dumps([change["id"] for change in changes])
    holdings = {}
    for record_id, state, changed_by, image in con.execute(_HOLDINGS, [address, ids]).fetchall():
        there = found.get(record_id)
        now = None if there is None else image_of(there)
        holdings[record_id] = Holding(state, changed_by, json.loads(image), now)
    return holdings


def _today(settings: Settings) -> date:
    return datetime.now(ZoneInfo(settings.window.timezone)).date()
