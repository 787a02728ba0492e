"""A plan as text, Markdown, HTML and JSON, freshly made or from its file."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from pipelines.pages import plan as page
from transforms.reconcile.guard import Trip
from transforms.reconcile.markdown import as_markdown
from transforms.reconcile.plan import Plan

TRIP = Trip("max_deletes", "The plan would delete <b>everything</b>.")


@pytest.fixture(scope="session")
def first(trouble: Any) -> Plan:
    """The plan of the first sync: it makes everything, hostile names included."""
    made: Plan = trouble.keys["first"]
    return made


def cells(markdown: str, title: str) -> list[list[str]]:
    """Rows of the table under a heading, without its head."""
    section = markdown.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_every_change_is_a_row_of_markdown(first: Plan) -> None:
    rows = cells(as_markdown(first, rows=10_000), "Changes")
    assert len(rows) == len(first.changes)
    assert {row[0] for row in rows} == {"create"}
    assert all(len(row) == 7 for row in rows)  # no name begins a cell of its own
    hours = sum(change["hours"]["after"] for change in first.changes)
    assert sum(float(row[5].replace(",", "")) for row in rows if row[5]) == pytest.approx(
        hours, abs=0.1 * len(rows)
    )


def test_markdown_holds_no_markup_of_others(first: Plan) -> None:
    text = as_markdown(first, [TRIP])
    assert "<script" not in text
    assert "<b>" not in text
    assert r"\[x\](javascript:x)" in text  # no link
    assert "\nError: all is lost" not in text
    assert {c for c in text if ord(c) < 32} == {"\n"}
    assert r"http:\//" in text  # nor does GitHub make one of an address


def test_long_plans_are_cut_and_say_so(first: Plan) -> None:
    text = as_markdown(first, rows=3)
    assert len(cells(text, "Changes")) == 3
    assert f"... and {len(first.changes) - 3:,} more in the plan file" in text


def test_guards_stand_in_every_form(first: Plan) -> None:
    assert "## Stopped by the guards" in as_markdown(first, [TRIP])
    text = page.as_html(first, [TRIP])
    assert "The guards stop this plan." in text
    assert "The plan would delete &lt;b&gt;everything&lt;/b&gt;." in text
    assert f"--allow {first.sha256}" in text
    assert "The guards let this plan through." in page.as_html(first)


class Texts(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_hostile_names_are_text_on_the_page(first: Plan) -> None:
    found = Texts(page.as_html(first))
    assert not {"script", "img"} & set(found.tags)
    assert any("<script>alert(1)</script>" in text for text in found.texts)


def test_the_command_in_every_form(studio: Any, trouble: Any) -> None:
    file = studio.folder / "plan.json"
    text = studio.run("plan", "-o", file)
    assert text.code == 0, text.err
    assert text.out.startswith("Plan ")
    plan = Plan.load(file.read_bytes())
    shown = studio.run("plan", "--show", file)
    assert shown.out == text.out
    assert studio.run("plan", "--show", file, "--json").json == json.loads(file.read_bytes())
    assert studio.run("plan", "--show", file, "--format", "markdown").out == as_markdown(plan)
    assert studio.run("plan", "--show", file, "--format", "html").out == page.as_html(plan)
    assert plan.sha256 == trouble.keys["last"].sha256
    assert (studio.folder / "plans" / f"{plan.sha256[:16]}.json").read_bytes() == file.read_bytes()


def test_showing_a_plan_asks_nobody(studio: Any, monkeypatch: pytest.MonkeyPatch, first: Plan) -> None:
    file = studio.folder / "first.json"
    file.write_bytes(first.dump())
    monkeypatch.setenv("CREWTALLY_FTRACK__URL", "http://127.0.0.1:9")
    studio.warehouse.unlink()
    assert studio.run("plan", "--show", file).code == 0
    assert not studio.warehouse.exists()


def test_bad_usage(studio: Any) -> None:
    file = studio.folder / "plan.json"
    file.write_text('{"plan": {}, "sha256": "x"}')
    assert studio.run("plan", "--show", file).code == 4  # like any plan that was edited
    file.write_text("[]")
    assert studio.run("plan", "--show", file).code == 2
    assert studio.run("plan", "--show", studio.folder / "no.json").code == 2
    assert studio.run("plan", "--json", "--format", "html").code == 2
