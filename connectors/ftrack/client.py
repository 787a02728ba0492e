"""What can be asked of ftrack, over its operations protocol. Source: docs/sources.

Reads are tried again like everywhere. A list of operations that changes something is sent once, ever: what
happened to one whose answer was lost is for the caller to read back (UnknownOutcome).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from connectors.answers import Answer
from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    ContractError,
    OperationsRejected,
    TransientError,
    UnknownOutcome,
)
from connectors.ftrack.wire import (
    Operation,
    create,
    datetime_value,
    delete,
    query,
    quote,
    quote_all,
    read_datetime,
    update,
    without_strings,
)
from connectors.http import Http, Limits
from connectors.redaction import Redactor

__all__ = [
    "Ftrack",
    "create",
    "datetime_value",
    "delete",
    "query",
    "quote",
    "quote_all",
    "read_datetime",
    "update",
]

SERVICE = "ftrack"

PAGE_SIZE = 500

_REREADS = 3
_WRONG_CREDENTIALS = frozenset({"InvalidCredentialsError", "FTAuthenticationError"})
_PAGING = ("offset", "limit", "order")
_PAGED = re.compile(r"\b(offset|limit)\s+\d", re.IGNORECASE)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


class Ftrack:
    """A workspace, for any number of threads. `url` is the server's address, without `/api`."""

    def __init__(
        self,
        url: str,
        user: str,
        key: str,
        *,
        page_size: int = PAGE_SIZE,
        limits: Limits | None = None,
        http: Http | None = None,
    ) -> None:
        self._http = http or Http(
            SERVICE, url, secrets=[key], limits=limits, judge=judge,
            credentials={"ftrack-user": user, "ftrack-api-key": key, "ftrack-strict-api": "true"},
        )  # fmt: skip
        self._page_size = page_size

    @property
    def skew(self) -> timedelta:
        """The largest difference seen of the server's clock to ours; positive: the server's is ahead."""
        return self._http.skew

    def server_information(self) -> dict[str, Any]:
        """`version`, `schema_hash` and whatever else the server says of itself."""
        found = self._read({"action": "query_server_information"})
        if not isinstance(found, dict) or "version" not in found:
            raise self._breach("did not say its version")
        return found

    def schemas(self) -> list[dict[str, Any]]:
        """Every entity type the server knows: `id`, `primary_key`, `properties`, ..."""
        found = self._read({"action": "query_schemas"})
        if not isinstance(found, list) or not all(isinstance(schema, dict) for schema in found):
            raise self._breach("did not give its schemas as a list")
        return found

    def query(self, expression: str) -> Iterator[dict[str, Any]]:
        """All entities of a query, page by page, each once.

        Pages overlap by one row, which shows whether the set moved in between; then it is read again from
        the start, and only what is new comes out. Without an order of its own the query is ordered by id;
        a type that has none (Metadata) needs one.
        Raises ValueError for an expression with an offset or limit, TransientError when the set never
        stands still.
        """
        words = expression.lower()  # most say none of these anywhere, and can be long lists of ids
        grammar = without_strings(expression) if any(word in words for word in _PAGING) else ""
        if _PAGED.search(grammar):
            raise ValueError("a query is paged here: leave its offset and limit out")
        if not _ORDERED.search(grammar):
            expression += " order by id"
        seen: set[str] = set()
        for _ in range(1 + _REREADS):
            try:
                yield from self._read_once(expression, seen)
            except _Moved:
                continue
            return
        raise TransientError(
            f"the answer to {expression!r} changed each time it was read: try again when ftrack is quieter",
            service=SERVICE,
        )

    def send(self, operations: list[Operation]) -> list[Any]:
        """Sends one list of operations, one transaction, once; gives their results in the same order.

        A result is what the server answers to the operation, e.g. `{"action": "create", "data": {...}}`.
        Raises OperationsRejected when the server refuses the list, UnknownOutcome when its answer is lost
        or unreadable, Unreachable and Throttled when nothing was done.
        """
        answer = self._http.send("POST", "/api", body=operations)
        results = answer.document
        if not isinstance(results, list) or len(results) != len(operations):
            raise UnknownOutcome(
                f"answered {len(operations)} operations with something else than as many results; "
                "read back before sending them again",
                service=SERVICE, url=answer.url, status=answer.status,
            )  # fmt: skip
        return results

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, operation: Operation) -> Any:
        """The result of one operation that changes nothing."""
        results = self._http.read("POST", "/api", body=[operation]).document
        if not isinstance(results, list) or len(results) != 1:
            raise self._breach("did not answer one operation with one result")
        return results[0]

    def _read_once(self, expression: str, seen: set[str]) -> Iterator[dict[str, Any]]:
        """One reading of a query; gives what is not in `seen` and adds it. Raises _Moved."""
        position, last = 0, None
        rows, following = self._page(expression, 0, self._page_size)
        while True:
            yield from _new_rows(rows, seen)
            if following is None:
                return
            if following <= position:
                raise self._breach(f"goes from offset {position} to {following}: a query runs in circles")
            position, last = following, _identity(rows[-1]) if rows else last
            rows, following = self._page(expression, position - 1, self._page_size + 1)
            if not rows or _identity(rows.pop(0)) != last:
                raise _Moved

    def _page(self, expression: str, offset: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """Rows of one page, and the offset of the next one if there is one."""
        result = self._read(query(f"{expression} offset {offset} limit {limit}"))
        rows = result.get("data") if isinstance(result, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._breach("did not answer a query with a list of entities")
        try:
            following = ((result.get("metadata") or {}).get("next") or {}).get("offset")
        except AttributeError:
            following = "nothing readable"
        if following is not None and not isinstance(following, int):
            raise self._breach(f"names {following!r} as the next offset")
        return rows, following

    def _breach(self, what: str) -> ContractError:
        return ContractError(f"{what}: does {self._http.url} lead to an ftrack server?", service=SERVICE)


class _Moved(Exception):
    """The set a query reads changed between two of its pages."""


def _new_rows(rows: list[dict[str, Any]], seen: set[str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        identity = _identity(row)
        if identity not in seen:
            seen.add(identity)
            yield row


def _identity(row: dict[str, Any]) -> str:
    """The id; of the few types without one, the whole row."""
    return str(row.get("id") or json.dumps(row, sort_keys=True))


def judge(answer: Answer, redact: Redactor) -> ConnectorError | None:
    """ftrack's own errors: an object in place of the list of results, whatever the HTTP status."""
    document = answer.document
    if not isinstance(document, dict) or not isinstance(document.get("exception"), str):
        return None
    name, content = document["exception"], redact(str(document.get("content") or ""))
    if name in _WRONG_CREDENTIALS:
        return AuthenticationError(
            f"does not accept the credentials ({name}: {content}): check user and API key",
            service=SERVICE, url=answer.url, status=answer.status,
        )  # fmt: skip
    code = document.get("error_code")
    return OperationsRejected(
        name, content, None if code is None else str(code), url=answer.url, status=answer.status
    )
