"""Each kind of bad weather the sandbox makes, on each planner: a listing is right, or says that it is not.

The sandbox's faults are seeded, so each case meets the same weather every time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors import errors
from connectors.http import Limits
from connectors.ruddr import client as ruddr
from connectors.ruddr import wire as ruddr_wire
from connectors.sandbox import Sandbox
from connectors.tenthousandft import client as tenthousandft
from connectors.tenthousandft import wire as tenthousandft_wire

PEOPLE = 25
QUICK = Limits(backoff_seconds=0.01, read_seconds=5, total_seconds=30)

# What passes by itself, given another try; the row faults damage what is read.
PASSING = (
    "error500:0.2",
    "html502:0.2",
    "http429:0.05",
    "reset:0.2",
    "slow:0.05",
    "reply_lost:0.2",
    "clock_skew:0.5",
)
SHIFTING = ("duplicate:0.3", "empty_page:0.15", "cursor_lost:0.3")
DAMAGING = ("unknown_field:0.5", "unknown_enum:0.5", "wrong_type:0.5", "null_field:0.5")


@dataclass(frozen=True)
class Read:
    """What reading one stream came to."""

    complete: bool
    rows: dict[str, Any]
    rejected: set[str | None]
    unknown: int


def read(client: Any, wire: Any, stream: str) -> Read:
    listing = client.list(stream)
    rows: dict[str, Any] = {}
    rejected: set[str | None] = set()
    unknown = 0
    for page in listing:
        parsed = wire.parse(stream, page.body)
        # The last of several versions counts.
        rows |= {str(getattr(row, "source_key", row.id)): row for _, row in parsed.rows}
        rejected |= {reject.key for reject in parsed.rejects}
        unknown += parsed.unknown_fields.total()
    return Read(listing.complete, rows, rejected, unknown)


def read_all(ready: dict[str, dict[str, str]]) -> Iterator[tuple[str, Read | errors.TransientError]]:
    """Every stream of both planners, in small pages."""
    first = tenthousandft.TenThousandFt(**ready["tenthousandft"], per_page=40, limits=QUICK)
    second = ruddr.Ruddr(**ready["ruddr"], limit=40, limits=QUICK)
    for name, client, wire, streams in (
        ("tenthousandft", first, tenthousandft_wire, tenthousandft.STREAMS),
        ("ruddr", second, ruddr_wire, ruddr.STREAMS),
    ):
        for stream in streams:
            try:
                yield f"{name} {stream}", read(client, wire, stream)
            except errors.TransientError as error:
                yield f"{name} {stream}", error


@pytest.fixture(scope="module")
def calm() -> dict[str, Read]:
    """What there is to read."""
    with Sandbox(people=PEOPLE, seed=3) as sandbox:
        read = {name: found for name, found in read_all(sandbox.ready) if isinstance(found, Read)}
    assert all(found.complete for found in read.values())
    assert len(read["tenthousandft assignments"].rows) > 100
    assert len(read["ruddr allocations"].rows) > 100
    return read


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_not_seen(calm, fault):
    with Sandbox(people=PEOPLE, seed=3, faults=fault) as sandbox:
        for name, found in read_all(sandbox.ready):
            assert isinstance(found, Read), (name, found)
            assert found == calm[name], name


@pytest.mark.parametrize("fault", SHIFTING)
def test_a_shifted_listing_is_healed_or_says_so(calm, fault):
    with Sandbox(people=PEOPLE, seed=3, faults=fault) as sandbox:
        for name, found in read_all(sandbox.ready):
            assert isinstance(found, Read), (name, found)
            if found.complete:
                assert found == calm[name], name
            else:
                assert found.rows.items() <= calm[name].rows.items()


@pytest.mark.parametrize("fault", DAMAGING)
def test_a_damaged_row_is_read_or_rejected_under_its_key(calm, fault, caplog):
    caplog.set_level(logging.ERROR)
    met = 0
    with Sandbox(people=PEOPLE, seed=3, faults=fault) as sandbox:
        for name, found in read_all(sandbox.ready):
            assert isinstance(found, Read), (name, found)
            missing = {ruddr_wire.id_in(key) for key in set(calm[name].rows) - set(found.rows)}
            nameless = None in found.rejected  # rows without a readable id
            assert nameless or missing <= {ruddr_wire.id_in(key or "") for key in found.rejected}, name
            changed = [key for key, row in found.rows.items() if row != calm[name].rows[key]]
            # Null is a value like any other where a field may be missing: a project's first day.
            assert len(changed) <= found.unknown or fault.startswith("null"), name
            met += len(found.rejected) + found.unknown
    assert met


@pytest.mark.parametrize("service", ["tenthousandft", "ruddr"])
def test_html_with_status_200_is_told(service):
    with Sandbox(people=5, seed=3, faults="html200:1") as sandbox:
        ready = sandbox.ready[service]
        client: Any = {"tenthousandft": tenthousandft.TenThousandFt, "ruddr": ruddr.Ruddr}[service]

        with pytest.raises(errors.ContractError, match="answered HTML, not JSON: is the URL right"):
            client(**ready, limits=QUICK).check()
