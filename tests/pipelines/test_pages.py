"""What pages are made of: elements, tables, charts, coloured cells."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pages.blocks import hours, mark, table, text
from pipelines.pages.charts import Series, bars
from pipelines.pages.heat import Line, Load, heat
from pipelines.pages.html import Html, clean, el, join

MONDAY = date(2026, 3, 2)
WEEKS = [MONDAY + timedelta(weeks=n) for n in range(4)]


@given(st.text())
def test_text_never_becomes_markup(said: str) -> None:
    made = el("p", said, title=said)
    assert re.fullmatch(r'<p title="[^"<>]*">[^<>]*</p>', made, re.DOTALL)
    made.encode("utf-8")  # half characters are gone
    assert clean(clean(said)) == clean(said)


def test_elements() -> None:
    assert el("b", 1, None, [el("i", "x"), 2.5], class_="n", hidden=True, title=None) == (
        '<b class="n" hidden>1<i>x</i>2.5</b>'
    )
    assert el("br") == "<br>"
    assert el("a", aria_label="x", http_equiv="y") == '<a aria-label="x" http-equiv="y"></a>'
    assert join("<", Html("<hr>")) == "&lt;<hr>"
    assert clean("a\r\nb\u2028c\x1bd\u202ee\ud800") == "a b c\ufffdd\ufffde\ufffd"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234, "1,234"), (1234.56, "1,234.6"), (2.0, "2"), (None, ""), (True, "yes"), (MONDAY, "2026-03-02")],
)
def test_values_for_the_eye(value: object, said: str) -> None:
    assert text(value) == said  # type: ignore[arg-type]


def test_hours_for_the_eye() -> None:
    assert [hours(value) for value in (0.0, 7.5, 12345.6)] == ["0 h", "7.5 h", "12,346 h"]


def test_a_mark_is_a_sign_and_a_word() -> None:
    assert mark("bad", "failed & <b>") == (
        '<span class="mark bad"><span aria-hidden="true">✗</span> failed &amp; &lt;b&gt;</span>'
    )


def test_a_table_names_its_rows_and_says_what_it_leaves_out() -> None:
    made = table("T", ("who", "h"), [("Ada <", 1.0), ("Ben", None)], total=5, elsewhere="Look there.")
    assert '<th scope="row">Ada &lt;</th><td class="n">1</td>' in made
    assert "3 more are not shown. Look there." in made
    assert "not shown" not in table("T", ("who",), [("Ada",)], total=1)
    assert "1 more is not shown" in table("T", ("who",), [("Ada",)], total=2)


def boxes(svg: str) -> list[tuple[float, float]]:
    """Top and height of every bar of the drawing."""
    found = re.findall(r'<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)" fill="url', svg)
    return [(float(top), float(height)) for top, height in found]


def test_bars_are_as_high_as_their_hours() -> None:
    made = bars("c", "T", WEEKS, [Series("one", "s-a", [10, 0, 5, 20]), Series("two", "s-b", [10, 0, 0, 20])])
    found = boxes(made)
    assert len(found) == 5  # nothing is drawn for nothing
    (top, height), (upper, second) = found[:2]
    assert upper + second == pytest.approx(top, abs=0.2)  # stacked
    assert height == pytest.approx(second, abs=0.2)
    assert found[3][1] == pytest.approx(2 * height, abs=0.3)
    assert all(top >= 0 for top, _ in found)


@pytest.mark.parametrize("values", [[0, 0, 0, 0], [0.001, 0, 0, 0], [1e6, 2, 3, 4], [99, 100, 101, 1]])
def test_any_hours_can_be_drawn(values: list[float]) -> None:
    made = bars(
        "c", "T", WEEKS, [Series("one", "s-a", values)], line=Series("cap", "level", [40.0] * 4), now=MONDAY
    )
    lines = [float(y) for y in re.findall(r'y1="([\d.]+)"', made)]
    assert 2 <= len(lines) <= 6
    assert all(0 <= y <= 250 for y in lines)
    assert 'class="now"' in made


@pytest.mark.parametrize(
    ("booked", "capacity", "look"),
    [
        (0, 40, "h0"),
        (20, 40, "h1"),
        (32, 40, "h2"),
        (39, 40, "h3"),
        (40, 40, "h4"),
        (40.001, 40, "h4"),  # a rounding is nobody's overtime
        (41, 40, "over"),
        (1, 0, "over"),
        (0, 0, "h0"),
        (9, None, "h0"),
    ],
)
def test_how_full_a_cell_looks(booked: float, capacity: float | None, look: str) -> None:
    assert Load(booked, capacity).look == look


def test_what_is_above_capacity_is_said_without_colour() -> None:
    loads = {
        WEEKS[0]: Load(48, 40),
        WEEKS[1]: Load(38, 40, 1),
        WEEKS[2]: Load(0, 0),
        WEEKS[3]: Load(7.5, 40, 2),
    }
    made = heat("T", "who", WEEKS, [Line("Ada", loads, "FX"), Line("Ben", {}, "FX")], MONDAY)
    for said in (
        "above capacity",
        "one day above capacity",
        "2 days above capacity",
        "no capacity",
        "this week",
    ):
        assert f">{said}<" in made or f"> {said}<" in made
    assert "▲" in made
    assert "△" in made
    assert made.count('scope="rowgroup"') == 1
    assert made.count("<td></td>") == 4  # nothing is known of Ben
