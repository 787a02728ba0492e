"""The operations protocol: one POST is a list of operations, carried out in order, all or none.

{"action": "query_server_information"}                       {"action": "query_schemas"}
{"action": "query", "expression": ...}
{"action": "create" | "update", "entity_type": ..., "entity_key": [...], "entity_data": {...}}
{"action": "delete", "entity_type": ..., "entity_key": [...]}
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from connectors.sandbox.ftrack.attributes import EntityType
from connectors.sandbox.ftrack.errors import ForbiddenError, ValidationError
from connectors.sandbox.ftrack.evaluate import select
from connectors.sandbox.ftrack.paths import Found, entity_type
from connectors.sandbox.ftrack.project import Render, echo, renderers
from connectors.sandbox.ftrack.query import Query, parse
from connectors.sandbox.ftrack.store import Key, Store

VERSION = "24.6.0"
_KEPT_RESULTS = 8


class Operations:
    """Carries out operation lists on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._echoes: dict[tuple[str, tuple[str, ...]], Render] = {}
        self._results: OrderedDict[Query, tuple[int, list[Found]]] = OrderedDict()
        self._actions: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "query_server_information": self._information,
            "query_schemas": lambda _operation: store.schema.schemas,
            "query": self._query,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
        }

    def run(self, operations: Any) -> list[Any]:
        """Results in the order of the operations; raises ServiceError, and then nothing has happened."""
        if not isinstance(operations, list):
            raise ValidationError("The body is a list of operations.")
        with self._store.transaction():
            return [self._one(operation) for operation in operations]

    def _one(self, operation: Any) -> Any:
        action = operation.get("action") if isinstance(operation, Mapping) else None
        perform = self._actions.get(action) if isinstance(action, str) else None
        if perform is None:
            raise ValidationError(f"Unknown action {action!r}.")
        return perform(operation)

    def _information(self, _operation: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "version": VERSION,
            "schema_hash": self._store.schema.schema_hash,
            "is_timezone_support_enabled": True,
            "storage_scenario": None,
        }

    def _query(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        expression = operation.get("expression")
        if not isinstance(expression, str):
            raise ValidationError("A query needs an expression.")
        query = parse(expression)
        kind = entity_type(self._store, query.entity_type)
        renders = renderers(self._store, kind, query.projections)
        found, following = self._page(query)
        data = [renders[name](row) for name, row in found]
        return {"action": "query", "data": data, "metadata": {"next": {"offset": following}}}

    def _page(self, query: Query) -> tuple[list[Found], int | None]:
        """One page, and the offset of the next one if there is one."""
        found = self._all(replace(query, projections=(), offset=0, limit=None))
        if query.limit is None:
            return found[query.offset :], None
        end = query.offset + query.limit
        return found[query.offset : end], end if end < len(found) and query.limit else None

    def _all(self, query: Query) -> list[Found]:
        """The whole result; kept until the store changes, so that reading on is not searching again."""
        version, found = self._results.get(query, (-1, []))
        if version != self._store.version:
            found = select(self._store, query)
        self._results[query] = (self._store.version, found)
        self._results.move_to_end(query)
        if len(self._results) > _KEPT_RESULTS:
            self._results.popitem(last=False)
        return found

    def _create(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        kind, data = self._writable(operation), _data(operation)
        key = _key(operation, kind)
        made = {**data, **dict(zip(kind.primary_key, key, strict=True))} if key else data
        if key and any(data.get(name, made[name]) != made[name] for name in kind.primary_key):
            raise ValidationError(f"{kind.name}: entity_key {list(key)} and entity_data disagree.")
        return self._echo("create", kind, self._store.create(kind.name, made), data)

    def _update(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        kind, data = self._writable(operation), _data(operation)
        key = _required_key(operation, kind)
        self._store.update(kind.name, key, data)
        return self._echo("update", kind, key, data)

    def _delete(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        kind = self._writable(operation)
        self._store.delete(kind.name, _required_key(operation, kind))
        return {"action": "delete", "data": True}

    def _writable(self, operation: Mapping[str, Any]) -> EntityType:
        name = operation.get("entity_type")
        if not isinstance(name, str):
            raise ValidationError("An entity_type is needed.")
        kind = self._store.concrete_type(name)
        if kind.managed:
            raise ForbiddenError(f"{self._store.user} may not write {name}.")
        return kind

    def _echo(self, action: str, kind: EntityType, key: Key, data: Mapping[str, Any]) -> dict[str, Any]:
        """The row as it now is; with a mapping that was set, which the client would else show as it was."""
        mapped = tuple(name for name in data if name in kind.mapped)
        render = self._echoes.get((kind.name, mapped))
        if render is None:
            render = self._echoes[kind.name, mapped] = echo(self._store, kind, mapped)
        return {"action": action, "data": render(self._store.entities[kind.name][key])}


def _data(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    data = operation.get("entity_data", {})
    if not isinstance(data, Mapping):
        raise ValidationError("entity_data is an object.")
    if data.get("__entity_type__", operation.get("entity_type")) != operation.get("entity_type"):
        raise ValidationError(f"entity_data says {data['__entity_type__']!r}.")
    return data


def _key(operation: Mapping[str, Any], kind: EntityType) -> tuple[str, ...]:
    """The parts of the entity key; none when the operation leaves it to the server."""
    parts = operation.get("entity_key") or []
    parts = [parts] if isinstance(parts, str) else parts
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValidationError(f"entity_key is a list of text, not {parts!r}.")
    if parts and len(parts) != len(kind.primary_key):
        raise ValidationError(
            f"{kind.name} is known by {', '.join(kind.primary_key)}; the key has {len(parts)} parts."
        )
    return tuple(parts)


def _required_key(operation: Mapping[str, Any], kind: EntityType) -> Key:
    parts = _key(operation, kind)
    if not parts:
        raise ValidationError(f"An entity_key is needed to {operation['action']} a {kind.name}.")
    return parts[0] if len(parts) == 1 else parts
