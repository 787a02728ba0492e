"""`identity`: who has no certain counterpart in ftrack, and the studio's word on it."""

from __future__ import annotations

import csv
import re
import shlex
import unicodedata
from pathlib import Path
from typing import Any

import pytest

HEADER = "kind,source,source_key,ftrack_id,name,ftrack_name\n"


@pytest.fixture
def file(studio: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The exceptions file of the workspace: configured, and not there yet."""
    path: Path = studio.folder / "who.csv"
    monkeypatch.setenv("CREWTALLY_IDENTITY__EXCEPTIONS", str(path))
    return path


def listed(studio: Any, *arguments: object) -> list[dict[str, Any]]:
    told = studio.run("identity", "--json", *arguments)
    assert told.code == 0, told.err
    items: list[dict[str, Any]] = told.json
    return items


def test_who_is_not_matched_and_who_may_be_meant(studio: Any, trouble: Any) -> None:
    items = listed(studio)
    [nora] = [item for item in items if item["key"] == str(trouble.keys["nora"])]
    assert (nora["kind"], nora["status"], nora["bookings"]) == ("person", "unmatched", 2)
    assert nora["hours"] == 80
    [best, *_] = nora["suggestions"]
    assert best["ftrack_id"] == trouble.keys["noras_user"]
    assert 0.87 <= best["similarity"] < 1
    projects = [item["name"] for item in items if item["kind"] == "project"]
    assert "Nowhere" in projects
    hours = [item["hours"] for item in items if item["kind"] == "person"]
    assert hours == sorted(hours, reverse=True)


def test_the_terminal_gives_the_command_that_accepts(studio: Any, trouble: Any, file: Path) -> None:
    told = studio.run("identity")
    assert told.code == 0
    [line] = re.findall(
        rf"(?m)^ +(crewtally identity --accept person .*{trouble.keys['noras_user']})$", told.out
    )
    accepted = studio.run(*shlex.split(line)[1:])
    assert accepted.code == 0, accepted.err
    assert f"Wrote 1 line to {file}" in accepted.err
    assert "Nora" not in accepted.out
    dangerous = {c for c in told.out if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")}
    assert dangerous <= {"\n"}


def test_an_accepted_line_holds_from_the_next_plan_on(studio: Any, trouble: Any, file: Path) -> None:
    key, user = str(trouble.keys["nora"]), trouble.keys["noras_user"]
    left = listed(studio, "--accept", "person", "tenthousandft", key, user)
    assert key not in [item["key"] for item in left]
    assert file.read_text() == f"{HEADER}person,tenthousandft,{key},{user},Nora Nearly,Nora Nearley\n"
    plan = studio.run("plan", "--json").json["plan"]
    assert user in [(change["after"] or {}).get("user_id") for change in plan["changes"]]


def test_what_is_left_out_is_not_asked_about_again(studio: Any, trouble: Any, file: Path) -> None:
    key = str(trouble.keys["nora"])
    items = listed(studio, "--leave-out", "person", "tenthousandft", key)
    [nora] = [item for item in items if item["key"] == key]
    assert nora["status"] == "left out"
    told = studio.run("identity")
    assert "Nora" not in told.out
    assert f"Left out for good by {file}: 1 people" in told.out
    [row] = csv.DictReader(file.read_text().splitlines())
    assert (row["ftrack_id"], row["ftrack_name"]) == ("", "never pushed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--accept", "person", "tenthousandft", "{nora}", "no-such-user"), "ftrack has no user with the id"),
        (("--accept", "person", "tenthousandft", "{nora}", ""), "ftrack has no user with the id"),
        (("--accept", "person", "tenthousandft", "77", "{user}"), "tenthousandft has no person 77"),
        (
            ("--accept", "project", "tenthousandft", "{project}", "{user}"),
            "ftrack has no project with the id",
        ),
        (("--accept", "human", "tenthousandft", "{nora}", "{user}"), "'human' is not one of"),
        (("--accept", "person", "excel", "{nora}", "{user}"), "'excel' is not one of"),
    ],
)
def test_what_is_not_there_is_not_written(
    studio: Any, trouble: Any, file: Path, arguments: tuple[str, ...], message: str
) -> None:
    known = {
        "nora": trouble.keys["nora"],
        "user": trouble.keys["noras_user"],
        "project": trouble.keys["project"],
    }
    good = ("--leave-out", "person", "tenthousandft", str(trouble.keys["nora"]))
    told = studio.run("identity", *good, *(argument.format(**known) for argument in arguments))
    assert (told.code, told.out) == (2, "")
    assert message in told.err
    assert not file.exists()  # all or none


def test_without_a_file_in_the_configuration_nothing_can_be_accepted(studio: Any, trouble: Any) -> None:
    told = studio.run("identity", "--leave-out", "person", "tenthousandft", trouble.keys["nora"])
    assert (told.code, told.out) == (2, "")
    assert "[identity] exceptions" in told.err


def test_a_second_word_on_the_same_row_is_refused(studio: Any, trouble: Any, file: Path) -> None:
    words = ("--leave-out", "person", "tenthousandft", trouble.keys["nora"])
    assert studio.run("identity", *words).code == 0
    before = file.read_bytes()
    told = studio.run("identity", *words)
    assert (told.code, told.out) == (2, "")
    assert "is named twice" in told.err
    assert str(file) in told.err
    assert file.read_bytes() == before


def test_a_broken_file_is_told_and_left_alone(studio: Any, trouble: Any, file: Path) -> None:
    file.write_text("who,what\n")
    for arguments in ((), ("--leave-out", "person", "tenthousandft", trouble.keys["nora"])):
        told = studio.run("identity", *arguments)
        assert (told.code, told.out) == (2, "")
        assert "missing: ftrack_id" in told.err
    assert file.read_text() == "who,what\n"


def test_a_service_that_does_not_answer_is_code_1(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWTALLY_FTRACK__URL", "http://127.0.0.1:9")
    told = studio.run("identity")
    assert (told.code, told.out) == (1, "")
    assert "127.0.0.1:9" in told.err


def test_before_the_first_pull(trouble: Any, workspace: Any) -> None:
    told = workspace(trouble.sandbox.ready).run("identity")
    assert (told.code, told.out) == (1, "")
    assert "crewtally pull" in told.err
