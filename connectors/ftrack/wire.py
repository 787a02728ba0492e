"""ftrack's operations protocol: what goes out and how to read what comes back. Source: docs/sources.

A request is a JSON list of operations, the reply a list of results in the same order, or one object
`{"exception", "content", "error_code"}` in place of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

Operation = dict[str, Any]

_ESCAPED = re.compile(r'[\\"]')
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.DOTALL)


def create(entity_type: str, entity_id: str, data: Mapping[str, Any]) -> Operation:
    """Makes a record under an id of our own choosing, so that sending it twice cannot make two."""
    return {
        "action": "create",
        "entity_type": entity_type,
        "entity_key": [entity_id],
        "entity_data": {"__entity_type__": entity_type, "id": entity_id, **data},
    }


def update(entity_type: str, entity_id: str, data: Mapping[str, Any]) -> Operation:
    """Changes the attributes in `data` and no others."""
    return {
        "action": "update",
        "entity_type": entity_type,
        "entity_key": [entity_id],
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def delete(entity_type: str, entity_id: str) -> Operation:
    """Removes a record."""
    return {"action": "delete", "entity_type": entity_type, "entity_key": [entity_id]}


def query(expression: str) -> Operation:
    """Asks for entities in the query language."""
    return {"action": "query", "expression": expression}


def quote(value: object) -> str:
    """A value as a literal of the query language, quotation marks included: `name is {quote(name)}`.

    Text is escaped, so that nothing in it can end the literal. None, booleans and numbers go bare. A date
    is its first moment, in UTC.
    """
    if value is None:
        return "none"
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, date):
        return f'"{_moment(value).replace(tzinfo=None).isoformat()}"'
    return '"' + _ESCAPED.sub(r"\\\g<0>", str(value)) + '"'


def quote_all(values: Iterable[object]) -> str:
    """Values as the list of an `in (...)`, commas between them."""
    listed = list(values)
    texts = [value for value in listed if type(value) is str]
    if texts and len(texts) == len(listed) and not _ESCAPED.search("".join(texts)):  # ids, by the thousand
        return '"' + '", "'.join(texts) + '"'
    return ", ".join(map(quote, listed))


def without_strings(expression: str) -> str:
    """The expression with its quoted literals emptied: what remains is grammar."""
    return _STRING.sub('""', expression)


def datetime_value(moment: date | datetime) -> dict[str, str]:
    """A point in time as ftrack takes it. A date is midnight UTC; a datetime without zone is read as UTC."""
    return {"__type__": "datetime", "value": _moment(moment).isoformat()}


def read_datetime(value: Mapping[str, Any] | str | None) -> datetime | None:
    """A point in time as ftrack gives it, in UTC; without a zone it is UTC. Raises ValueError."""
    text = value.get("value") if isinstance(value, Mapping) else value
    return None if text is None else _moment(datetime.fromisoformat(str(text)))


def _moment(value: date | datetime) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
