"""How a run can end, as the exit code of a command and as the word in the list of runs."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """The exit codes of the command surface: a contract."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    GUARDED = 3
    STALE = 4


def judge(error: BaseException) -> tuple[Outcome, bool]:
    """The outcome an error stands for, and whether its message was written for the person who reads it."""
    from connectors.errors import ConnectorError
    from pipelines.apply import GuardTripped, PlanStale
    from pipelines.backfill import SpanRefused
    from pipelines.identity import NotAccepted
    from pipelines.lock import WarehouseLocked
    from pipelines.prefect_api import PrefectUnreachable
    from pipelines.settings import ConfigError
    from pipelines.sync import SyncFailed
    from transforms.reconcile.plan import PlanError
    from transforms.warehouse import WarehouseError

    match error:
        case ConfigError() | SpanRefused() | PlanError() | NotAccepted():
            return Outcome.USAGE, True
        case GuardTripped():
            return Outcome.GUARDED, True
        case PlanStale():
            return Outcome.STALE, True
        case ConnectorError() | WarehouseError() | WarehouseLocked() | SyncFailed() | PrefectUnreachable():
            return Outcome.FAILED, True
        case OSError():  # a folder that cannot be written, a port that is taken
            return Outcome.FAILED, True
    return Outcome.FAILED, False
