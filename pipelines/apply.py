"""Apply a plan: guards, stale check, push with the ledger, and reading everything back."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain

import duckdb

from connectors.ftrack.client import Ftrack
from connectors.ftrack.dialects import Dialect, Record
from pipelines.connect import ftrack_client
from pipelines.plan import server, speak
from pipelines.push import (
    Batch,
    Found,
    Push,
    batches_of,
    groups_of,
    recover,
)
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
    with ftrack_client(settings) as client, _no_garbage():
        spoken = speak(settings, client)
        recover(ledger, client, spoken, server(settings))
        trips = []
        if ledger.status(plan.sha256) is None:
            trips = clock("ftrack", client.skew, settings.guards)
            trips += planners_clocks(con, plan, settings.guards) + evaluate(plan, settings.guards)
        if trips and allow != plan.sha256:
            raise GuardTripped(plan, trips)
        _check_origin(settings, con, plan, spoken)
        push = Push(ledger, client, spoken)
        with ledger.busy():
            push.run(*_begin(plan, ledger, client, spoken, [trip.guard for trip in trips]))
            ledger.finish(plan.sha256)
        ledger.forget(settings.push.keep_plans_days)
        return _result(plan, ledger, push)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """What is there now is none, a plan in the first place: looking through it again and again takes long."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _check_origin(settings: Settings, con: duckdb.DuckDBPyConnection, plan: Plan, spoken: Dialect) -> None:
    """Whether the plan is for this server and from the latest pulls. Raises PlanStale."""
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


def _begin(
    plan: Plan, ledger: Ledger, client: Ftrack, spoken: Dialect, allowed_trips: Sequence[str]
) -> tuple[list[Batch], Iterator[Batch], Found]:
    """Make the intent durable if the plan still fits ftrack, or if this is the second try.

    Returns what `Push.run` takes: the requests that the ledger says leave first, the others, and the records
    that are to be updated or deleted, as they are. They are asked for, and the first requests are built,
    while the ledger is written. Raises PlanStale, and then there is nothing of the plan in the ledger.
    """
    begun = ledger.status(plan.sha256) is not None
    entries = (
        ledger.entries(plan.sha256, "intended")
        if begun
        else [Entry(plan.sha256, position, change) for position, change in enumerate(plan.changes)]
    )
    changes = [entry.change for entry in entries]
    with ThreadPoolExecutor(1, "look") as other:
        look = other.submit(_look, client, spoken, changes)
        ready = other.submit(lambda: _ready(batches_of(spoken, entries, look.result()[0])))
        with nullcontext() if begun else ledger.beginning(plan, allowed_trips):
            found, there, doubtful = look.result()
            drifts = _moved(changes, found, spoken if begun else None)
            drifts += _made_by_hand(plan, doubtful, ledger, there)
            if drifts:
                raise PlanStale(drifts)
            first, others = ready.result()
            if not begun:
                ledger.sending([entry for batch in first for entry in batch.entries])
    return ([], chain(first, others), found) if begun else (first, others, found)


def _ready(batches: Iterator[Batch]) -> tuple[list[Batch], Iterator[Batch]]:
    """The requests of one commit, built, and the others."""
    return next(groups_of(batches), []), batches


def _look(
    client: Ftrack, spoken: Dialect, changes: Sequence[Change]
) -> tuple[Found, list[Record], list[Change]]:
    """What is in ftrack now of the records to change, and of all that the people of new ones have there.

    A record to create needs no look by its id: that is derived, so where it is there already it is ours, and
    ftrack refuses a second. But somebody may have made the same by hand, under another: doubtful are the new
    ones whose people have anything.
    """
    creates = [change for change in changes if change["action"] == "create"]
    touched = [change for change in changes if change["action"] != "create" or change["rule"] == HALF_MADE]
    users = sorted({str((change["after"] or {})["user_id"]) for change in creates})
    kinds = {change["kind"] for change in creates}
    there = list(spoken.read_of(client.query, users, kinds))
    people = {record["user_id"] for record in there}
    doubtful = [change for change in creates if (change["after"] or {})["user_id"] in people]
    return read_back(client, spoken, touched), there, doubtful


def _made_by_hand(
    plan: Plan, creates: Sequence[Change], ledger: Ledger, there: Sequence[Record]
) -> list[str]:
    """What the plan would make although somebody has, since it was made."""
    if not creates:
        return []
    images = [(record["kind"], record["record_id"], image_of(record)) for record in there]
    ids = {record["record_id"] for record in there}
    made = {change["id"] for change in plan.changes if change["id"] in ids}
    return [
        f"{named(change)} is in ftrack already: somebody made {twin}"
        for change, twin in twins(plan, creates, images, ledger.owned(plan.content["server"]) | made)
    ]


def _moved(changes: Sequence[Change], found: Found, begun: Dialect | None) -> list[str]:
    """Records to update or delete that are not as the plan saw them.

    Of a plan that was `begun`, in that dialect, an update may be half done.
    """
    return [
        drift
        for change in changes
        if change["action"] != "create"
        and (drift := _drift(change, there := found.get(change["id"])))
        and not (begun and half_done(begun, change, there))
    ]


def _drift(change: Change, found: Record | None) -> str | None:
    """How a record differs from what the plan saw of it."""
    if found is None:
        return f"{named(change)} is gone"
    names = differences(change["before"] or {}, found)
    return f"{named(change)} was changed in ftrack: {', '.join(names)}" if names else None


def _result(plan: Plan, ledger: Ledger, push: Push) -> ApplyResult:
    """What became of the whole plan; what an earlier run has pushed of it is read back now."""
    done = ledger.done(plan.sha256)
    failures = ledger.failures(plan.sha256)
    if done.total() > len(push.verdicts):
        entries = ledger.entries(plan.sha256, "done")
        push.verify([entry for entry in entries if entry.position not in push.verdicts])
    mismatches = [text for position in sorted(push.verdicts) if (text := push.verdicts[position])]
    return ApplyResult(
        created=done["create"],
        updated=done["update"],
        deleted=done["delete"],
        failed=len(failures),
        verified=done.total() - len(mismatches),
        failures=tuple(_failure(entry.change, error) for entry, error in failures),
        mismatches=tuple(mismatches),
    )


def _failure(change: Change, error: str) -> str:
    return f"{change['action']} {named(change)}: {error}"
