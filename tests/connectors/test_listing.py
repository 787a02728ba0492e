"""Asking ahead: in order, never too much at a time, and no more than is wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import count

import pytest

from connectors.listing import ahead, together


def test_answers_come_in_the_order_of_their_questions() -> None:
    def slow_when_even(number: int) -> int:
        time.sleep(0.01 * (number % 2 == 0))
        return -number

    assert list(ahead(slow_when_even, range(20), 4)) == [(n, -n) for n in range(20)]


@pytest.mark.parametrize(("hands", "at_work"), [(0, 3), (2, 5)])
def test_never_more_at_a_time_than_allowed(hands: int, at_work: int) -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def ask(_number: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with lock:
            now[0] -= 1

    list(ahead(ask, range(30), 3, hands))
    assert most == [at_work]


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


def test_parts_are_read_at_a_time() -> None:
    meeting = threading.Barrier(3)

    def part(name: int) -> Iterator[tuple[int, int]]:
        for number in range(4):
            meeting.wait(5)  # passes only while all three are read
            yield name, number

    parts = [partial(part, name) for name in range(3)]
    assert sorted(together(parts, 3)) == [(name, number) for name in range(3) for number in range(4)]


def test_a_part_far_ahead_waits_until_it_is_wanted() -> None:
    made: list[int] = []

    def part() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    answers = together([part], 1)
    assert next(answers) == 0
    time.sleep(0.05)
    assert len(made) < 10
    answers.close()


def test_what_one_part_raises_ends_them_all() -> None:
    def broken() -> Iterator[int]:
        yield 0
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(together([broken, lambda: iter(count()), lambda: iter(count())], 2))
