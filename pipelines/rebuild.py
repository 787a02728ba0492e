"""Rebuild the push ledger from ftrack and the planners' bookings, where it was lost."""

from __future__ import annotations

import duckdb

from pipelines.connect import ftrack_client
from pipelines.plan import check_pulled, read, rules_of, speak
from pipelines.push import recover
from pipelines.settings import Settings
from transforms import totals
from transforms.reconcile.reconcile import adopt
from transforms.warehouse.earlier import earlier, has_history
from transforms.warehouse.ledger import Ledger


def rebuild_ledger(settings: Settings, con: duckdb.DuckDBPyConnection) -> int:
    """Take back into the ledger what is provably ours in ftrack; returns the number of records.

    Pull first: a record is known by the booking it was made from, as it is now or, where the history knows
    it, as it was before it changed or went; the next plan deletes what is wanted no more. Nothing is sent
    but queries. Raises ConfigError, WarehouseError before the first pull, or ConnectorError.
    """
    check_pulled(con)
    with ftrack_client(settings) as client:
        spoken = speak(settings, client)
        rules = rules_of(settings, spoken)
        recover(Ledger(con), client, spoken, rules.server)
        read(con, client, spoken)
        count = adopt(con, rules)
        if has_history(con):
            with earlier(con) as copy:
                totals.build(copy, settings.policy)
                read(copy, client, spoken)
                count += adopt(copy, rules)
    return count
