"""`report`: pages that anybody can open, whatever people are called."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.pages import report, team
from pipelines.pages.html import clean
from pipelines.settings import load_settings
from transforms.warehouse import open_warehouse

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
VOID = {"br", "col", "meta", "!doctype"}
TAGS = """
    html head meta title style body header main nav footer section h1 h2 h3 p ul ol li a b i code small span
    div table caption thead tbody tr th td details summary figure figcaption
    svg defs pattern rect path line text
"""


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> Iterator[Element]:
        for child in self.children:
            if child.tag == tag and attributes.items() <= child.attributes.items():
                yield child
            yield from child.all(tag, **attributes)

    @property
    def text(self) -> str:
        return "".join(self.texts)


class Page(HTMLParser):
    """A page as a tree; an element that is not closed, or closed twice, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert self.open == [self.root], self.open[-1].tag

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attributes) == len(attrs)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.texts.append(data)

    def section(self, anchor: str) -> Element:
        [section] = self.root.all("section", id=anchor)
        return section

    def rows(self, anchor: str, caption: str) -> list[list[str]]:
        """Cells of the body of the one table in a section whose caption begins so."""
        tables = [
            t for t in self.section(anchor).all("table") if next(t.all("caption")).text.startswith(caption)
        ]
        [table] = tables
        return [[cell.text for cell in row.children] for body in table.all("tbody") for row in body.all("tr")]


