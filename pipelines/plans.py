"""The plans that were made, kept as files beside the warehouse: the last one is what reports speak of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines import queries, tables
from pipelines.settings import Settings
from transforms.reconcile.plan import Plan, PlanError

KEPT_PLANS = 50
KEPT_DAYS = 30
NAME_CHARACTERS = 16
"""Of the sha256: the name of a plan's file."""
_PUSHED = "SELECT document, started_at FROM push_plan ORDER BY started_at DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan, when it was made or pushed (UTC, without the mark), and its file (None: from the ledger)."""

    plan: Plan
    made_at: datetime
    file: Path | None


def keep(settings: Settings, plan: Plan) -> Path:
    """Writes the plan beside the warehouse, under its hash; returns the file.

    Of those kept before, the newest KEPT_PLANS stay, and all of the last KEPT_DAYS: what was pushed is in the
    ledger besides, and `undo` takes it from there.
    """
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{plan.sha256[:NAME_CHARACTERS]}.json"
    with tables.replacing(file) as temporary:
        temporary.write_bytes(plan.dump())
    _prune(settings, time.time() - KEPT_DAYS * 86_400)
    return file


def find(settings: Settings, beginning: str) -> Plan:
    """The one kept plan whose sha256 begins so. Raises PlanError for none, for several, or for an edited one.

    Only names of files in the folder are compared with `beginning`: whatever it holds, no path is made of it.
    """
    wanted = beginning.lower()
    start = wanted[:NAME_CHARACTERS]
    files = [file for _, file in _stamped(settings) if start and file.stem.startswith(start)]
    plans = [plan for file in files if (plan := Plan.load(file.read_bytes())).sha256.startswith(wanted)]
    if len(plans) == 1:
        return plans[0]
    if plans:
        raise PlanError(f"{len(plans)} plans begin with {beginning}: name more of the sha256.")
    raise PlanError(
        f"No plan {beginning} is kept in {_folder(settings)}: it was made elsewhere, or so long ago that it "
        "would not fit any more. Plan again."
    )


def _prune(settings: Settings, oldest: float) -> None:
    for stamp, old in _stamped(settings)[KEPT_PLANS:]:
        if stamp < oldest:
            old.unlink(missing_ok=True)


def last_plan(settings: Settings, con: duckdb.DuckDBPyConnection) -> KeptPlan | None:
    """The newest plan that says how ftrack and the planners stand; an undo only turns another one round."""
    candidates = [next(_kept(settings), None), last_pushed(con)]
    found = [kept for kept in candidates if kept is not None and kept.plan.content["undoes"] is None]
    return max(found, key=lambda kept: kept.made_at, default=None)


def last_pushed(con: duckdb.DuckDBPyConnection) -> KeptPlan | None:
    """The plan whose push began last, as the ledger keeps it; None also for one of an older format."""
    if not queries.has(con, "push_plan"):
        return None
    for document, started_at in con.execute(_PUSHED).fetchall():
        plan = _read(document.encode())
        return KeptPlan(plan, started_at, None) if plan is not None else None
    return None


def _kept(settings: Settings) -> Iterator[KeptPlan]:
    """Plans from their files, the newest first, undos left out. What cannot be read is passed over."""
    for stamp, file in _stamped(settings):
        plan = _read(file.read_bytes())
        if plan is not None and plan.content["undoes"] is None:
            yield KeptPlan(plan, datetime.fromtimestamp(stamp, UTC).replace(tzinfo=None), file)


def _stamped(settings: Settings) -> list[tuple[float, Path]]:
    """The files and when they were written, the newest first."""
    return sorted(((file.stat().st_mtime, file) for file in _folder(settings).glob("*.json")), reverse=True)


def _read(data: bytes) -> Plan | None:
    try:
        return Plan.load(data)
    except PlanError:
        return None


def _folder(settings: Settings) -> Path:
    return settings.warehouse.path.parent / "plans"
