"""`conflicts`: where the planners, ftrack and people contradict each other, and what to do."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest


def groups(studio: Any) -> dict[str, Any]:
    told = studio.run("conflicts", "--json")
    assert told.code == 0, told.err
    return {group["group"]: group for group in told.json["groups"]}


def harmless(text: str) -> bool:
    """No character but the line break that could steer a terminal."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")} <= {"\n"}


def test_what_both_planners_book_on_the_same_days(studio: Any, trouble: Any) -> None:
    group = groups(studio)["left_out"]
    [olive] = [item for item in group["items"] if item["person"] == "Olive Over"]
    assert (olive["winner"], olive["winner_hours"], olive["loser"], olive["loser_hours"]) == (
        "tenthousandft",
        40.0,
        "ruddr",
        20.0,
    )
    assert (olive["weeks"], olive["first_week"]) == (1, "2026-03-02")
    differing = [c for c in trouble.keys["last"].conflicts if not c["agrees"]]
    assert sum(item["weeks"] for item in group["items"]) == len(differing)
    assert group["hours"] == pytest.approx(sum(c["loser_hours"] for c in differing))


def test_the_planners_side_by_side(studio: Any) -> None:
    found = groups(studio)
    [olive] = [item for item in found["disagree"]["items"] if item["person"] == "Olive Over"]
    assert (olive["tenthousandft_hours"], olive["ruddr_hours"], olive["apart_hours"]) == (40, 20, 20)
    assert [week["week"] for week in olive["by_week"]] == ["2026-03-02"]
    only = {item["status"] for item in found["only_one"]["items"]}
    assert only == {"only tenthousandft", "only ruddr"}
    totals = studio.run("totals", "--by", "planner-week", "--json").json
    differing = [row for row in totals if row["status"] != "agree"]
    assert sum(item["weeks"] for name in ("disagree", "only_one") for item in found[name]["items"]) == len(
        differing
    )


def test_edits_by_people_are_told_with_what_is_there_and_what_is_wanted(studio: Any) -> None:
    items = groups(studio)["edited"]["items"]
    by_reason = {item["reason"]: item for item in items}
    changed = by_reason["changed in ftrack by somebody"]
    assert (changed["person"], changed["differs"]) == ("Olive Over", "value")
    assert (changed["in_ftrack"], changed["wanted"]) == ({"value": 0.25}, {"value": 1.0})
    deleted = by_reason["deleted in ftrack by somebody"]
    assert (deleted["person"], deleted["in_ftrack"], deleted["hours"]) == ("Dora Double", None, 40.0)


def test_what_is_there_twice(studio: Any, trouble: Any) -> None:
    found = groups(studio)
    [record] = found["doubled_records"]["items"]
    assert (record["person"], record["reason"]) == ("Olive Over", "somebody made the same record")
    [twins] = found["doubled_bookings"]["items"]
    assert twins["source_keys"] == sorted(map(str, trouble.keys["twins"]))
    assert (twins["bookings"], twins["hours"]) == (2, 40.0)


def test_every_group_says_what_to_do_on_the_terminal_too(studio: Any) -> None:
    told = studio.run("conflicts")
    assert told.code == 0
    assert told.err == ""  # the plan is as new as the pulls
    for group in groups(studio).values():
        assert group["title"] in told.out
        assert group["advice"].split(".")[0][:60] in " ".join(told.out.split())
    assert harmless(told.out)


def test_the_plan_it_speaks_of_is_named(studio: Any, trouble: Any) -> None:
    plan = studio.run("conflicts", "--json").json["plan"]
    assert plan["sha256"] == trouble.keys["last"].sha256
    assert plan["file"].endswith(".json")
    assert plan["stale"] == []


def test_a_plan_older_than_the_pulls_is_called_that(studio: Any) -> None:
    pulled = studio.run("pull", "--source", "ruddr", "--start", "2026-03-02", "--end", "2026-03-08")
    assert pulled.code == 0, pulled.err
    told = studio.run("conflicts", "--json")
    assert told.json["plan"]["stale"]
    assert "run `crewtally plan`" in told.err


@pytest.mark.usefixtures("config")
def test_before_everything_it_says_what_to_do(crewtally: Any) -> None:
    for arguments in (("conflicts",), ("conflicts", "--json")):
        told = crewtally(*arguments)
        assert told.code == 0
        assert "run `crewtally plan`" in told.err
    assert told.document == {"plan": None, "groups": []}
