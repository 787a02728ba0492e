"""Rebuild the push ledger from ftrack and the plans, where the warehouse file was lost."""

from __future__ import annotations

import duckdb

from pipelines.connect import ftrack_client
from pipelines.plan import check_pulled, read, rules_of, speak
from pipelines.push import recover
from pipelines.settings import Settings
from transforms.reconcile.reconcile import adopt
from transforms.warehouse.ledger import Ledger


def rebuild_ledger(settings: Settings, con: duckdb.DuckDBPyConnection) -> int:
    """Take back into the ledger what is provably ours in ftrack; returns the number of records.

    Pull first: a record is known by the booking it was made from. Nothing is sent but queries. Raises
    ConfigError, WarehouseError before the first pull, or ConnectorError.
    """
    check_pulled(con)
    with ftrack_client(settings) as client:
        spoken = speak(settings, client)
        rules = rules_of(settings, spoken)
        recover(Ledger(con), client, spoken, rules.server)
        read(con, client, spoken)
    return adopt(con, rules)
