"""Which bookings are spread over which weights: the groups build.py spreads one after the other.

With the default policies there are three. A policy that differs takes the bookings it concerns out of their
group and gives them days, weights or pieces of their own (01_policies.sql).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from transforms.policy import Policy

_BY_PERIOD = "source = 'ruddr' AND effort_unit IN ('hours_per_week', 'hours_per_month')"
_BY_ALLOCATION = "source = 'ruddr' AND effort_unit = 'hours_total'"
_DAILY = "source = 'tenthousandft' AND effort_unit = 'hours_per_day'"
_CONTRACTED = "SELECT *, contracted_ms AS weight_ms FROM calendar_contracted"
_DAYS = {
    "account_days": "FROM account_day",
    "every_day": "SELECT resource_id, day_id, 1::BIGINT AS weight_ms FROM calendar_contracted",
}


@dataclass(frozen=True, slots=True)
class Group:
    """SQL of the bookings, and of their weights: (resource_id, day_id, weight_ms)."""

    bookings: str
    weights: str


def time_off(policy: Policy) -> Iterator[Group]:
    """What is spread first, because other bookings get what it leaves."""
    weights = "SELECT *, if(on_holiday, 0, contracted_ms) AS weight_ms FROM calendar_contracted"
    yield from _split(policy, _is_time_off(policy), weights)


def work(policy: Policy) -> Iterator[Group]:
    """All the rest. Project work in Ruddr may go through time off: then over the contracted days."""
    rest, through = f"NOT ({_is_time_off(policy)})", _through_time_off(policy)
    yield from _split(policy, f"{rest} AND {through}", _CONTRACTED)
    rest = f"{rest} AND NOT ({through})"
    weights = "SELECT *, spread_ms AS weight_ms FROM calendar"
    if policy.ruddr_time_off_in_period == "drops_hours":
        yield from _split(policy, f"{rest} AND {_BY_PERIOD}", _CONTRACTED)
        rest = f"{rest} AND NOT ({_BY_PERIOD})"
    yield from _split(policy, rest, weights)


def dropped(policy: Policy) -> str | None:
    """Bookings whose hours on days off go, or None: no day off takes hours away."""
    if policy.ruddr_time_off_in_period == "moves_hours":
        return None
    return f"{_BY_PERIOD} AND kind = 'work' AND NOT ({_through_time_off(policy)})"


def _is_time_off(policy: Policy) -> str:
    kinds = "kind IN ('leave', 'holiday')"
    return kinds if policy.tenthousandft_leave_shrinks_work else f"source = 'ruddr' AND {kinds}"


def _through_time_off(policy: Policy) -> str:
    missing = "true" if policy.ruddr_allocate_on_time_off else "false"
    return f"(source = 'ruddr' AND kind = 'work' AND coalesce(allocate_on_time_off, {missing}))"


def _split(policy: Policy, where: str, weights: str) -> Iterator[Group]:
    """The bookings of `where`, those that a policy treats apart first."""
    apart: list[str] = []
    for concerned, table, own_weights in _exceptions(policy, weights):
        apart.append(concerned)
        # By id: a piece of a booking does not look like the booking any more.
        chosen = f"SELECT booking_id FROM booking WHERE ({where}) AND ({concerned})"
        yield Group(f"SELECT * FROM {table} WHERE booking_id IN ({chosen})", own_weights)
    rest = " AND ".join([f"({where})", *(f"NOT ({concerned})" for concerned in apart)])
    yield Group(f"SELECT * FROM booking WHERE {rest}", weights)


def _exceptions(policy: Policy, weights: str) -> Iterator[tuple[str, str, str]]:
    """(which bookings, in which table, over which weights) of every policy that is not the default."""
    even = f"SELECT resource_id, day_id, (weight_ms > 0)::BIGINT AS weight_ms FROM ({weights})"
    is_even, is_whole = policy.ruddr_period_spread == "evenly", policy.ruddr_edge_periods == "whole"
    if is_even or is_whole:
        yield _BY_PERIOD, "booking_piece" if is_whole else "booking", even if is_even else weights
    if policy.ruddr_allocation_spread == "evenly":
        yield _BY_ALLOCATION, "booking", even
    if policy.tenthousandft_hours_per_day_on != "working_days":
        yield _DAILY, "booking", _DAYS[policy.tenthousandft_hours_per_day_on]
