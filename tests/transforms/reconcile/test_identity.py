"""Who is who: e-mail, then exact name, then the studio's own file; never a guess."""

from __future__ import annotations

from typing import Any

import pytest

from transforms.reconcile.actual import ExceptionsFileError, read_exceptions


def pushed_to(plan: Any) -> set[str]:
    return {change["after"]["user_id"] for change in plan.changes}


@pytest.mark.parametrize(
    ("planner", "ftrack", "expected"),
    [
        (("Cy Young", "cy@x.test"), [("u9", "Somebody Else", " CY@X.test ")], "u9"),
        (("Cy Young", "cy@x.test"), [("u9", "Cy  young", None)], "u9"),  # name: case and spacing
        (("Zoë Łuczak", None), [("u9", "Zoe\u0308 Łuczak", None)], "u9"),  # the same letters, composed or not
        (("Cy Young", "cy@x.test"), [("u8", "X", "cy@x.test"), ("u9", "Cy Young", "other@x.test")], "u8"),
    ],
)
def test_a_person_is_found(world: Any, planner: Any, ftrack: Any, expected: str) -> None:
    _studio_of(world, planner, ftrack)
    plan = world.plan()
    assert pushed_to(plan) == {expected}
    assert plan.unmatched == []


NAMESAKES = [("u8", "Cy Young", None), ("u9", "Cy Young", None)]
SHARED_MAILBOX = [("u8", "A", "cy@x.test"), ("u9", "B", "cy@x.test")]


@pytest.mark.parametrize(
    ("planner", "ftrack", "reason"),
    [
        (("Cy Young", None), [("u9", "Si Yung", None)], "no user in ftrack has this e-mail or name"),
        (("Cy Young", None), NAMESAKES, "several users in ftrack have this name"),
        (("Cy Young", "cy@x.test"), SHARED_MAILBOX, "several users in ftrack have this e-mail"),
    ],
)
def test_a_person_is_not_guessed(world: Any, planner: Any, ftrack: Any, reason: str) -> None:
    _studio_of(world, planner, ftrack)
    plan = world.plan()
    assert plan.changes == []
    assert [item["reason"] for item in plan.unmatched] == [reason]
    assert [item["reason"] for item in plan.blocked] == [f"{plan.unmatched[0]['status']} person"]
    assert plan.blocked[0]["hours"] == 40


def _studio_of(
    world: Any, planner: tuple[str, str | None], ftrack: list[tuple[str, str, str | None]]
) -> None:
    world.person("ruddr", "p1", *planner)
    world.project("ruddr", "j1", "Alpha", "ALPHA")
    world.ftrack_project("f1", "ALPHA")
    for user in ftrack:
        world.user(*user)
    world.book("ruddr", "b1")


def test_two_people_of_one_name_are_ambiguous_even_if_ftrack_has_one(studio: Any) -> None:
    studio.person("ruddr", "p8", "Kim Lee")
    studio.person("ruddr", "p9", "Kim Lee")
    studio.user("u9", "Kim Lee")
    studio.book("ruddr", "b1", "p9")
    assert [item["reason"] for item in studio.plan().unmatched] == [
        "several people have this name in the planner"
    ]


def test_the_name_of_somebody_else_s_account_is_no_match(studio: Any) -> None:
    """Another Ada without an e-mail is not the Ada whose e-mail ftrack knows."""
    studio.person("tenthousandft", "p9", "Kim Lee", "kim@studio.test")
    studio.person("ruddr", "p8", "K. Lee", "kim@studio.test")
    studio.person("ruddr", "p9", "Kim Lee", None)
    studio.user("u9", "Kim Lee", "kim@studio.test")
    studio.book("ruddr", "b1", "p9")
    plan = studio.plan()
    assert plan.changes == []
    assert "the e-mail of somebody else" in plan.unmatched[0]["reason"]


def test_of_two_accounts_with_one_e_mail_the_active_one_is_meant(studio: Any) -> None:
    studio.user("u9", "Ada (old)", "ada@studio.test", active=False)
    studio.book("ruddr", "b1")
    assert pushed_to(studio.plan()) == {"u1"}


def test_suggestions_are_named_not_taken(studio: Any) -> None:
    studio.person("ruddr", "p9", "Ada Lovelacee", "ada@elsewhere.test")
    studio.book("ruddr", "b1", "p9")
    [item] = studio.plan().unmatched
    assert item["suggestions"] == ["Ada Lovelace <ada@studio.test> (u1)"]


def test_a_project_by_code_then_by_name(studio: Any) -> None:
    studio.ftrack_project("f2", "beta_2", "Beta Two")
    studio.ftrack_project("f3", "BETA", "Other")
    studio.project("ruddr", "j2", "Beta Two", "nothing like it")
    studio.project("ruddr", "j3", "Whatever", " beta ")
    studio.book("ruddr", "b2", project="j2")
    studio.book("ruddr", "b3", "p2", project="j3")
    plan = studio.plan("studio")
    assert {c["after"].get("project_id") for c in plan.changes} == {"f2", "f3"}


