"""Rows in memory: referential checks, indexes on foreign keys, and transactions that roll back whole.

A row is a dict of its type's columns (`datetime` values are naive UTC), kept by its key: the id, or for
Metadata the tuple (parent_id, key). Rows are never changed in place: a change replaces the row, so whoever
holds an old one holds a consistent one. Read `entities` freely; write through the methods, or the indexes
and cached query results go stale.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.ftrack import rules
from connectors.sandbox.ftrack.attributes import Collection, Column, EntityType, Relation, read_value
from connectors.sandbox.ftrack.builtin import builtin_rows
from connectors.sandbox.ftrack.errors import DuplicateEntryError, IntegrityError, ValidationError
from connectors.sandbox.ftrack.schemas import DIALECTS

Key = str | tuple[str, ...]
Row = dict[str, Any]

SOMEBODY = "somebody"
"""Who changes the rows when nobody is named: a person in ftrack itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after; None where it did not, or does not any more, exist."""

    entity_type: str
    key: Key
    before: Row | None
    after: Row | None


class Store:
    """One ftrack workspace: a dialect ("seed" or "studio"), the user and key that may log in, and the rows.

    `version` grows with every change. `listeners` are called with the changes of each committed transaction;
    `author` then says whose they are.
    """

    def __init__(self, dialect: str, user: str, key: str) -> None:
        if dialect not in DIALECTS:
            raise ValueError(f"dialect {dialect!r} is not one of {', '.join(DIALECTS)}")
        self.dialect, self.user, self.key = dialect, user, key
        self.schema = DIALECTS[dialect]
        self.entities: dict[str, dict[Key, Row]] = {
            name: {} for name, kind in self.schema.types.items() if not kind.abstract
        }
        self.version = 0
        self.lock = threading.RLock()
        self.listeners: list[Callable[[list[Change]], None]] = []
        self._index: dict[tuple[str, str], dict[Any, dict[Key, None]]] = {
            (name, column): {} for name in self.entities for column in self.schema.types[name].indexed
        }
        self._journal: list[Change] | None = None
        self._acting = threading.local()
        for entity_type, data in builtin_rows():
            self.create(entity_type, data)

    # Writing. Every method is a transaction of its own, or part of the one it is called in.

    def add(self, entity_type: str, /, **data: Any) -> str:
        """Create a row and return its id (for Metadata its parent's id); values as in `create`."""
        key = self.create(entity_type, data)
        return key if isinstance(key, str) else key[0]

    def change(self, entity_type: str, key: Key, /, **data: Any) -> None:
        """Set some attributes of a row."""
        self.update(entity_type, key, data)

    def remove(self, entity_type: str, key: Key, /) -> None:
        """Delete a row and what cannot be without it."""
        self.delete(entity_type, key)

    def create(self, entity_type: str, data: Mapping[str, Any]) -> Key:
        """Create a row from attribute values as they come over the wire, or as Python values.

        Raises ValidationError (unknown type or attribute, wrong value, required value missing),
        IntegrityError (a reference to nothing), DuplicateEntryError (the key or a unique value is taken).
        """
        with self.transaction():
            kind = self.concrete_type(entity_type)
            row = kind.blank | self._values(kind, data)
            if "id" in row and row["id"] is None:
                row["id"] = str(uuid.uuid4())
            key = self._key_of(kind, row)
            if key in self.entities[entity_type]:
                raise DuplicateEntryError(f"{entity_type} {key} already exists.")
            rules.derive(self, kind.name, row)
            self._put(kind, key, row)
            return key

    def update(self, entity_type: str, key: Key, data: Mapping[str, Any]) -> None:
        """Set attributes of a row; raises as `create` does, and ValidationError for what cannot change."""
        with self.transaction():
            kind = self.concrete_type(entity_type)
            before = self.row(entity_type, key)
            values = self._values(kind, data)
            for name, value in values.items():
                if kind.columns[name].immutable and value != before[name]:
                    raise ValidationError(f"{entity_type}.{name} cannot be changed.")
            after = before | values
            rules.derive(self, kind.name, after)
            self._put(kind, key, after)

    def delete(self, entity_type: str, key: Key) -> None:
        """Delete a row. Rows that require it go too; optional references to it are emptied."""
        with self.transaction():
            kind = self.concrete_type(entity_type)
            self.row(entity_type, key)
            self._put(kind, key, None)  # first: tasks can be each other's parents
            for name, column in self.schema.referrers[entity_type]:
                for other in self.referring(name, column.name, key):
                    self._release(name, other, column)

    def transaction(self) -> AbstractContextManager[object]:
        """All or nothing: whatever is raised inside undoes every change made inside. Transactions nest."""
        with self.lock:  # waits for those of other threads, so that a journal is this thread's own
            return self._transaction() if self._journal is None else self.lock

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self.lock:
            journal: list[Change] = []
            self._journal = journal
            try:
                yield
                rules.settle(self, journal)
            except BaseException:
                for change in reversed(journal):
                    self._restore(change)
                raise
            finally:
                self._journal = None
            for listener in self.listeners if journal else ():
                listener(journal)

    @contextmanager
    def acting(self, user: str) -> Iterator[None]:
        """What this thread changes inside is that user's doing."""
        self._acting.user = user
        try:
            yield
        finally:
            self._acting.user = SOMEBODY

    # Reading.

    @property
    def author(self) -> str:
        """The name of the user on whose behalf this thread works."""
        user: str = getattr(self._acting, "user", SOMEBODY)
        return user

    def concrete_type(self, entity_type: str) -> EntityType:
        """The type of that name whose rows exist; raises ValidationError for an unknown or abstract one."""
        kind = self.schema.types.get(entity_type)
        if kind is None:
            raise ValidationError(f"Unknown entity type {entity_type!r}.")
        if kind.abstract:
            names = " or ".join(self.schema.concrete[entity_type])
            raise ValidationError(f"{entity_type} is abstract: name {names}.")
        return kind

    def row(self, entity_type: str, key: Key) -> Row:
        """The row of that key; raises ValidationError."""
        found = self.entities[entity_type].get(key)
        if found is None:
            raise ValidationError(f"{entity_type} {key} does not exist.")
        return found

    def find(self, target: str, key: Key) -> tuple[str, Row] | None:
        """(type, row) of a key among all types `target` stands for."""
        for name in self.schema.concrete[target]:
            found = self.entities[name].get(key)
            if found is not None:
                return name, found
        return None

    def referring(self, entity_type: str, column: str, value: Any) -> list[Key]:
        """Keys of the rows whose indexed column holds a value, oldest first."""
        return list(self._index[entity_type, column].get(value, ()))

    # Inside.

    def _values(self, kind: EntityType, data: Mapping[str, Any]) -> Row:
        """Attribute values -> column values, checked one by one."""
        values: Row = {}
        seen: Row = {}
        settable = kind.settable
        for name, value in data.items():
            column = settable.get(name)
            if column is not None:
                self._take(kind, values, column, read_value(column, value))
            elif name != "__entity_type__":
                self._take_other(kind, seen, name, value)
        return self._merge(kind, values, seen) if seen else values

    def _take_other(self, kind: EntityType, seen: Row, name: str, value: Any) -> None:
        """An attribute that is no value of the row itself."""
        match kind.attributes.get(name):
            case Relation(column=target):
                self._take(kind, seen, kind.columns[target], self._reference(name, value))
            case Collection(mapped=True):
                self._check_mapped(name, value)
            case Collection():
                raise ValidationError(
                    f"{kind.name}.{name} is read through the rows that point here; write those."
                )
            case _:
                raise ValidationError(f"{kind.name} has no attribute {name!r}.")

    def _take(self, kind: EntityType, values: Row, column: Column, value: Any) -> None:
        if column.computed:
            raise ValidationError(f"{kind.name}.{column.name} is computed by the server.")
        if values.get(column.name, value) != value:
            raise ValidationError(f"{kind.name}: two values for {column.name}.")
        if column.target and value is not None and self.find(column.target, value) is None:
            raise IntegrityError(f"{kind.name}.{column.name}: no {column.target} with id {value!r}.")
        values[column.name] = value

    def _merge(self, kind: EntityType, values: Row, related: Row) -> Row:
        """A relation wins over its key's default, which the official client always sends beside it."""
        for name, value in related.items():
            if values.get(name, value) not in (value, kind.columns[name].default):
                raise ValidationError(f"{kind.name}: two values for {name}.")
            values[name] = value
        return values

    def _reference(self, name: str, value: Any) -> str | None:
        """`{"__entity_type__": "Task", "id": ...}` -> the id."""
        if value is None:
            return None
        if not isinstance(value, Mapping) or not isinstance(value.get("id"), str):
            raise ValidationError(f"{name} takes a reference with __entity_type__ and id, not {value!r}.")
        found: str = value["id"]
        entity_type = value.get("__entity_type__")
        if entity_type not in self.schema.concrete or self.find(entity_type, found) is None:
            raise IntegrityError(f"{name}: no {entity_type} with id {found!r}.")
        return found

    def _check_mapped(self, name: str, value: Any) -> None:
        """The official client names a mapping's rows again after creating them: nothing changes by that."""
        if value is not None and not isinstance(value, list):
            raise ValidationError(f"{name} takes a list of references.")
        for item in value or ():
            key = (item.get("parent_id"), item.get("key")) if isinstance(item, Mapping) else None
            if key not in self.entities["Metadata"]:
                raise IntegrityError(f"{name}: no Metadata {item!r}.")

    def _key_of(self, kind: EntityType, row: Row) -> Key:
        parts = tuple(row[name] for name in kind.primary_key)
        if not all(parts):
            raise ValidationError(f"{kind.name} needs {' and '.join(kind.primary_key)}.")
        return parts[0] if len(parts) == 1 else parts

    def _put(self, kind: EntityType, key: Key, after: Row | None) -> None:
        """Store (or with None drop) a row, index it, and remember how to undo it."""
        rows = self.entities[kind.name]
        before = rows.get(key)
        for column in kind.indexed:
            old, new = before and before[column], after and after[column]
            if old != new:
                self._reindex(kind, column, key, old, new)
        if after is None:
            del rows[key]
        else:
            rows[key] = after
        self.version += 1
        if self._journal is not None:
            self._journal.append(Change(kind.name, key, before, after))

    def _reindex(self, kind: EntityType, column: str, key: Key, old: Any, new: Any) -> None:
        index = self._index[kind.name, column]
        if new is not None and kind.columns[column].unique and index.get(new):
            raise DuplicateEntryError(f"{kind.name}.{column} {new!r} is taken.")
        if old is not None:
            del index[old][key]
            if not index[old]:
                del index[old]
        if new is not None:
            index.setdefault(new, {})[key] = None

    def _restore(self, change: Change) -> None:
        journal, self._journal = self._journal, None
        self._put(self.schema.types[change.entity_type], change.key, change.before)
        self._journal = journal

    def _release(self, entity_type: str, key: Key, column: Column) -> None:
        """Cut a reference to a row that is going away."""
        if key not in self.entities[entity_type]:
            return
        if column.required:
            self.delete(entity_type, key)
        else:
            row = self.entities[entity_type][key]
            self._put(self.schema.types[entity_type], key, row | {column.name: None})