def read(file: Path) -> Page:
    return Page(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def written(trouble: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the studio in trouble, as of the week in which the trouble is."""
    folder = tmp_path_factory.mktemp("report")
    trouble.copy_to(folder)
    (folder / "crewtally.toml").write_text(_configuration(trouble.sandbox.ready))
    settings = load_settings(folder / "crewtally.toml")
    with open_warehouse(settings.warehouse.path) as con:
        return report.write(settings, con, folder / "pages", now=NOW)


def _configuration(ready: dict[str, dict[str, str]]) -> str:
    lines = ['warehouse = { path = "warehouse.duckdb" }']
    for section, keys in ready.items():
        lines += [f"[{section}]", *(f'{key} = "{value}"' for key, value in keys.items())]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return read(written)


def test_the_command_says_where_it_is(studio: Any, tmp_path: Path) -> None:
    told = studio.run("report")
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{studio.folder / 'report' / 'index.html'}\n"
    assert {file.name for file in (studio.folder / "report").iterdir()} == {"index.html", "plan.html"}
    elsewhere = tmp_path / "some" / "where"
    assert studio.run("report", "-o", elsewhere, "--json").json == {"report": str(elsewhere / "index.html")}
    assert read(elsewhere / "index.html").section("team")


@pytest.mark.parametrize("name", ["index.html", "plan.html"])
def test_nothing_is_loaded_and_nothing_runs(written: Path, name: str) -> None:
    found = read(written.with_name(name))
    assert {element.tag for element in _elements(found.root)} <= set(TAGS.split())
    for element in _elements(found.root):
        assert not [a for a in element.attributes if a.startswith("on") or a in ("src", "style", "srcset")]
        assert re.fullmatch(r"#[\w-]+|plan\.html|", element.attributes.get("href", ""))
        assert "url(" not in element.attributes.get("fill", "").replace("url(#", "")
    [style] = found.root.all("style")
    assert not re.search(r"@import|url\(|expression", style.text)
    [policy] = found.root.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy.attributes["content"].startswith("default-src 'none'")


def _elements(root: Element) -> Iterator[Element]:
    for child in root.children:
        yield child
        yield from _elements(child)


@pytest.mark.parametrize("name", ["index.html", "plan.html"])
def test_hostile_names_are_text(written: Path, troubles: Any, name: str) -> None:
    raw = written.with_name(name).read_text(encoding="utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069]", raw)
    said = read(written.with_name(name)).root.text
    if name == "index.html":  # the last plan has nothing to do with them
        assert clean(troubles.HOSTILE).strip() in said
        assert troubles.LONG in said


@pytest.mark.parametrize("name", ["index.html", "plan.html"])
def test_it_can_be_read_without_seeing_it(written: Path, name: str) -> None:
    found = read(written.with_name(name)).root
    ids = [element.attributes["id"] for element in _elements(found) if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in _elements(found):
        labels = element.attributes.get("aria-labelledby", "").split()
        assert set(labels) <= set(ids)
        if element.tag == "a" and element.attributes["href"].startswith("#"):
            assert element.attributes["href"][1:] in ids
        if element.tag == "svg":
            assert labels or element.attributes.get("aria-hidden") == "true"
        if element.tag == "th":
            assert element.attributes["scope"] in ("col", "row", "rowgroup")
        if element.tag == "table":
            assert next(element.all("caption")).text
    [html] = found.all("html")
    assert html.attributes["lang"] == "en"
    levels = [int(element.tag[1]) for element in _elements(found) if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_who_is_above_capacity_is_said_in_words(page: Page) -> None:
    rows = {row[0]: row[1:] for row in page.rows("team", "By person, 10,000ft")}
    monday_before, monday = rows["Olive Over"][:2]
    assert monday_before == "0/ 40"
    assert monday == "50 ▲above capacity/ 40"
    assert rows["Dora Double"][2] == "80 ▲above capacity/ 40"  # both of the twins count
    assert page.rows("team", "By person, Ruddr")


def test_the_planners_by_week(page: Page, trouble: Any) -> None:
    rows = page.rows("planners", "Hours on projects by week")
    with duckdb.connect(str(trouble.folder / "warehouse.duckdb"), read_only=True) as con:
        expected = con.execute(
            "SELECT week, sum(greatest(tenthousandft_ms, ruddr_ms)) / 3600000 FROM mart_planner_week"
            " GROUP BY week ORDER BY week"
        ).fetchall()
    assert [row[0] for row in rows] == [str(week) for week, _ in expected]
    for row, (_, hours) in zip(rows, expected, strict=True):
        assert sum(float(cell.replace(",", "")) for cell in row[1:]) == pytest.approx(hours, abs=0.2)
    names = [row[0] for row in page.rows("planners", "In both planners, with different weekly hours")]
    assert "Olive Over" in names


def test_the_last_plan_and_the_last_push(page: Page, written: Path, trouble: Any) -> None:
    last = trouble.keys["last"]
    said = page.section("plan").text
    assert ("✓ Nothing to change in ftrack." in said) == (not last.changes)
    assert "somebody made the same record" in said
    assert "Nora Nearly" in said
    [whole] = page.section("plan").all("a", href="plan.html")
    assert whole.text
    push = page.section("push").text
    assert trouble.keys["pushed"][:8] in push
    assert "✗ 1 failed" in push
    [failed] = page.rows("push", "Failed or open changes")
    assert failed[0] == "Hank Gone"
    assert failed[4]
    assert last.sha256 in read(written.with_name("plan.html")).root.text


def test_what_needs_somebody_and_what_is_in_quarantine(page: Page, troubles: Any) -> None:
    attention = page.section("attention").text
    for said in (
        "Changed or deleted in ftrack by people",
        "In ftrack already",
        "Booked twice in one planner",
    ):
        assert said in attention
    [broken] = page.rows("quarantine", "Rows that broke the contract")
    assert broken[:3] == ["tenthousandft", "assignments", str(troubles.BROKEN)]


def test_figures_on_top(page: Page) -> None:
    [tiles] = page.root.all("ul", **{"class": "tiles"})
    figures = {item.children[0].text: item.children[1].text for item in tiles.children}
    assert figures["Failed"] == "1"
    assert figures["In quarantine"] == "1"
    assert int(figures["Above capacity"]) >= 2
    assert figures["Planners agree"].endswith("%")


def test_long_lists_are_cut_and_say_so(studio: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(team, "PEOPLE", 2)
    monkeypatch.setattr(team, "TEAMS", 1)
    settings = load_settings(studio.folder / "crewtally.toml", secrets=False)
    with open_warehouse(studio.warehouse) as con:
        found = read(report.write(settings, con, tmp_path / "cut", now=NOW))
    people = [row[0] for row in found.rows("team", "By person, 10,000ft") if len(row) > 1]
    assert people == ["Dora Double", "Nora Nearly"]  # those most above their capacity
    assert re.search(r"2 of \d+ people: those most above", found.section("team").text)
    assert "other disciplines" in found.section("team").text


def test_what_is_incomplete_comes_first(studio: Any, tmp_path: Path) -> None:
    with duckdb.connect(str(studio.warehouse)) as con:
        con.execute("UPDATE raw_snapshot SET complete = false, incomplete_reason = 'page 2 never came'")
    found = read(_reported(studio, tmp_path))
    first = next(found.root.all("section"))
    assert first.attributes["id"] == "fresh"
    assert "✗ incomplete page 2 never came" in first.text


def _reported(studio: Any, folder: Path) -> Path:
    told = studio.run("report", "-o", folder)
    assert told.code == 0, told.err
    return folder / "index.html"


def test_a_report_replaces_the_one_before(studio: Any, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name in ("index.html", "plan.html", "notes.txt"):
        (folder / name).write_text("old")
    shutil.rmtree(studio.folder / "plans")
    with duckdb.connect(str(studio.warehouse)) as con:
        con.execute("DELETE FROM push_plan")
    found = read(_reported(studio, folder))
    assert "There is no plan yet" in found.section("plan").text
    assert {file.name for file in folder.iterdir()} == {"index.html", "notes.txt"}


def test_all_that_is_past_is_drawn_all_the_same(studio: Any, tmp_path: Path) -> None:
    settings = load_settings(studio.folder / "crewtally.toml", secrets=False)
    with open_warehouse(studio.warehouse) as con:
        page = read(report.write(settings, con, tmp_path, now=NOW + timedelta(days=3650)))
    assert page.rows("team", "By person, 10,000ft")


def test_one_planner_alone_has_nobody_beside_it(trouble: Any, workspace: Any, tmp_path: Path) -> None:
    alone = workspace({"tenthousandft": trouble.sandbox.ready["tenthousandft"]})
    assert alone.run("pull").code == 0
    found = read(_reported(alone, tmp_path / "pages"))
    assert not list(found.root.all("section", id="planners"))
    assert "Nothing was pushed yet" in found.section("push").text


@pytest.mark.usefixtures("config")
def test_before_the_first_pull(crewtally: Any, tmp_path: Path) -> None:
    told = crewtally("report", "-o", tmp_path / "pages")
    assert told.code == 0, told.err
    said = read(tmp_path / "pages" / "index.html").root.text
    assert "no pull yet" in said
    assert "There are no totals yet" in said


@pytest.mark.usefixtures("config")
def test_a_folder_that_cannot_be_written(crewtally: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert crewtally("report", "-o", tmp_path / "file").code == 2
    told = crewtally("report", "-o", tmp_path / "file" / "below")
    assert (told.code, told.out) == (1, "")
    assert "file" in told.err


def test_without_a_planner_there_is_still_a_page(trouble: Any, workspace: Any, tmp_path: Path) -> None:
    made = workspace({"ftrack": trouble.sandbox.ready["ftrack"]})
    found = read(_reported(made, tmp_path / "pages"))
    assert "From no planner, pushed to ftrack." in found.root.text
