"""The query language, text to tree: what each spelling means, and that nothing but ParseError is raised."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.sandbox.ftrack.errors import ParseError
from connectors.sandbox.ftrack.query import (
    Among,
    Both,
    Compare,
    Condition,
    Either,
    Not,
    Query,
    Related,
    Value,
    parse,
)


def is_(path: str, text: str, quoted: bool = True) -> Compare:
    return Compare(path, "=", Value(text, quoted))


WHOLE = [
    ("Task", Query((), "Task")),
    ("select id, parent.name from Task", Query(("id", "parent.name"), "Task")),
    ("select id from Task offset 10 limit 5", Query(("id",), "Task", offset=10, limit=5)),
    ("Task limit 5 offset 10", Query((), "Task", offset=10, limit=5)),
    ("Task order by name", Query((), "Task", order=(("name", False),))),
    ("Task order by a desc, b asc limit 1", Query((), "Task", None, (("a", True), ("b", False)), 0, 1)),
    ("Task order by a descending, b ascending", Query((), "Task", order=(("a", True), ("b", False)))),
    ("SELECT id FROM Task WHERE a IS x", Query(("id",), "Task", is_("a", "x", False))),
    ("Task ORDER BY id LIMIT 1", Query((), "Task", order=(("id", False),), limit=1)),
    ("\n select id\tfrom Task \n", Query(("id",), "Task")),
]  # fmt: skip

A, B, C = is_("a", "1"), is_("b", "2"), is_("c", "3")
TEXT = {"A": 'a is "1"', "B": 'b is "2"', "C": 'c is "3"'}
CONDITIONS: list[tuple[str, Condition]] = [
    ("{A} and {B} or {C}", Either((Both((A, B)), C))),
    ("{A} or {B} and {C}", Either((A, Both((B, C))))),
    ("({A} or {B}) and {C}", Both((Either((A, B)), C))),
    ("not {A} and {B}", Both((Not(A), B))),
    ("not ({A} and {B})", Not(Both((A, B)))),
    ("not not {A}", A),
    ("(({A}))", A),
    ("{A}and {B}", Both((A, B))),
    ('a="1"', A),
    ("a = '1'", A),
    ("a is 1", is_("a", "1", False)),
    ("a is_not 1", Compare("a", "!=", Value("1", False))),
    ("a is not 1", Compare("a", "!=", Value("1", False))),
    ("a != 1", Compare("a", "!=", Value("1", False))),
    ("a after 2026-03-02", Compare("a", ">", Value("2026-03-02", False))),
    ("a before 2026-03-02T00:00:00", Compare("a", "<", Value("2026-03-02T00:00:00", False))),
    ("a>1", Compare("a", ">", Value("1", False))),
    ("a>=1", Compare("a", ">=", Value("1", False))),
    ("a <= -1.5", Compare("a", "<=", Value("-1.5", False))),
    ('a like "%x%"', Compare("a", "like", Value("%x%", True))),
    ("a not_like %x", Compare("a", "not_like", Value("%x", False))),
    ("a not like %x", Compare("a", "not_like", Value("%x", False))),
    ("a is none", is_("a", "none", False)),
    ('a is "none"', is_("a", "none")),
    ('a in ("x", y)', Among("a", (Value("x", True), Value("y", False)), False)),
    ("a in (x,y)", Among("a", (Value("x", False), Value("y", False)), False)),
    ("a not_in (x)", Among("a", (Value("x", False),), True)),
    ("a not in (x)", Among("a", (Value("x", False),), True)),
    ("a in (select id from B)", Among("a", Query(("id",), "B"), False)),
    ("a any ()", Related("a", "any", None)),
    ("a.b has ({C})", Related("a.b", "has", C)),
    ("a any ({B} or {C})", Related("a", "any", Either((B, C)))),
    ("limit is 1 and order is 2", Both((is_("limit", "1", False), is_("order", "2", False)))),
]
LITERALS = [
    (r'"plain"', "plain"),
    (r'"with \"quotes\""', 'with "quotes"'),
    (r'"back\\slash"', "back\\slash"),
    (r'"\\"', "\\"),
    (r'"\n is n"', "n is n"),
    (r"'it\'s'", "it's"),
    ('"it\'s"', "it's"),
    ('"a\nb"', "a\nb"),
    ('""', ""),
    ('"select ( , ) = and"', "select ( , ) = and"),
    ('"🎬 北京"', "🎬 北京"),
]
WRONG = [
    "",
    "   ",
    "select",
    "select from Task",
    "select id Task",
    "select id from",
    '"Task"',
    "Task where",
    "Task where a",
    "Task where a is",
    "Task where a is )",
    "Task where a sounds x",
    "Task where a is x y",
    'Task where a is "never closed',
    'Task where a is "ends in backslash\\"',
    "Task where a is x and",
    "Task where (a is x",
    "Task where a is x)",
    "Task where a in ()",
    "Task where a in x",
    "Task where a in (x",
    "Task where a in (x,)",
    "Task where a any",
    "Task where a any (",
    "Task where not",
    "Task limit",
    "Task limit -1",
    "Task limit x",
    "Task limit ١",
    "Task limit 1.5",
    "Task offset 99999999999999999999999999",
    "Task order name",
    "Task order by",
    "Task where a ! b",
    "Task where " + "(" * 60 + "a is x" + ")" * 60,
    "Task where " + "a has (" * 60 + "a is x" + ")" * 60,
]


@pytest.mark.parametrize(("text", "tree"), WHOLE)
def test_whole_queries(text: str, tree: Query) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(("text", "tree"), CONDITIONS)
def test_conditions(text: str, tree: Condition) -> None:
    assert parse("Task where " + text.format(**TEXT)) == Query((), "Task", tree)


@pytest.mark.parametrize(("text", "value"), LITERALS)
def test_literals(text: str, value: str) -> None:
    assert parse(f"Task where a is {text}").where == is_("a", value)


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_read_is_a_parse_error(text: str) -> None:
    with pytest.raises(ParseError, match="Failed to parse"):
        parse(text)


def test_the_error_says_where_and_what() -> None:
    with pytest.raises(ParseError, match=r"at 18, near 'sounds good': expected an operator"):
        parse("Task where a.name sounds good")


@given(st.text())
@example("\x00\x1c\u2028")
def test_any_text_parses_or_is_a_parse_error(text: str) -> None:
    for expression in (text, f"Task where {text}", f"Task where a is {text}"):
        with suppress(ParseError):
            parse(expression)


MARKS = '( ) , = >= "x" "'
KEYWORDS = "select from where and or not in has any is like not_in order by desc limit offset none"
WORDS = st.sampled_from([*MARKS.split(), *KEYWORDS.split(), "Task", "a", "b.c", "7"])


@given(st.lists(WORDS, max_size=25))
def test_any_heap_of_words_parses_or_is_a_parse_error(words: list[str]) -> None:
    for joint in (" ", ""):
        with suppress(ParseError):
            parse(joint.join(words))


@given(st.text())
def test_any_text_can_be_quoted(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert parse(f'Task where name is "{escaped}"').where == is_("name", text)
