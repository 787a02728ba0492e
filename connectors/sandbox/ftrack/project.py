"""Rows -> what a reply carries: the projections of a query, and the whole row for an echo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from connectors.sandbox.ftrack import rules
from connectors.sandbox.ftrack.attributes import (
    Alias,
    Collection,
    Column,
    EntityType,
    Relation,
    wire_datetime,
)
from connectors.sandbox.ftrack.errors import ValidationError
from connectors.sandbox.ftrack.paths import attribute, collection
from connectors.sandbox.ftrack.store import Row, Store

Render = Callable[[Row], dict[str, Any]]
Tree = dict[str, "Tree"]
"""Attribute -> what is asked of the row behind it; nothing asked means its type's default projections."""


def tree(paths: Iterable[str]) -> Tree:
    """`a, b.c, b.d` -> {a: {}, b: {c: {}, d: {}}}."""
    root: Tree = {}
    for path in paths:
        node = root
        for name in path.split("."):
            node = node.setdefault(name, {})
    return root


def renderers(store: Store, kind: EntityType, projections: Iterable[str]) -> dict[str, Render]:
    """For each type the rows can be of, how to write one; raises ValidationError for unknown attributes.

    The key is always written, and `__entity_type__` is the row's own type: the official client needs both.
    """
    return _renderers(store, kind, tree(projections))


def _renderers(store: Store, kind: EntityType, wanted: Tree) -> dict[str, Render]:
    for name in wanted:
        attribute(store, kind, name)
    return {
        name: _renderer(store, store.schema.types[name], wanted) for name in store.schema.concrete[kind.name]
    }


def _renderer(store: Store, kind: EntityType, wanted: Tree) -> Render:
    wanted = wanted or {name: {} for name in kind.default_projections}
    wanted = {name: {} for name in kind.primary_key} | wanted
    plain = [(name, column) for name in wanted if (column := _as_it_is(kind, name))]
    as_they_are = {name for name, _column in plain}
    others = [
        (name, _field(store, kind, name, below))
        for name, below in wanted.items()
        if name in kind.attributes and (below or name not in as_they_are)
    ]

    def render(row: Row) -> dict[str, Any]:
        written: dict[str, Any] = {"__entity_type__": kind.name}
        for name, column in plain:
            written[name] = row[column]
        for name, read in others:
            written[name] = read(row)
        return written

    return render


def _as_it_is(kind: EntityType, name: str) -> str | None:
    """The column of a value that is written as the row holds it, as most are; None of the others."""
    column = kind.settable.get(name)
    if column is None or column.kind == "datetime" or column.name == "time_logged":
        return None
    return column.name


def _field(store: Store, kind: EntityType, name: str, below: Tree) -> Callable[[Row], Any]:
    item = attribute(store, kind, name)
    match item:
        case Relation():
            return _related(store, item, _renderers(store, store.schema.types[item.target], below))
        case Collection():
            return _collected(store, item, _renderers(store, store.schema.types[item.target], below))
    if below:
        raise ValidationError(f"{kind.name}.{name} is a value, it has no {next(iter(below))!r}.")
    return _column(store, item)


def _column(store: Store, column: Column) -> Callable[[Row], Any]:
    name = column.name
    if name == "time_logged":
        return lambda row: rules.time_logged(store, row["id"])
    if column.kind == "datetime":
        return lambda row: wire_datetime(row[name])
    return lambda row: row[name]


def _related(store: Store, relation: Relation, renders: dict[str, Render]) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        key = row[relation.column]
        found = None if key is None else store.find(relation.target, key)
        return None if found is None else renders[found[0]](found[1])

    return read


def _collected(store: Store, item: Collection, renders: dict[str, Render]) -> Callable[[Row], Any]:
    members = collection(store, item)
    return lambda row: [renders[name](found) for name, found in members(row)]


def echo(store: Store, kind: EntityType, also: Iterable[str]) -> Render:
    """How to write a created or updated row: every value of it, no relations but those asked for."""
    values = [name for name, item in kind.attributes.items() if isinstance(item, Column | Alias)]
    return _renderer(store, kind, {name: {} for name in (*values, *also)})
