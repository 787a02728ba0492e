"""From the bytes of a page to rows and rejects: a sound page at once, any other row by row.

Rules that hold for every stream of both planners:
- a number is a JSON number, finite, never a string; hours and shares are `Decimal`, 0 to `MAX_EFFORT`;
- ids are whole positive numbers, or non-empty strings, as the service has them;
- dates are `YYYY-MM-DD`; a field that may be missing may be null as well;
- a value outside a documented list of values rejects its row: what it means for the hours is anybody's guess;
- fields nobody documented are kept, counted and no reason to reject (`Row.drift`).
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from connectors.errors import ContractError
from connectors.wire import Parsed, Reject

MAX_SPAN_DAYS = 3660
"""Ten years: a longer booking is a slip of the keyboard (a 300-year one would fill the warehouse)."""

MAX_EFFORT = 1_000_000
"""Hours, or multiples of full time: far above any plan, and no booking's milliseconds overflow 64 bits."""

_MAX_ID = 2**63 - 1
_MOST_DIGITS = 1000
_SHOWN_ERRORS = 3


class JsonNumber:
    """A `Decimal` that comes from a JSON number only: pydantic's own strict Decimal takes strings too."""

    def __init__(self, minimum: float | None, *, exact: bool = True) -> None:
        self.minimum = minimum
        self.exact = exact

    def as_float(self) -> Any:
        """The same number under the same rules, left a float."""
        return Annotated[float, JsonNumber(self.minimum, exact=False)]

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        number = core_schema.float_schema(strict=True, allow_inf_nan=False, ge=self.minimum, le=MAX_EFFORT)
        if not self.exact:
            return number
        return core_schema.chain_schema([number, core_schema.decimal_schema(strict=False)])


Hours = Annotated[Decimal, JsonNumber(minimum=0)]
"""Effort: hours, or a multiple of full time. Not negative."""

Number = Annotated[Decimal, JsonNumber(minimum=None)]
"""Any other figure (a rate, a target)."""

IntId = Annotated[int, Field(ge=1, le=_MAX_ID)]
TextId = Annotated[str, StringConstraints(min_length=1)]


class Row(BaseModel):
    """A record on the wire. `documented` names fields the vendor describes and we have no use for."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    documented: ClassVar[frozenset[str]] = frozenset()

    def drift(self) -> Iterator[str]:
        """Names of the fields that the contract does not know."""
        for name in self.__pydantic_extra__ or ():
            if name not in self.documented:
                yield name


Model = TypeVar("Model", bound=Row)


def breach(message: str) -> PydanticCustomError:
    """The error a validator raises for a rule that spans fields; the message names field and value."""
    return PydanticCustomError("contract", "{message}", {"message": message})


def check_span(start: date, end: date, start_field: str, end_field: str) -> None:
    """A booking ends on or after its first day and spans at most MAX_SPAN_DAYS days, both ends counted."""
    days = (end - start).days + 1
    if days < 1:
        raise breach(f"{end_field} {end} is before {start_field} {start}")
    if days > MAX_SPAN_DAYS:
        raise breach(
            f"{start_field} {start} to {end_field} {end} is {days} days, over the limit of {MAX_SPAN_DAYS}"
        )


def plain_id(row: Mapping[str, Any]) -> str | None:
    """The id of a broken row, as text, where one can be read."""
    value = row.get("id")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    readable = isinstance(value, int | str) and not isinstance(value, bool) and value
    return str(value) if readable and is_text(str(value)) else None


def is_text(value: object) -> bool:
    """Whether the value is a text that can be stored: JSON may escape half a character, a lone surrogate."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class PageReader(Generic[Model]):
    """Reads pages `{<list_field>: [row, ...], ...}` of one stream. Built once, used for every page."""

    def __init__(
        self,
        service: str,
        list_field: str,
        model: type[Model],
        key: Callable[[Mapping[str, Any]], str | None] = plain_id,
    ) -> None:
        self._service = service
        self._list_field = list_field
        self._model = model
        self._key = key
        # mypy cannot follow a model made at run time: it has the one field `list_field`, a list of rows.
        fields: dict[str, Any] = {list_field: (list[model], ...)}  # type: ignore[valid-type]
        self._whole_page = TypeAdapter(create_model("WholePage", **fields))

    def read(self, body: bytes) -> Parsed[Model]:
        """All rows of a page: good ones with their place, the others as rejects.

        A bare object with an `id` (what `show` answers) is a page of one row. Raises ContractError for a
        body that is not JSON or has no list of rows.
        """
        try:
            page = self._whole_page.validate_json(body)
        except ValidationError:
            parsed = self._read_rows(body)
        else:
            parsed = Parsed(rows=list(enumerate(getattr(page, self._list_field))))
        parsed.unknown_fields.update(name for _, row in parsed.rows for name in row.drift())
        return parsed

    def _read_rows(self, body: bytes) -> Parsed[Model]:
        parsed: Parsed[Model] = Parsed(rows=[])
        for position, row in enumerate(self._find_rows(body)):
            try:
                # As JSON again, so that both ways apply the same rules (a date is a string, and so on).
                parsed.rows.append((position, self._model.model_validate_json(json.dumps(row))))
            except ValidationError as error:
                key = self._key(row) if isinstance(row, dict) else None
                parsed.rejects.append(Reject(position, key, reason_of(error), _raw(row)))
        return parsed

    def _find_rows(self, body: bytes) -> list[Any]:
        try:
            document = json.loads(body, parse_int=_int)
        except (ValueError, RecursionError) as error:
            raise ContractError(
                f"a stored page is not JSON ({error}); it begins with {body[:60]!r}", service=self._service
            ) from error
        if isinstance(document, dict):
            rows = document.get(self._list_field)
            if isinstance(rows, list):
                return rows
            if self._list_field not in document and plain_id(document) is not None:
                return [document]
        raise ContractError(
            f"a page has no list {self._list_field!r}; it begins with {body[:60]!r}", service=self._service
        )


def _int(digits: str) -> int | float:
    """Python refuses to read a number of thousands of digits; as infinity it spoils its own row only."""
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def reason_of(error: ValidationError) -> str:
    """One line for a person: each broken field, the rule, and the value found."""
    errors = error.errors(include_url=False, include_context=False)
    shown = [_describe(dict(one)) for one in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        shown.append(f"and {len(errors) - _SHOWN_ERRORS} more")
    return " ".join("; ".join(shown).split())


def _describe(error: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "contract":
        return str(error["msg"])
    if error["type"] in ("missing", "json_invalid"):
        return f"{field}: {error['msg']}".removeprefix(": ")
    return f"{field or 'row'}: {error['msg']}, got {reprlib.repr(error['input'])}"


def _raw(row: object) -> str:
    text = json.dumps(row, ensure_ascii=False)
    return text if is_text(text) else json.dumps(row)
