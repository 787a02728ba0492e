"""From the bytes of a flawless page to columns: the contract of `PageReader` at half the cost.

An object for each row is dear in a listing of hundreds of thousands. Most pages are beyond doubt for a fast
judge (`connectors.flawless`). Where one is not, pydantic validates the fields of the same models into plain
dictionaries, turned on their side. Any flaw, and the page is `PageReader`'s, who says what is wrong with
which row. **Rules that span fields (`model_validator`) are not looked at here**: who uses the columns applies
them, and leaves a page with a row that breaks one to `PageReader` as well.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from connectors.flawless import Flawless
from connectors.parsing import JsonNumber, Row

_made: Any = TypedDict  # mypy cannot follow types that are made at run time


@dataclass(frozen=True, slots=True)
class Columns:
    """The rows of a page by wire name, in their order; a field that is missing is None.

    `values` hold numbers as floats, dates as dates, nested records as dictionaries or Structs of msgspec.
    """

    rows: int
    values: Mapping[str, tuple[Any, ...]]
    unknown_fields: Counter[str] = field(default_factory=Counter)


class ColumnReader:
    """Reads pages `{<list_field>: [row, ...], ...}` of one stream. Built once, used for every page."""

    def __init__(self, list_field: str, model: type[Row]) -> None:
        self._list_field = list_field
        self._names = tuple(info.alias or name for name, info in model.model_fields.items())
        self._known = frozenset(self._names) | model.documented
        self._flawless = Flawless(list_field, model)
        self._page = TypeAdapter(_made("Page", {list_field: list[_plain(model)]}))  # type: ignore[misc]

    def read(self, body: bytes) -> Columns | None:
        """The columns of a page whose every field keeps to the contract, else None."""
        columns = self._flawless.read(body)
        if columns is not None:
            return Columns(len(columns[0]), dict(zip(self._names, columns, strict=True)))
        return self.judge(body)

    def judge(self, body: bytes) -> Columns | None:
        """The same by pydantic, which counts the fields nobody knows."""
        try:
            rows = self._page.validate_json(body)[self._list_field]
        except ValidationError:
            return None
        # Every row has all fields of the model, in the model's order, and after them any others.
        values = zip(*(row.values() for row in rows), strict=False) if rows else ((),) * len(self._names)
        unknown = {name for row in rows if len(row) > len(self._names) for name in row} - self._known
        drift = Counter({name: sum(name in row for row in rows) for name in unknown})
        return Columns(len(rows), dict(zip(self._names, values, strict=False)), drift)


def _plain(model: type[BaseModel]) -> Any:
    """The dictionary that holds the fields of a model, by their wire names."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        kind: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        default = () if info.is_required() else (Field(default=info.default),)
        fields[info.alias or name] = Annotated[_plain_type(kind), Field(), *default]
    made = _made(model.__name__, fields)
    made.__pydantic_config__ = ConfigDict(strict=True, extra="allow")
    return made


def _plain_type(kind: Any) -> Any:
    """An annotation without models and decimals; everything else stays as it is."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _plain(kind)
    if origin in (Union, UnionType):
        return reduce(operator.or_, map(_plain_type, arguments))
    if origin is list:
        return list[_plain_type(arguments[0])]  # type: ignore[misc]
    if origin is Annotated:
        inner, *rules = arguments
        numbers = [rule for rule in rules if isinstance(rule, JsonNumber)]
        return numbers[0].as_float() if numbers else Annotated[_plain_type(inner), *rules]
    return kind
