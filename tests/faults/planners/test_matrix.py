"""Every fault of the sandbox x every stream of both planners.

A pull under a fault brings what a pull in good weather brings, or says that it did not: the snapshot is
marked incomplete, the row is in quarantine, or the pull fails with the connector's error and stores nothing
of the stream. Nothing current is deleted, nothing is lost, nothing hangs, and the next pull in good weather
heals the model completely.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from connectors.errors import ConnectorError
from connectors.http import Limits
from connectors.sandbox import Sandbox, faults, weather
from connectors.sandbox.faults import ENUMS, NAMES, ROW_FAULTS
from connectors.sandbox.web import reply
from pipelines.sources import SOURCES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

PATHS = {
    ("tenthousandft", "users"): "/users?",
    ("tenthousandft", "availabilities"): "/availabilities?",
    ("tenthousandft", "placeholders"): "/placeholder_resources?",
    ("tenthousandft", "projects"): "/projects?",
    ("tenthousandft", "leave_types"): "/leave_types?",
    ("tenthousandft", "holidays"): "/holidays?",
    ("tenthousandft", "assignments"): "/assignments",  # the list, and a missing booking that is asked for
    ("ruddr", "members"): "/members?",
    ("ruddr", "placeholders"): "/resource-placeholders?",
    ("ruddr", "projects"): "/projects?",
    ("ruddr", "tasks"): "/project-tasks?",
    ("ruddr", "allocations"): "/allocations",
}
BOOKINGS = {"tenthousandft": "assignments", "ruddr": "allocations"}
LISTINGS = {"allocations": 2}  # the window, and the time off before it
BLOCKS = 26  # of one person: more than the 20 that fit into a row of users

BREAKING = ("unknown_field", "unknown_enum", "wrong_type", "null_field")
LASTING = (
    "error500", "html502", "html200", "http429", "storm429", "hang", "reply_lost", "reset", "cut"
)  # fmt: skip

# How often a request meets the fault: so that some listings get over it and others do not.
OFTEN = 0.65
LUCK = {
    "html200": 0.35,
    "storm429": 0.25,
    "hang": 0.1,
    "slow": 0.2,
    "drip": 0.2,
    "vanish": 0.5,
    **dict.fromkeys(("clock_skew", *BREAKING), 1.0),
}

# Where no answer will come, the client waits less for it; where trying again is no use, it tries less.
PATIENT = Limits(read_seconds=5, total_seconds=20, backoff_seconds=0.004, backoff_longest_seconds=0.02)
HANGING = Limits(read_seconds=0.1, total_seconds=20, backoff_seconds=0.004, backoff_longest_seconds=0.02)
HURRIED = Limits(read_seconds=0.1, total_seconds=0.5, tries=3, backoff_seconds=0.004)

every_stream = pytest.mark.parametrize(("source", "stream"), PATHS, ids=["-".join(place) for place in PATHS])
every_fault = pytest.mark.parametrize("fault", NAMES)


class Studio:
    """A small studio whose planners meet any weather, and a warehouse for each that can begin as

    known     filled while the ghosts were upstream: rows that have been deleted since
    seen      filled afterwards, in good weather: the reference
    <stream>  filled with all lists but this one, and without bookings
    """

    def __init__(self, sandbox: Sandbox, warehouses: dict[str, Any]) -> None:
        self.sandbox = sandbox
        self.models: dict[tuple[str, str], frozenset[Any]] = {}
        self.ghosts = haunt(sandbox)
        self._warehouses = warehouses
        for source, warehouse in warehouses.items():
            warehouse.keep("nothing")
            self._begin(source, "known")
        for (source, stream), key in self.ghosts.items():
            getattr(sandbox, source).delete(stream, key)
        for source, spec in SOURCES.items():
            self._begin(source, "seen")
            lists = [stream.name for stream in spec.streams if stream.name != BOOKINGS[source]]
            for lacking in (*lists, BOOKINGS[source]):
                self._begin(source, lacking, *(name for name in lists if name != lacking))

    def _begin(self, source: str, name: str, *streams: str) -> None:
        warehouse = self.warehouse(source, "nothing")
        assert all(
            snapshot.complete and not snapshot.quarantined for snapshot in warehouse.pull(source, *streams)
        )
        self.models[source, name] = warehouse.model
        warehouse.keep(name)

    def warehouse(self, source: str, beginning: str) -> Any:
        """The source's warehouse as it was at this beginning."""
        return self._warehouses[source].back_to(beginning)

    def reference(self, source: str) -> frozenset[Any]:
        """What a pull in good weather brings."""
        return self.models[source, "seen"]

    def with_lists_and(self, source: str, stream: str) -> frozenset[Any]:
        """What there is once the stream is pulled where only it and the bookings were lacking."""
        return self.models[source, "seen" if stream == BOOKINGS[source] else BOOKINGS[source]]

    def haunted(self, source: str, stream: str) -> frozenset[Any]:
        """The rows of the stream that are in `known` and no longer upstream."""
        gone = self.models[source, "known"] - self.reference(source)
        return frozenset(item for item in gone if str(self.ghosts[source, stream]) in item[1])