def test_an_unmatched_project_blocks_its_bookings_and_is_listed(studio: Any) -> None:
    studio.project("ruddr", "j9", "Alpha.", "ALF")
    studio.book("ruddr", "b1", project="j9")
    plan = studio.plan()
    assert [b["reason"] for b in plan.blocked] == ["unmatched project"]
    assert plan.unmatched[0]["suggestions"] == ["ALPHA Alpha (f1)"]


def test_a_work_item_without_a_task_is_listed_and_its_hours_are_still_pushed(studio: Any) -> None:
    studio.work_item("ruddr", "w9", "j1", "Composite")
    studio.book("ruddr", "b1", work_item="w9")
    plan = studio.plan()
    assert [c["kind"] for c in plan.changes] == ["allocation"]
    assert [(u["kind"], u["suggestions"]) for u in plan.unmatched] == [("work_item", ["Compositing (t1)"])]


def test_two_tasks_of_one_name_are_ambiguous(studio: Any) -> None:
    studio.task("t2", "f1", "compositing")
    studio.book("ruddr", "b1", work_item="w1")
    plan = studio.plan()
    assert [c["kind"] for c in plan.changes] == ["allocation"]
    assert plan.unmatched[0]["status"] == "ambiguous"


def test_the_exceptions_file_wins_over_everything(studio: Any, exceptions_file: Any) -> None:
    path = exceptions_file(
        "kind,source,source_key,ftrack_id\nperson,ruddr,p1,u2\nphase,ruddr,w1,t1\nproject,ruddr,j1,f1\n"
    )
    studio.book("ruddr", "b1", work_item="w1")
    assert pushed_to(studio.plan(exceptions=read_exceptions(path))) == {"u2"}


def test_an_empty_id_in_the_exceptions_file_means_never(studio: Any, exceptions_file: Any) -> None:
    path = exceptions_file("\ufeffkind,source,source_key,ftrack_id,why\nperson,ruddr,p1,,freelancer\n")
    studio.book("ruddr", "b1")
    plan = studio.plan(exceptions=read_exceptions(path))
    assert plan.changes == []
    assert plan.unmatched[0]["reason"] == "left out by the exceptions file"


def test_an_id_that_ftrack_does_not_have_is_reported(studio: Any, exceptions_file: Any) -> None:
    path = exceptions_file("kind,source,source_key,ftrack_id\nperson,ruddr,p1,u77\n")
    studio.book("ruddr", "b1")
    assert "ftrack does not have" in studio.plan(exceptions=read_exceptions(path)).unmatched[0]["reason"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind,source\n", "missing: ftrack_id, source_key"),
        ("", "missing: ftrack_id, kind, source, source_key"),
        ("kind,source,source_key,ftrack_id\nperson,ruddr,p1,u1\nhuman,ruddr,p1,u1\n", "line 3: kind 'human'"),
        ("kind,source,source_key,ftrack_id\nperson,,p1,u1\n", "line 2: source and source_key"),
        ("kind,source,source_key,ftrack_id\nperson,r,p1,u1\nperson,r,p1,u2\n", "named twice"),
    ],
)
def test_a_wrong_exceptions_file_says_where(exceptions_file: Any, text: str, message: str) -> None:
    with pytest.raises(ExceptionsFileError, match=message):
        read_exceptions(exceptions_file(text))


def test_a_missing_exceptions_file_is_named(tmp_path: Any) -> None:
    with pytest.raises(ExceptionsFileError, match=r"no\.csv"):
        read_exceptions(tmp_path / "no.csv")


@pytest.mark.parametrize(("kind", "reason"), [("placeholder", "placeholder"), ("unassigned", "unassigned")])
def test_placeholders_and_unassigned_work_are_never_pushed(studio: Any, kind: str, reason: str) -> None:
    studio.person("ruddr", "ph", "Ada Lovelace", kind="placeholder")
    person = "ph" if kind == "placeholder" else None
    studio.book("ruddr", "b1", person, resource_kind=kind)
    plan = studio.plan()
    assert plan.changes == []
    assert [(b["reason"], b["hours"]) for b in plan.blocked] == [(reason, 40.0)]


def test_text_from_outside_is_text(studio: Any) -> None:
    """Quotes, semicolons and line breaks in names reach neither SQL nor the plan's structure."""
    evil = "Robert'); DROP TABLE core_person;--\n\"\\"
    studio.person("ruddr", "p9", evil, 'a"b@x.test')
    studio.user("u9", evil, 'A"B@x.test')
    studio.book("ruddr", "b'1", "p9")
    plan = studio.plan()
    assert pushed_to(plan) == {"u9"}
    assert plan.changes[0]["origin"]["source_key"] == "b'1"
