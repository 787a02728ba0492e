"""The query language: text -> syntax tree.

    query      = [ "select" path {"," path} "from" ] Type [ "where" or ] { tail }
    tail       = "order" "by" path ["asc" | "desc"] {"," ...}  |  "offset" number  |  "limit" number
    or         = and { "or" and }
    and        = unary { "and" unary }
    unary      = "not" unary | "(" or ")" | condition
    condition  = path ("has" | "any") "(" [or] ")"
               | path ("in" | "not_in") "(" ( value {"," value} | query ) ")"
               | path operator value
    operator   = "is" | "=" | "is_not" | "!=" | "after" | ">" | "before" | "<" | ">=" | "<="
               | "like" | "not_like"
    value      = "text" | 'text' | bare word

Two words work for one operator (`is not`, `not in`, `not like`). Keywords take any case. In quotes a
backslash makes the next sign stand for itself: `\\x` is x, whatever x is. A bare `none`, `true` or `false` is
that value; in quotes it is text. Nothing but ParseError is ever raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from connectors.sandbox.ftrack.errors import ParseError

_MAX_DEPTH = 50
_MAX_DIGITS = 12
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<texts> \( \s* "[^"\\]*" (?: \s*,\s* "[^"\\]*" )* \s* \) )
      | (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<mark> <= | >= | != | [=<>(),] )
      | (?P<word> [^\s"'()<>=!,]+ )
    )""",
    re.VERBOSE | re.DOTALL,
)
_TEXTS = re.compile(r'"([^"]*)"')
_OPERATORS = {
    "is": "=",
    "=": "=",
    "is_not": "!=",
    "!=": "!=",
    "after": ">",
    ">": ">",
    "before": "<",
    "<": "<",
    ">=": ">=",
    "<=": "<=",
    "like": "like",
    "not_like": "not_like",
}
_NEGATED = {"is": "is_not", "in": "not_in", "like": "not_like"}


class Value(NamedTuple):
    """A literal; `quoted` ones are text whatever they spell. There can be hundreds in a query."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """`path operator value`; operators are =, !=, >, <, >=, <=, like, not_like."""

    path: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """`path in (...)`: literals, or the results of another query."""

    path: str
    values: tuple[Value, ...] | Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Related:
    """`path has (...)` and `path any (...)`; no condition asks only whether there is one."""

    path: str
    word: str
    condition: Condition | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """All of the conditions (`and`)."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the conditions (`or`)."""

    conditions: tuple[Condition, ...]


Condition = Compare | Among | Related | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query. No projections means the type's own defaults; `order` pairs are (path, descending)."""

    projections: tuple[str, ...]
    entity_type: str
    where: Condition | None = None
    order: tuple[tuple[str, bool], ...] = ()
    offset: int = 0
    limit: int | None = None


@lru_cache(maxsize=256)
def parse(expression: str) -> Query:
    """Parse one expression; raises ParseError saying what was expected where."""
    return _Parser(expression).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def _tokens(expression: str) -> list[_Token]:
    found: list[_Token] = []
    position, end = 0, len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        if match is None:
            raise _error(expression, position, "a quote that is never closed, or a sign with no meaning")
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind)))
        position = match.end()
    return found


