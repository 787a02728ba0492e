"""Staying below a service's rate limit, together with every other thread of this process."""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import cache


class RateWindow:
    """A sliding window: at most `per_second` requests leave in any second, whichever thread sends them.

    Below one a second the window is longer and holds one request. None sets no limit of its own; a
    service that says "not before" is obeyed in either case (`hold`).
    """

    SECOND = 1.1
    """Services count where requests arrive, some later than others: a tenth more keeps them apart."""

    def __init__(self, per_second: float | None) -> None:
        if per_second is not None and per_second <= 0:
            raise ValueError(f"requests per second must be above 0, not {per_second}")
        size = max(1, int(per_second)) if per_second else 0
        self._period = size / per_second * self.SECOND if per_second else 0.0
        self._slots: deque[float] = deque(maxlen=size)
        self._not_before = 0.0
        self._lock = threading.Lock()

    def reserve(self) -> float:
        """Takes the next free slot and says how many seconds it is away."""
        with self._lock:
            now = time.monotonic()
            slot = max(now, self._not_before)
            if self._slots and len(self._slots) == self._slots.maxlen:
                slot = max(slot, self._slots[0] + self._period)
            self._slots.append(slot)
            return slot - now

    def hold(self, seconds: float) -> None:
        """No request of any thread before `seconds` from now: the service said so."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)


@cache
def window_of(origin: str, per_second: float | None) -> RateWindow:  # noqa: ARG001 - the cache's key
    """The one window of this process for a service: limits count per account, not per connection."""
    return RateWindow(per_second)
