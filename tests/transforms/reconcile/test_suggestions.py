"""Suggestions for who may be meant: ranked, at most three, and never taken."""

from __future__ import annotations

from typing import Any

import pytest


def suggested(studio: Any) -> list[str]:
    [item] = studio.plan().unmatched
    found: list[str] = item["suggestions"]
    return found


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("Lovelace, Ada", None),  # the words in another order
        ("Áda Lovelače", None),  # accents
        ("A. L.", "ada+ruddr@studio.test"),  # a tag on the mailbox
        ("A. L.", "ADA@studio.co.test"),  # another domain
    ],
)
def test_who_may_be_meant(studio: Any, name: str, email: str | None) -> None:
    studio.person("ruddr", "p9", name, email)
    studio.book("ruddr", "b1", "p9")
    assert suggested(studio)[0] == "Ada Lovelace <ada@studio.test> (u1)"
    assert studio.plan().changes == []


def test_the_best_comes_first_and_three_are_enough(studio: Any) -> None:
    for number, name in enumerate(("Kim Leee", "Kim Lee", "Kim Leeee", "Kim Leeeee")):
        studio.user(f"k{number}", name, f"k{number}@studio.test")
    studio.user("k9", "Kim Lee", "k9@studio.test")
    studio.person("ruddr", "p9", "kim lee")
    studio.book("ruddr", "b1", "p9")
    assert [text.split(" <")[0] for text in suggested(studio)] == ["Kim Lee", "Kim Lee", "Kim Leee"]


def test_nothing_alike_is_no_suggestion(studio: Any) -> None:
    studio.person("ruddr", "p9", "Quentin Xu", "qx@studio.test")
    studio.book("ruddr", "b1", "p9")
    assert suggested(studio) == []


def test_tasks_are_suggested_from_their_own_project_only(studio: Any) -> None:
    studio.ftrack_project("f2", "BETA", "Beta")
    studio.task("t2", "f2", "Composite")
    studio.work_item("ruddr", "w9", "j1", "Composite")
    studio.book("ruddr", "b1", work_item="w9")
    assert suggested(studio) == ["Compositing (t1)"]


@pytest.mark.parametrize("name", ["Grace Lovelace", "Ada Byron"])
def test_half_a_name_is_not_enough(studio: Any, name: str) -> None:
    studio.person("ruddr", "p9", name)
    studio.book("ruddr", "b1", "p9")
    assert suggested(studio) == []