def _error(expression: str, position: int, problem: str) -> ParseError:
    near = expression[position : position + 30]
    return ParseError(f"Failed to parse: {expression[:200]!r} (at {position}, near {near!r}: {problem})")


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = _tokens(expression)
        self._at = 0
        self._depth = 0

    def whole(self) -> Query:
        found = self._query()
        if self._at < len(self._tokens):
            raise self._expected("the end")
        return found

    def _query(self) -> Query:
        projections: tuple[str, ...] = ()
        if self._accept("select"):
            projections = self._paths()
            self._require("from")
        entity_type = self._word("an entity type")
        where = self._or() if self._accept("where") else None
        order: tuple[tuple[str, bool], ...] = ()
        offset, limit = 0, None
        while True:
            if self._accept("order"):
                self._require("by")
                order = self._order()
            elif self._accept("offset"):
                offset = self._number()
            elif self._accept("limit"):
                limit = self._number()
            else:
                return Query(projections, entity_type, where, order, offset, limit)

    def _paths(self) -> tuple[str, ...]:
        paths = [self._word("an attribute")]
        while self._accept(","):
            paths.append(self._word("an attribute"))
        return tuple(paths)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        terms: list[tuple[str, bool]] = []
        while True:
            path = self._word("an attribute")
            descending = self._accept("desc", "descending") is not None
            if not descending:
                self._accept("asc", "ascending")
            terms.append((path, descending))
            if not self._accept(","):
                return tuple(terms)

    def _or(self) -> Condition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._expected(f"no more than {_MAX_DEPTH} levels")
        found = [self._and()]
        while self._accept("or"):
            found.append(self._and())
        self._depth -= 1
        return found[0] if len(found) == 1 else Either(tuple(found))

    def _and(self) -> Condition:
        found = [self._unary()]
        while self._accept("and"):
            found.append(self._unary())
        return found[0] if len(found) == 1 else Both(tuple(found))

    def _unary(self) -> Condition:
        odd = False
        while self._accept("not"):
            odd = not odd
        found = self._group() if self._accept("(") else self._condition()
        return Not(found) if odd else found

    def _group(self) -> Condition:
        found = self._or()
        self._require(")")
        return found

    def _condition(self) -> Condition:
        path = self._word("an attribute")
        word = self._operator()
        if word in ("has", "any"):
            self._require("(")
            return Related(path, word, None if self._accept(")") else self._group())
        if word in ("in", "not_in"):
            return self._among(path, negated=word == "not_in")
        if word not in _OPERATORS:
            self._at -= 1
            raise self._expected("an operator")
        return Compare(path, _OPERATORS[word], self._value())

    def _operator(self) -> str:
        token = self._next("an operator")
        word = token.text.lower() if token.kind != "text" else ""
        if word == "not" and (follower := self._accept("in", "like")):
            return _NEGATED[follower]
        if word == "is" and self._accept("not"):
            return _NEGATED[word]
        return word

    def _among(self, path: str, *, negated: bool) -> Condition:
        if (texts := self._texts()) is not None:
            return Among(path, texts, negated)
        self._require("(")
        if self._peek() == "select":
            inner = self._query()
            self._require(")")
            return Among(path, inner, negated)
        values = [self._value()]
        while self._accept(","):
            values.append(self._value())
        self._require(")")
        return Among(path, tuple(values), negated)

    def _texts(self) -> tuple[Value, ...] | None:
        """A whole list of quoted texts, which is one token: lists of ids are long."""
        if self._at >= len(self._tokens) or self._tokens[self._at].kind != "texts":
            return None
        self._at += 1
        return tuple(Value(text, quoted=True) for text in _TEXTS.findall(self._tokens[self._at - 1].text))

    def _value(self) -> Value:
        token = self._next("a value")
        if token.kind == "text":
            return Value(re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL), quoted=True)
        if token.kind != "word":
            self._at -= 1
            raise self._expected("a value")
        return Value(token.text, quoted=False)

    def _number(self) -> int:
        text = self._word("a number")
        if not re.fullmatch(r"[0-9]+", text) or len(text) > _MAX_DIGITS:
            self._at -= 1
            raise self._expected("a number")
        return int(text)

    def _word(self, what: str) -> str:
        token = self._next(what)
        if token.kind != "word":
            self._at -= 1
            raise self._expected(what)
        return token.text

    def _next(self, what: str) -> _Token:
        if self._at >= len(self._tokens):
            raise self._expected(what)
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str | None:
        """The next token in lower case, unless it is quoted."""
        if self._at >= len(self._tokens) or self._tokens[self._at].kind == "text":
            return None
        return self._tokens[self._at].text.lower()

    def _accept(self, *words: str) -> str | None:
        found = self._peek()
        if found not in words:
            return None
        self._at += 1
        return found

    def _require(self, word: str) -> None:
        if not self._accept(word):
            raise self._expected(repr(word))

    def _expected(self, what: str) -> ParseError:
        done = self._at >= len(self._tokens)
        position = len(self._expression) if done else self._tokens[self._at].start
        return _error(self._expression, position, f"expected {what}")