def haunt(sandbox: Sandbox) -> dict[tuple[str, str], Any]:
    """Give every stream a few rows more, and a ghost: the key of a row that nothing else names."""
    first, second = sandbox.tenthousandft, sandbox.ruddr
    person = first.rows("users")[0]["id"]
    for day in range(BLOCKS):
        starts_at = date(2020, 1, 1 + day).isoformat()
        hours = {f"day{n}": 6 for n in range(7)}
        key: Any = first.add(
            "availabilities", user_id=person, starts_at=starts_at, ends_at=starts_at, **hours
        )
    ghosts = {("tenthousandft", "availabilities"): key}
    for stream in ("users", "placeholders", "projects", "leave_types", "holidays", "assignments"):
        row = {name: value for name, value in first.rows(stream)[-1].items() if name != "id"}
        ghosts["tenthousandft", stream] = [first.add(stream, **row) for _ in range(3)][-1]
    for stream in ("members", "placeholders", "projects", "tasks", "allocations"):
        for number in range(3):
            key = str(uuid5(NAMESPACE_URL, f"{stream}/{number}"))
            second.add_row(stream, {**second.rows(stream)[-1], "id": key})
        ghosts["ruddr", stream] = key
    return ghosts


@pytest.fixture(scope="module")
def studio(warehouse_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Under a sky in miniature: its waits are a fraction of the sandbox's own."""
    again = {"Retry-After": "0.02"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pandas", None)  # DuckDB looks for it with each value that is bound
        patch.setattr(weather, "SLOW_SECONDS", 0.05)
        patch.setitem(faults.REFUSALS, "http429", lambda: reply({"message": "Too many requests"}, 429, again))
        with Sandbox(people=4, seed=3, today=date(2026, 6, 1)) as sandbox:
            folder: Path = tmp_path_factory.mktemp("landing")
            yield Studio(sandbox, {source: warehouse_of(sandbox, folder) for source in SOURCES})


@pytest.fixture
def sky(studio: Studio) -> Iterator[Callable[..., None]]:
    """Lets a stream meet a fault; the weather is good again after the test."""

    def change(fault: str, source: str, stream: str, luck: float | None = None) -> None:
        luck = LUCK.get(fault, OFTEN) if luck is None else luck
        studio.sandbox.weather(f"{fault}:{luck}@{source}/*{PATHS[source, stream]}")

    yield change
    studio.sandbox.weather("")


@dataclass(frozen=True)
class Attempt:
    """A pull of one stream: the snapshots it stored, and whether it failed."""

    snapshots: list[Any]
    failed: bool

    @property
    def is_sound(self) -> bool:
        return not self.failed and all(s.complete and not s.quarantined for s in self.snapshots)


def attempt(warehouse: Any, fault: str, source: str, stream: str) -> Attempt:
    """A pull that may fail: then it stored nothing, or, of Ruddr's bookings, the listings before."""
    before = len(warehouse.snapshots())
    try:
        warehouse.pull(source, stream, limits=HANGING if fault == "hang" else PATIENT)
    except ConnectorError:
        stored = warehouse.snapshots()[before:]
        assert len(stored) < LISTINGS.get(stream, 1)
        return Attempt(stored, failed=True)
    return Attempt(warehouse.snapshots()[before:], failed=False)


def pull_in_good_weather(studio: Studio, warehouse: Any, source: str, *streams: str) -> None:
    studio.sandbox.weather("")
    for stream in dict.fromkeys(streams):
        assert attempt(warehouse, "", source, stream).is_sound


@every_stream
@every_fault
def test_a_first_pull_brings_everything_or_tells(
    studio: Studio, sky: Any, fault: str, source: str, stream: str
) -> None:
    warehouse, bookings = studio.warehouse(source, stream), BOOKINGS[source]
    sky(fault, source, stream)

    first = attempt(warehouse, fault, source, stream)

    assert warehouse.model <= studio.with_lists_and(source, stream)
    if fault in BREAKING and not (fault == "unknown_enum" and stream not in ENUMS):
        assert sum(snapshot.drift + snapshot.quarantined for snapshot in first.snapshots)
    if first.is_sound:
        assert warehouse.model == studio.with_lists_and(source, stream)
    elif fault in ROW_FAULTS:  # bookings may go wrong, too, for what their lists lack
        attempt(warehouse, fault, source, bookings)
        pull_in_good_weather(studio, warehouse, source, stream, bookings)
        assert warehouse.model == studio.reference(source)


@every_stream
@every_fault
def test_a_later_pull_deletes_nothing_that_the_service_has(
    studio: Studio, sky: Any, fault: str, source: str, stream: str
) -> None:
    """The ghost of the stream may go, if the listing proves that it is gone; no other row may."""
    warehouse = studio.warehouse(source, "known")
    before = studio.models[source, "known"]
    sky(fault, source, stream)

    later = attempt(warehouse, fault, source, stream)

    after = warehouse.model
    assert studio.reference(source) <= after <= before
    if not any(snapshot.complete for snapshot in later.snapshots):
        assert after == before
    if not later.is_sound:
        pull_in_good_weather(studio, warehouse, source, stream)
    assert warehouse.model == before - studio.haunted(source, stream)


@pytest.mark.parametrize(
    ("source", "stream"), [*BOOKINGS.items(), ("tenthousandft", "users"), ("ruddr", "tasks")]
)
@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts_is_told_and_nothing_is_stored(
    studio: Studio, sky: Any, fault: str, source: str, stream: str
) -> None:
    warehouse = studio.warehouse(source, "known")
    before = warehouse.snapshots()
    sky(fault, source, stream, luck=1)

    with pytest.raises(ConnectorError, match=rf"^{source}: .*{PATHS[source, stream].strip('?')}"):
        warehouse.pull(source, stream, limits=HURRIED)

    assert warehouse.snapshots() == before
    assert warehouse.model == studio.models[source, "known"]
