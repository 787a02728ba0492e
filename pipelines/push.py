"""Send changes to ftrack exactly once: batches in one transaction each, the ledger before and after.

What happened to a batch whose answer was lost is read back, never assumed; a batch that is refused is read
back too and halved until the change that is to blame stands alone. See transforms/warehouse/ledger.py for
what the ledger promises.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from connectors.errors import ConnectorError, OperationsRejected, TransientError, UnknownOutcome
from connectors.ftrack.client import Ftrack
from connectors.ftrack.dialects import IDS_PER_QUERY, Dialect, Record
from connectors.ftrack.wire import Operation
from pipelines.verify import half_done, is_done, mismatch, read_back
from transforms.reconcile.plan import Change
from transforms.warehouse.ledger import Entry, Ledger, Outcome

OPERATIONS_PER_REQUEST = 500
"""One POST is one transaction; very large ones are reported to crash servers."""
REQUESTS_PER_COMMIT = 8
"""The ledger is written once for so many requests; what a crash leaves open is read back anyway."""
REQUESTS_PER_NOTE = 2
"""After the last commit of intents: so little is left to note when the last answer is there."""
ATTEMPTS = 4
PAUSE_SECONDS = 1.0
"""Before the second attempt; it doubles with each further one."""
HOPELESS = 25
"""So many refusals without a single success: the server refuses us, not the changes."""

Found = Mapping[str, Record]
"""Records as ftrack has them now, by id."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One request: some changes, and the operations that carry them out."""

    entries: list[Entry]
    operations: list[Operation]


@dataclass(slots=True)
class Push:
    """One run over changes of one plan.

    A thread of its own sends, another reads back what is done, and meanwhile this one writes the ledger for
    the requests before and after, and builds the next ones. `verdicts` says of a position in the plan how its
    record differs, None when it is as planned.
    """

    ledger: Ledger
    client: Ftrack
    dialect: Dialect
    verdicts: dict[int, str | None] = field(default_factory=dict)
    outcomes: deque[Outcome] = field(default_factory=deque)  # noted by the sender, not yet in the ledger
    unread: list[Entry] = field(default_factory=list)  # done, not yet given to the reader
    reader: ThreadPoolExecutor = field(init=False)
    done: int = 0
    failed: int = 0
    stopping: bool = False
    sees: bool = True

    def run(self, first: Iterable[Batch], batches: Iterable[Batch], found: Found) -> None:
        """Send all, as `batches_of` made them; the ledger has noted already that the `first` leave.

        `found` are the records to update and delete, as they are. Raises the ConnectorError that ended the
        run early; what is known not to be done is intended again.
        """
        with ThreadPoolExecutor(1, "read back") as self.reader, ThreadPoolExecutor(1, "push") as sender:
            flights = deque(sender.submit(self._carry_out, batch, found) for batch in first)
            try:
                self.ledger.complete()
                for group in groups_of(iter(batches)):
                    self._turn(group)
                    flights += [sender.submit(self._carry_out, batch, found) for batch in group]
                    while len(flights) > len(group):  # this group is ready to leave behind the one before
                        flights.popleft().result()
                self._land(flights)
                self._read()
            except BaseException:
                self.stopping = True
                raise
            finally:
                sender.shutdown()
                self._turn([])

    def _land(self, flights: deque[Future[None]]) -> None:
        """No more are to leave: what comes of the last ones is noted while others are under way."""
        while flights:
            flights.popleft().result()
            if len(flights) % REQUESTS_PER_NOTE == 0:
                self._turn([])

    def verify(self, entries: Sequence[Entry]) -> None:
        """Read these back and compare them with the plan, field by field."""
        found = read_back(self.client, self.dialect, [entry.change for entry in entries])
        for entry in entries:
            self.verdicts[entry.position] = mismatch(entry.change, found.get(entry.change["id"]))

    def _turn(self, following: Sequence[Batch]) -> None:
        """One commit: the outcomes so far, and the intent of what leaves next."""
        settled = list(self.outcomes.copy())
        self.ledger.note(settled, [entry for batch in following for entry in batch.entries])
        for _ in settled:  # now that they are durable; the sender goes on noting behind them
            self.outcomes.popleft()

    def _look(self, entries: Sequence[Entry]) -> None:
        """Read back what is done, while ftrack answers; what is left over is read in the end."""
        if self.sees and not self.stopping:
            try:
                self.verify(entries)
            except ConnectorError:
                self.sees = False  # whether that ends the run is for the sender to find out

    def _carry_out(self, batch: Batch, found: Found) -> None:
        if self.stopping:  # the run is over: this one never left
            self._note(batch.entries, "intended")
            return
        try:
            self._send(batch, found, attempt=1)
        except BaseException:
            self.stopping = True  # nor do those behind it leave
            raise

    def _send(self, batch: Batch, found: Found, attempt: int) -> None:
        try:
            self.client.send(batch.operations)
        except OperationsRejected as error:
            self._refused(batch.entries, found, error)
        except (UnknownOutcome, TransientError) as error:
            self._unknown(batch.entries, error, attempt)
        else:
            self._note(batch.entries, "done")

    def _send_again(self, entries: Sequence[Entry], found: Found, attempt: int) -> None:
        """What is still missing of a batch, given what is there of it."""
        for batch in batches_of(self.dialect, entries, found):
            self._send(batch, found, attempt)

    def _unknown(self, batch: Sequence[Entry], error: ConnectorError, attempt: int) -> None:
        """Read back which changes are there; the others are sent again, a few times."""
        found, missing = self._read_back(batch)
        if missing and attempt >= ATTEMPTS:
            self.outcomes.extend(_unfinished(self.dialect, entry, found) for entry in missing)
            raise error
        if missing:
            time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            self._send_again(missing, found, attempt + 1)

    def _refused(self, batch: Sequence[Entry], before: Found, error: OperationsRejected) -> None:
        """Find the change that is to blame. That a refused list was rolled back is not assumed."""
        found, missing = self._read_back(batch)
        if len(batch) == 1 and missing:
            key = batch[0].change["id"]
            if found.get(key) == before.get(key):
                self._fail(batch[0], found, error)
                return
        middle = (len(missing) + 1) // 2
        for half in (missing[:middle], missing[middle:]):
            if half:
                self._send_again(half, found, attempt=1)

    def _fail(self, entry: Entry, found: Found, error: OperationsRejected) -> None:
        self.outcomes.append(_unfinished(self.dialect, entry, found, f"{error.exception}: {error.content}"))
        self.failed += 1
        if not self.done and self.failed >= HOPELESS:
            raise error

    def _read_back(self, batch: Sequence[Entry]) -> tuple[Found, list[Entry]]:
        """What is there now, and the changes that are not done."""
        found = read_back(self.client, self.dialect, [entry.change for entry in batch])
        done, missing = _split(batch, found)
        self._note(done, "done")
        return found, missing

    def _note(self, batch: Sequence[Entry], status: Literal["done", "intended"]) -> None:
        self.outcomes.append(Outcome(batch, status))
        if status == "done":
            self.done += len(batch)
            self.unread += batch
            if len(self.unread) >= IDS_PER_QUERY:
                self._read()

    def _read(self) -> None:
        """Have the reader look at what is done."""
        self.unread, entries = [], self.unread
        self.reader.submit(self._look, entries)


