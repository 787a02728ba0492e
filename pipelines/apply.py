"""Apply a plan: guards, stale check, push with the ledger, and reading everything back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from connectors.ftrack.client import Ftrack
from connectors.ftrack.dialects import Dialect, Record
from pipelines.connect import ftrack_client
from pipelines.plan import server, speak
from pipelines.push import Push, recover
from pipelines.settings import Settings
from pipelines.verify import differences, half_done, image_of, named, read_back
from transforms.reconcile.clocks import planners_clocks
from transforms.reconcile.drift import moved_snapshots
from transforms.reconcile.guard import Trip, clock, evaluate
from transforms.reconcile.plan import HALF_MADE, Change, Plan
from transforms.reconcile.twins import twins
from transforms.warehouse.ledger import Entry, Ledger

SHOWN = 20


class GuardTripped(Exception):
    """The plan takes away more than the guards allow. `trips` says what, `plan` is the plan."""

    def __init__(self, plan: Plan, trips: Sequence[Trip]) -> None:
        self.plan, self.trips = plan, tuple(trips)
        super().__init__(
            "Nothing was pushed, the guards stopped the plan:\n"
            + "".join(f"- {trip}\n" for trip in trips)
            + f"If all of this is meant, apply this very plan with --allow {plan.sha256}"
        )


class PlanStale(Exception):
    """The plan no longer fits what it was made from. `drifts` says what moved."""

    def __init__(self, drifts: Sequence[str]) -> None:
        self.drifts = tuple(drifts)
        more = f"- and {len(drifts) - SHOWN} more\n" if len(drifts) > SHOWN else ""
        super().__init__(
            "Nothing was pushed, the plan is stale:\n"
            + "".join(f"- {drift}\n" for drift in drifts[:SHOWN])
            + f"{more}Plan again."
        )


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What a push did: numbers of records.

    `verified` were read back and are as planned; `mismatches` says of the others what differs. `failures`
    are the changes ftrack refused, with its words: they are kept, and planned again next time.
    """

    created: int = 0
    updated: int = 0
    deleted: int = 0
    failed: int = 0
    verified: int = 0
    already_applied: bool = False
    failures: tuple[str, ...] = ()
    mismatches: tuple[str, ...] = ()


def apply_plan(
    settings: Settings, con: duckdb.DuckDBPyConnection, plan: Plan, *, allow: str | None = None
) -> ApplyResult:
    """Push a plan, each change exactly once. `allow` is the sha256 of a plan that may pass the guards.

    A plan that was applied before sends nothing; one that broke off goes on where it stopped.
    Raises GuardTripped, PlanStale, ConfigError, or ConnectorError from ftrack.
    """
    ledger = Ledger(con)
    if ledger.status(plan.sha256) in ("applied", "forgotten"):
        return ApplyResult(already_applied=True)
    if not plan.changes:
        return ApplyResult()
    with ftrack_client(settings) as client:
        spoken = speak(settings, client)
        recover(ledger, client, spoken, server(settings))
        trips = []
        if ledger.status(plan.sha256) is None:
            trips = clock("ftrack", client.skew, settings.guards)
            trips += planners_clocks(con, plan, settings.guards) + evaluate(plan, settings.guards)
        if trips and allow != plan.sha256:
            raise GuardTripped(plan, trips)
        found = _check_fresh(settings, con, plan, ledger, client, spoken)
        push = Push(ledger, client, spoken)
        with ledger.busy():
            if ledger.status(plan.sha256) is None:
                ledger.begin(plan, [trip.guard for trip in trips])
            push.run(ledger.entries(plan.sha256, "intended"), found)
            ledger.finish(plan.sha256)
        ledger.forget(settings.push.keep_plans_days)
        return _result(plan, ledger, push)


def _check_fresh(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    ledger: Ledger,
    client: Ftrack,
    spoken: Dialect,
) -> dict[str, Record]:
    """Whether the plan still fits; returns the records that it will update or delete, as they are.

    A record to create needs no look by its id: that is derived, so where it is there already it is ours, and
    ftrack refuses a second. But somebody may have made the same by hand, under another.
    """
    drifts = []
    if plan.content["server"] != server(settings):
        drifts.append(f"the plan is for {plan.content['server']}, the configuration names {server(settings)}")
    elif plan.content["dialect"] != spoken.name:
        drifts.append(
            f"the plan is in the {plan.content['dialect']} dialect, the server speaks {spoken.name}"
        )
    drifts += moved_snapshots(con, plan)
    if drifts:
        raise PlanStale(drifts)
    changes = plan.changes
    if ledger.status(plan.sha256):
        changes = [entry.change for entry in ledger.entries(plan.sha256, "intended")]
    touched = [change for change in changes if change["action"] != "create"]
    halves = [change for change in changes if change["action"] == "create" and change["rule"] == HALF_MADE]
    found = read_back(client, spoken, touched + halves)
    drifts = [
        drift
        for change in touched
        if (drift := _moved(change, found.get(change["id"])))
        and not (ledger.status(plan.sha256) and half_done(spoken, change, found.get(change["id"])))
    ]
    drifts += _made_by_hand(plan, changes, ledger, client, spoken)
    if drifts:
        raise PlanStale(drifts)
    return found


def _made_by_hand(
    plan: Plan, changes: Sequence[Change], ledger: Ledger, client: Ftrack, spoken: Dialect
) -> list[str]:
    """What the plan would make although somebody has, since it was made."""
    creates = [change for change in changes if change["action"] == "create"]
    users = sorted({str((change["after"] or {})["user_id"]) for change in creates})
    kinds = {change["kind"] for change in creates}
    there = [(r["kind"], r["record_id"], image_of(r)) for r in spoken.read_of(client.query, users, kinds)]
    ours = ledger.owned(plan.content["server"]) if there else set()
    made = {change["id"] for change in plan.changes}
    return [
        f"{named(change)} is in ftrack already: somebody made {twin}"
        for change, twin in twins(plan, creates, there, ours | made)
    ]


def _moved(change: Change, found: Record | None) -> str | None:
    """How a record differs from what the plan saw of it."""
    if found is None:
        return f"{named(change)} is gone"
    names = differences(change["before"] or {}, found)
    return f"{named(change)} was changed in ftrack: {', '.join(names)}" if names else None


def _result(plan: Plan, ledger: Ledger, push: Push) -> ApplyResult:
    """What became of the whole plan; what an earlier run has pushed of it is read back now."""
    done = ledger.entries(plan.sha256, "done")
    failures = ledger.failures(plan.sha256)
    push.verify([entry for entry in done if entry.position not in push.verdicts])
    mismatches = [text for entry in done if (text := push.verdicts[entry.position])]
    return ApplyResult(
        created=_count(done, "create"),
        updated=_count(done, "update"),
        deleted=_count(done, "delete"),
        failed=len(failures),
        verified=len(done) - len(mismatches),
        failures=tuple(_failure(entry.change, error) for entry, error in failures),
        mismatches=tuple(mismatches),
    )


def _failure(change: Change, error: str) -> str:
    return f"{change['action']} {named(change)}: {error}"


def _count(entries: Sequence[Entry], action: str) -> int:
    return sum(1 for entry in entries if entry.change["action"] == action)
