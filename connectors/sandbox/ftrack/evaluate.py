"""Syntax tree + store -> rows.

Conditions become Python closures, once per query; `not` is pushed down to the comparisons first, so that a
comparison with an empty value is false either way, as in SQL. Where an `and` or `or` offers ids or foreign
keys, rows come from the indexes; otherwise every row of the type is tested.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from connectors.sandbox.ftrack.attributes import Collection, Column, EntityType, Relation, to_datetime
from connectors.sandbox.ftrack.errors import ValidationError
from connectors.sandbox.ftrack.paths import (
    Found,
    Getter,
    attribute,
    collection,
    entity_type,
    getter,
    scalar,
    through,
)
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
)
from connectors.sandbox.ftrack.store import Row, Store

Predicate = Callable[[Row], bool]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_OPPOSITE = {
    "=": "!=",
    "!=": "=",
    ">": "<=",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    "like": "not_like",
    "not_like": "like",
}


def select(store: Store, query: Query) -> list[Found]:
    """Every row the query asks for, in its order, offset and limit left out; raises ValidationError."""
    kind = entity_type(store, query.entity_type)
    rows = list(_rows(store, kind)) if query.where is None else _matching(store, kind, query.where)
    for path, descending in reversed(query.order):
        get, _column = scalar(store, kind, path)
        rows = _sorted(rows, get, descending)
    return rows


def _rows(store: Store, kind: EntityType) -> Iterable[Found]:
    for name in store.schema.concrete[kind.name]:
        for row in store.entities[name].values():
            yield name, row


def _sorted(rows: list[Found], get: Getter, descending: bool) -> list[Found]:
    """Empty values first; most lists have none, and compare faster without a thought of them."""
    try:
        return sorted(rows, key=lambda found: get(found[1]), reverse=descending)
    except TypeError:
        return sorted(rows, key=lambda found: _sort_key(get(found[1])), reverse=descending)


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


def _matching(store: Store, kind: EntityType, where: Condition) -> list[Found]:
    where = _resolve(store, _spell_out(store, kind, where))
    known = _candidates(store, kind, where)
    if known is not None and isinstance(where, Among):
        return known  # the index has answered it: these rows and no others
    test = predicate(store, kind, where)
    return [found for found in (_rows(store, kind) if known is None else known) if test(found[1])]


def _spell_out(store: Store, kind: EntityType, condition: Condition) -> Condition:
    """`metadata.key is "x"` means `metadata any (key is "x")`: write it so."""
    match condition:
        case Both(conditions=parts) | Either(conditions=parts):
            return replace(condition, conditions=tuple(_spell_out(store, kind, part) for part in parts))
        case Not(condition=inner):
            return Not(_spell_out(store, kind, inner))
        case Compare(path=path) | Among(path=path):
            before, after = _crossing(store, kind, path)
            return Related(before, "any", replace(condition, path=after)) if after else condition
    return condition


def _crossing(store: Store, kind: EntityType, path: str) -> tuple[str, str]:
    """A path cut after its first collection; ("", "") when it has none to cut after."""
    names = path.split(".")
    for place, name in enumerate(names[:-1], start=1):
        item = attribute(store, kind, name)
        if isinstance(item, Collection):
            return ".".join(names[:place]), ".".join(names[place:])
        if isinstance(item, Column):
            break
        kind = store.schema.types[item.target]
    return "", ""


def _resolve(store: Store, condition: Condition) -> Condition:
    """Push `not` down to the leaves and run sub-queries."""
    match condition:
        case Not(condition=inner):
            return _resolve(store, _negated(inner))
        case Both(conditions=parts):
            return Both(tuple(_resolve(store, part) for part in parts))
        case Either(conditions=parts):
            return Either(tuple(_resolve(store, part) for part in parts))
        case Among(values=Query() as query):
            return replace(condition, values=_sub_select(store, query))
    return condition


def _negated(condition: Condition) -> Condition:
    match condition:
        case Not(condition=inner):
            return inner
        case Both(conditions=parts):
            return Either(tuple(Not(part) for part in parts))
        case Either(conditions=parts):
            return Both(tuple(Not(part) for part in parts))
        case Compare():
            return replace(condition, operator=_OPPOSITE[condition.operator])
        case Among():
            return replace(condition, negated=not condition.negated)
        case Related():
            return replace(condition, negated=not condition.negated)


def _sub_select(store: Store, query: Query) -> tuple[Value, ...]:
    kind = entity_type(store, query.entity_type)
    get, column = scalar(store, kind, query.projections[0])
    if column.kind != "string":
        raise ValidationError(f"in (select ...) needs a text attribute, not {query.projections[0]!r}.")
    stop = None if query.limit is None else query.offset + query.limit
    found = (get(row) for _name, row in select(store, query)[query.offset : stop])
    return tuple(Value(text, quoted=True) for text in found if text is not None)


def predicate(store: Store, kind: EntityType, condition: Condition) -> Predicate:
    """A test of one row; raises ValidationError for what the type does not have or cannot compare."""
    match condition:
        case Both(conditions=parts):
            tests = [predicate(store, kind, part) for part in parts]
            return lambda row: all(test(row) for test in tests)
        case Either(conditions=parts):
            tests = [predicate(store, kind, part) for part in parts]
            return lambda row: any(test(row) for test in tests)
        case Compare():
            return _comparison(store, kind, condition)
        case Among():
            return _membership(store, kind, condition)
        case Related():
            return _existence(store, kind, condition)
        case Not():
            return predicate(store, kind, _resolve(store, condition))


def _comparison(store: Store, kind: EntityType, condition: Compare) -> Predicate:
    if condition.operator in ("like", "not_like"):
        return _likeness(store, kind, condition)
    get, item = getter(store, kind, condition.path)
    wanted = _literal(item, condition.path, condition.value)
    compare = _COMPARISONS[condition.operator]
    if wanted is None:
        if condition.operator not in ("=", "!="):
            raise ValidationError(f"{condition.path} can be is or is_not none, not {condition.operator}.")
        return lambda row: compare(get(row), None)
    if condition.operator == "=":
        return lambda row: bool(get(row) == wanted)
    return lambda row: (value := get(row)) is not None and compare(value, wanted)


def _likeness(store: Store, kind: EntityType, condition: Compare) -> Predicate:
    get, column = scalar(store, kind, condition.path)
    if column.kind != "string":
        raise ValidationError(f"{condition.path} is no text: like does not work on it.")
    pattern = ".*".join(re.escape(part) for part in condition.value.text.split("%"))
    matches, wanted = re.compile(pattern, re.DOTALL).fullmatch, condition.operator == "like"
    return lambda row: (value := get(row)) is not None and (matches(value) is not None) is wanted


def _membership(store: Store, kind: EntityType, condition: Among) -> Predicate:
    get, column = scalar(store, kind, condition.path)
    wanted = {_literal(column, condition.path, value) for value in _values(condition)}
    if condition.negated:
        return lambda row: (value := get(row)) is not None and value not in wanted
    return lambda row: (value := get(row)) is not None and value in wanted


def _values(condition: Among) -> tuple[Value, ...]:
    return condition.values if isinstance(condition.values, tuple) else ()


def _existence(store: Store, kind: EntityType, condition: Related) -> Predicate:
    name, _, rest = condition.path.partition(".")
    item = attribute(store, kind, name)
    if isinstance(item, Column):
        raise ValidationError(f"{kind.name}.{name} is a value: compare it.")
    inner = _inner(store, store.schema.types[item.target], condition, rest)
    if rest and isinstance(item, Collection):
        raise ValidationError(f"{kind.name}.{name} is a collection: ask {name} any (...).")
    if not rest and condition.word == ("any" if isinstance(item, Relation) else "has"):
        right = "has" if isinstance(item, Relation) else "any"
        raise ValidationError(f"{kind.name}.{name}: ask {right}, not {condition.word}.")
    if isinstance(item, Relation):
        related = through(store, item, inner)
        return (lambda row: not related(row)) if condition.negated else (lambda row: bool(related(row)))
    members = collection(store, item)
    return lambda row: any(inner(found) for _name, found in members(row)) is not condition.negated


def _inner(store: Store, target: EntityType, condition: Related, rest: str) -> Predicate:
    """The test of the related row; the negation stays outside."""
    if rest:
        return _existence(store, target, replace(condition, path=rest, negated=False))
    if condition.condition is None:
        return lambda _row: True
    return predicate(store, target, _resolve(store, _spell_out(store, target, condition.condition)))


def _literal(item: Column | Relation, path: str, value: Value) -> Any:
    """A literal as the column holds values (a relation's only one is none); raises ValidationError."""
    if not value.quoted and value.text.lower() in ("none", "null"):
        return None
    if isinstance(item, Relation):
        raise ValidationError(f"{path} is a relation: compare {path}.id.")
    try:
        return _read(item, value.text)
    except (ValueError, OverflowError, KeyError):
        raise ValidationError(f"{path} is a {item.kind}: {value.text[:80]!r} is none.") from None


def _read(column: Column, text: str) -> Any:
    if column.kind == "datetime":
        return to_datetime(text)
    if column.kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    if column.kind in ("number", "integer"):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError
        return number
    return text


def _candidates(store: Store, kind: EntityType, condition: Condition) -> list[Found] | None:
    """Rows among which all matches are, from the indexes; None when only a scan will do."""
    match condition:
        case Both(conditions=parts):
            known = [found for part in parts if (found := _candidates(store, kind, part)) is not None]
            return min(known, key=len, default=None)
        case Either(conditions=parts):
            return _united([_candidates(store, kind, part) for part in parts])
        case Compare(operator="=", value=value):
            return _looked_up(store, kind, condition.path, (value,))
        case Among(negated=False):
            return _looked_up(store, kind, condition.path, _values(condition))
        case Related(negated=False, condition=inner) if inner is not None:
            return _owners(store, kind, condition.path, inner)
    return None


def _owners(store: Store, kind: EntityType, path: str, condition: Condition) -> list[Found] | None:
    """Rows whose collection holds a row that the indexes can find."""
    item = store.schema.attribute(kind, path)
    if not isinstance(item, Collection):
        return None
    target = store.schema.types[item.target]
    members = _candidates(store, target, _resolve(store, _spell_out(store, target, condition)))
    if members is None:
        return None
    owners = dict.fromkeys(row[item.column] for _name, row in members)
    found = (store.find(kind.name, key) for key in owners if key is not None)
    return [owner for owner in found if owner is not None]


def _united(parts: list[list[Found] | None]) -> list[Found] | None:
    rows: dict[int, Found] = {}
    for part in parts:
        if part is None:
            return None
        rows.update((id(found[1]), found) for found in part)
    return list(rows.values())


def _looked_up(store: Store, kind: EntityType, path: str, values: tuple[Value, ...]) -> list[Found] | None:
    column = _key_column(store, kind, path)
    if column is None or not all(
        value.quoted or value.text.lower() not in ("none", "null") for value in values
    ):
        return None
    texts = dict.fromkeys(value.text for value in values)
    rows: list[Found] = []
    for name in store.schema.concrete[kind.name]:
        real, table = store.schema.types[name], store.entities[name]
        if real.primary_key == (column,):
            rows.extend((name, table[text]) for text in texts if text in table)
        elif column in real.indexed:
            rows.extend((name, table[key]) for text in texts for key in store.referring(name, column, text))
        else:
            return None
    return rows


def _key_column(store: Store, kind: EntityType, path: str) -> str | None:
    """`context.id`, `context_id` and aliases -> the column; None for longer paths."""
    name, _, rest = path.partition(".")
    item = attribute(store, kind, name)
    if isinstance(item, Relation) and rest == "id":
        return item.column
    return item.name if isinstance(item, Column) and not rest else None