def recover(ledger: Ledger, client: Ftrack, dialect: Dialect, server: str) -> int:
    """Settle the changes that left before a crash and whose outcome nobody saw; returns how many.

    Those that ftrack has are done, the others are intended again: the next plan or apply sees to them.
    """
    entries = ledger.unsettled(server)
    if entries:
        found = read_back(client, dialect, [entry.change for entry in entries])
        done, missing = _split(entries, found)
        ledger.settle([Outcome(done, "done"), *(_unfinished(dialect, entry, found) for entry in missing)])
    return len(entries)


def _unfinished(dialect: Dialect, entry: Entry, found: Found, error: str | None = None) -> Outcome:
    """A change that is not done, with what of it is there."""
    wrote = half_done(dialect, entry.change, found.get(entry.change["id"]))
    return Outcome([entry], "failed" if error else "intended", error, wrote)


def _split(entries: Sequence[Entry], found: Found) -> tuple[list[Entry], list[Entry]]:
    """Changes that ftrack has, and those it has not."""
    done: list[Entry] = []
    missing: list[Entry] = []
    for entry in entries:
        (done if is_done(entry.change, found.get(entry.change["id"])) else missing).append(entry)
    return done, missing


def groups_of(batches: Iterator[Batch]) -> Iterator[list[Batch]]:
    """The batches that one commit of the ledger is for."""
    while group := list(islice(batches, REQUESTS_PER_COMMIT)):
        yield group


def _of_change(dialect: Dialect, change: Change, found: Found) -> list[Operation]:
    kind, record_id, there = change["kind"], change["id"], found.get(change["id"])
    match change["action"]:
        case "create":
            origin = change["origin"]
            provenance = f"{origin['source']}:{origin['source_key']}#{origin['run']}"
            return dialect.create(kind, record_id, change["after"] or {}, provenance, there)
        case "update":
            return dialect.update(kind, record_id, change["after"] or {}, there)
        case "delete":
            return dialect.delete(kind, record_id, there)


def batches_of(dialect: Dialect, entries: Iterable[Entry], found: Found) -> Iterator[Batch]:
    """Changes in order, as many as fit into one request; one change is never split."""
    batch = Batch([], [])
    for entry in entries:
        needed = _of_change(dialect, entry.change, found)
        if batch.entries and len(batch.operations) + len(needed) > OPERATIONS_PER_REQUEST:
            yield batch
            batch = Batch([], [])
        batch.entries.append(entry)
        batch.operations.extend(needed)
    if batch.entries:
        yield batch
