"""Asking ahead: in order, never too much at a time, and no more than is wanted."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest

from connectors.listing import ahead


def test_answers_come_in_the_order_of_their_questions() -> None:
    def slow_when_even(number: int) -> int:
        time.sleep(0.01 * (number % 2 == 0))
        return -number

    assert list(ahead(slow_when_even, range(20), 4)) == [(n, -n) for n in range(20)]


def test_never_more_at_a_time_than_allowed() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def ask(_number: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with lock:
            now[0] -= 1

    list(ahead(ask, range(30), 3))
    assert most == [3]


def test_who_stops_early_has_asked_little_in_vain() -> None:
    asked: list[int] = []
    answers = ahead(asked.append, count(), 4)
    next(answers)
    answers.close()
    assert asked == [0]


def test_a_failure_comes_in_its_place() -> None:
    def ask(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    answers = ahead(ask, range(5), 2)
    assert [next(answers), next(answers)] == [(0, 0), (1, 1)]
    with pytest.raises(ValueError, match="two"):
        next(answers)
