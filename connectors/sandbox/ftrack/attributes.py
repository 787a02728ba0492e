"""The parts an entity type is made of: columns, relations, collections; and how a value enters a column."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property, lru_cache
from typing import Any, Literal

from connectors.sandbox.ftrack.errors import ValidationError

Kind = Literal["string", "number", "integer", "boolean", "datetime"]


@dataclass(frozen=True, slots=True)
class Column:
    """A value a row holds. `target` names the entity type a foreign key points to."""

    name: str
    kind: Kind = "string"
    required: bool = False
    default: Any = None
    immutable: bool = False
    computed: bool = False
    unique: bool = False
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A row seen through a foreign key: `context` through `context_id`."""

    name: str
    column: str
    target: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Rows of `target` whose `column` points back here; `mapped` ones read as a key-value mapping."""

    name: str
    target: str
    column: str
    only: tuple[str, str] | None = None
    mapped: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """A second name of a column: an allocation's `user_id` is its `resource_id`."""

    name: str
    column: str


Attribute = Column | Relation | Collection | Alias


@dataclass(frozen=True)
class EntityType:
    """One entity type.

    `bases` are the abstract types it also answers to; the rows of a `managed` type only the server writes.
    """

    name: str
    attributes: dict[str, Attribute]
    primary_key: tuple[str, ...] = ("id",)
    default_projections: tuple[str, ...] = ("id",)
    bases: tuple[str, ...] = ()
    abstract: bool = False
    managed: bool = False
    columns: dict[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        own = {name: item for name, item in self.attributes.items() if isinstance(item, Column)}
        object.__setattr__(self, "columns", own)

    @cached_property
    def blank(self) -> dict[str, Any]:
        """A row of defaults, in column order; copied for every create."""
        return {name: column.default for name, column in self.columns.items()}

    @cached_property
    def settable(self) -> dict[str, Column]:
        """The column behind each name under which a value can be written, aliases included."""
        aliases = {name: item.column for name, item in self.attributes.items() if isinstance(item, Alias)}
        return self.columns | {name: self.columns[column] for name, column in aliases.items()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.columns.items() if column.required)

    @cached_property
    def indexed(self) -> tuple[str, ...]:
        """Columns by which rows are found without a scan: foreign keys and unique values."""
        return tuple(name for name, column in self.columns.items() if column.target or column.unique)

    @cached_property
    def mapped(self) -> frozenset[str]:
        """Names of the collections that read as a mapping."""
        return frozenset(
            name for name, item in self.attributes.items() if isinstance(item, Collection) and item.mapped
        )


@lru_cache(maxsize=4096)
def to_datetime(text: str) -> datetime:
    """ISO 8601 -> naive UTC without microseconds: what ftrack stores. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=0)


def read_value(column: Column, value: Any) -> Any:
    """A wire (or Python) value as the column holds it; raises ValidationError naming column and value."""
    if value is None:
        return None
    try:
        return _READERS[column.kind](value)
    except (ValueError, TypeError, OverflowError, KeyError):
        shown = repr(value) if len(repr(value)) < 80 else repr(value)[:77] + "..."
        raise ValidationError(f"{column.name} takes a {column.kind}, not {shown}") from None


def _read_string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _read_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _read_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return value


def _read_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _read_datetime(value: Any) -> datetime:
    """`{"__type__": "datetime", "value": iso}` from the wire; datetime or date from Python."""
    if isinstance(value, datetime):
        return to_datetime(value.isoformat())
    if isinstance(value, date):
        return datetime.combine(value, time())
    if value["__type__"] not in ("datetime", "date"):
        raise ValueError
    return to_datetime(value["value"])


_READERS: dict[Kind, Callable[[Any], Any]] = {
    "string": _read_string,
    "number": _read_number,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "datetime": _read_datetime,
}


@lru_cache(maxsize=4096)
def wire_datetime(value: datetime | None) -> dict[str, str] | None:
    """As replies carry it: naive, in the server's time zone, which is UTC. Shared: not to be changed."""
    return None if value is None else {"__type__": "datetime", "value": value.isoformat()}
