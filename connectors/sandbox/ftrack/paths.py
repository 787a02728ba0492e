"""How to get from a row to what a dotted path names: its values, its relations, its collections."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from connectors.sandbox.ftrack import rules
from connectors.sandbox.ftrack.attributes import Alias, Collection, Column, EntityType, Relation
from connectors.sandbox.ftrack.errors import ValidationError
from connectors.sandbox.ftrack.store import Row, Store

Found = tuple[str, Row]
"""A row and the name of its type."""
Getter = Callable[[Row], Any]


def entity_type(store: Store, name: str) -> EntityType:
    """A type by name, abstract ones included; raises ValidationError."""
    found = store.schema.types.get(name)
    if found is None:
        raise ValidationError(f"Unknown entity type {name!r}.")
    return found


def attribute(store: Store, kind: EntityType, name: str) -> Column | Relation | Collection:
    """An attribute by name, aliases resolved; raises ValidationError."""
    item = store.schema.attribute(kind, name)
    if isinstance(item, Alias):
        item = store.schema.attribute(kind, item.column)
    if item is None or isinstance(item, Alias):
        raise ValidationError(f"{kind.name} has no attribute {name!r}.")
    return item


def scalar(store: Store, kind: EntityType, path: str) -> tuple[Getter, Column]:
    """How to read a dotted path that ends in a value, and its column; raises ValidationError."""
    get, item = getter(store, kind, path)
    if isinstance(item, Relation):
        raise ValidationError(f"{kind.name}.{path} is a relation: name an attribute of it.")
    return get, item


def getter(store: Store, kind: EntityType, path: str) -> tuple[Getter, Column | Relation]:
    """How to read a dotted path from a row, and what is at its end; a relation reads as its key."""
    name, _, rest = path.partition(".")
    item = attribute(store, kind, name)
    match item:
        case Column(name="time_logged") if not rest:
            return lambda row: rules.time_logged(store, row["id"]), item
        case Column() if not rest:
            return _reader(kind, item.name), item
        case Relation() if rest in ("", "id"):
            return _reader(kind, item.column), Column(item.column) if rest else item
        case Relation():
            inner, column = getter(store, store.schema.types[item.target], rest)
            return through(store, item, inner), column
        case Collection():
            raise ValidationError(f"{kind.name}.{name} is a collection: ask {name} any (...).")
    raise ValidationError(f"{kind.name}.{name} is a value, it has no {rest!r}.")


def _reader(kind: EntityType, column: str) -> Getter:
    """Rows of an abstract type need not all have a column that one of its kinds has."""
    return (lambda row: row.get(column)) if kind.abstract else operator.itemgetter(column)


def through(store: Store, relation: Relation, inner: Getter) -> Getter:
    """Read something of the related row; None when there is none."""

    def get(row: Row) -> Any:
        key = row.get(relation.column)
        found = None if key is None else store.find(relation.target, key)
        return None if found is None else inner(found[1])

    return get


def collection(store: Store, item: Collection) -> Callable[[Row], Iterable[Found]]:
    """How to read the rows of a collection."""
    names = [
        name for name in store.schema.concrete[item.target] if item.column in store.schema.types[name].indexed
    ]

    def members(row: Row) -> Iterable[Found]:
        for name in names:
            rows = store.entities[name]
            for key in store.referring(name, item.column, row["id"]):
                if item.only is None or rows[key][item.only[0]] == item.only[1]:
                    yield name, rows[key]

    return members
