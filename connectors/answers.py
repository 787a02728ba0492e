"""What a service answered: JSON or not, good or an error, and when it may be asked again."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from pydantic_core import PydanticSerializationError, from_json, to_json

from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    ContractError,
    FatalError,
    FeatureDisabled,
    NotFound,
    PermissionDenied,
    RequestRejected,
    ServerFault,
    Throttled,
    TimedOut,
    TransientError,
    Truncated,
)

Error = TypeVar("Error", bound=ConnectorError)

_SHOWN_CHARACTERS = 300
_NO_NUMBER = re.compile(rb'[:\[,]"(?:NaN|-?Infinity)"')

_FATAL: dict[int, tuple[type[FatalError], str]] = {
    401: (AuthenticationError, "does not accept the credentials: check the token"),
    403: (PermissionDenied, "does not permit this: check the rights behind the token"),
    404: (NotFound, "knows no such record"),
    423: (FeatureDisabled, "has its API switched off for this account: an administrator can enable it"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply. `url` carries no secret. `document` is the parsed body, None when `is_json` is False."""

    service: str
    method: str
    url: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    document: Any = field(repr=False)
    is_json: bool
    fetched_at: datetime


def decode(body: bytes) -> Any:
    """The JSON document in `body`. Raises ValueError when it is none."""
    try:
        return from_json(body)
    except ValueError:
        pass
    try:
        # Slower, and takes what the fast reader does not: lone surrogates in a name, a byte order mark.
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def encode(body: object) -> bytes:
    """The JSON of a request. Raises ValueError for numbers that JSON does not have."""
    try:
        written = to_json(body, inf_nan_mode="strings")
    except PydanticSerializationError:
        written = b""
    suspect = b'NaN"' in written or b'Infinity"' in written  # cheap: requests are long and never say so
    if not written or (suspect and _NO_NUMBER.search(written)):
        # Slower, and says what the fast writer cannot: half a character. Refuses what is no number.
        return json.dumps(body, allow_nan=False).encode()
    return written


def error_of(answer: Answer, redact: Callable[[str], str]) -> ConnectorError | None:
    """The error an answer stands for, None for a good one."""
    if answer.status in (408, 429) or answer.status >= 500:
        return _transient(answer, redact)
    if answer.status >= 400:
        return _fatal(answer, redact)
    if answer.status >= 300:
        return _redirect(answer, redact)
    return None if answer.is_json else _not_json(answer, redact)


def what_it_says(body: bytes, document: Any) -> str:
    """The message inside an error body, or the beginning of whatever came."""
    if isinstance(document, dict) and isinstance(document.get("message"), str):
        details = document.get("errors")
        text = document["message"] + (f" {json.dumps(details)}" if details else "")
    else:
        text = body[: 4 * _SHOWN_CHARACTERS].decode("utf-8", "replace")
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."


def retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds the service asks us to wait: `Retry-After`, or on 429 `X-RateLimit-Reset` (epoch seconds).

    `Retry-After` may be seconds or a date. Times of day are taken against the service's own `Date`, so that
    a wrong clock on this machine does no harm, and against ours only when that leaves no time to wait.
    """
    value = headers.get("Retry-After", "")
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    moment = _moment(value)
    if moment is None and status == 429:
        moment = _seconds(headers.get("X-RateLimit-Reset", ""))
    if moment is None:
        return None
    theirs = _moment(headers.get("Date", ""))
    return max(0.0, moment - (theirs or time.time())) or max(0.0, moment - time.time())


def clock_skew(headers: Mapping[str, str], sent: datetime, received: datetime) -> timedelta:
    """How far the service's clock (`Date`) is ahead of ours; nothing where it fits or is not told.

    The service said it at some time between `sent` and `received` (ours, aware), in whole seconds; or, if the
    answer was kept on its way (a proxy's cache), `Age` seconds earlier.
    """
    theirs = _moment(headers.get("Date", ""))
    if theirs is None:
        return timedelta()
    theirs += _seconds(headers.get("Age", "")) or 0
    early, late = theirs + 1 - sent.timestamp(), theirs - received.timestamp()
    return timedelta(seconds=late if late > 0 else min(early, 0.0))


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*\d+(\.\d+)?\s*", text, re.ASCII) else None


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()  # -0000: UTC as well
    except (ValueError, OverflowError):
        return None


def _transient(answer: Answer, redact: Callable[[str], str]) -> TransientError:
    kind, what = {
        408: (TimedOut, "waited too long for the request"),
        429: (Throttled, "asks to slow down"),
    }.get(answer.status, (ServerFault, "failed"))
    wait = retry_after(answer.status, answer.headers)
    error = _make(kind, what if wait is None else f"{what}, for {wait:.0f} s", answer, redact)
    error.retry_after = wait
    return error


def _fatal(answer: Answer, redact: Callable[[str], str]) -> FatalError:
    kind, what = _FATAL.get(answer.status, (RequestRejected, "rejects the request"))
    if answer.status == 403 and isinstance(answer.document, dict) and answer.document.get("errors"):
        # 10,000ft reports failed validation as 403 "bad data": that says nothing about rights.
        kind, what = RequestRejected, "rejects the data"
    if answer.status == 404 and not answer.is_json:
        kind, what = ContractError, "has no such address: is the URL right?"
    return _make(kind, what, answer, redact)


def _redirect(answer: Answer, redact: Callable[[str], str]) -> ContractError:
    target = redact(answer.headers.get("Location", "nowhere"))
    what = f"redirects to {target}; not followed, since the credentials would go along: set the final URL"
    return _make(ContractError, what, answer, redact)


def _not_json(answer: Answer, redact: Callable[[str], str]) -> ContractError | Truncated:
    start = answer.body.lstrip()[:1]
    if start in (b"{", b"["):
        return _make(Truncated, "sent JSON that breaks off: try again", answer, redact)
    kind = "HTML" if start == b"<" else "text" if start else "an empty body"
    return _make(ContractError, f"answered {kind}, not JSON: is the URL right?", answer, redact)


def _make(kind: type[Error], what: str, answer: Answer, redact: Callable[[str], str]) -> Error:
    says = redact(what_it_says(answer.body, answer.document))
    quoted = f', "{says}"' if says else ""
    message = f"{what} ({answer.method} {answer.url}: HTTP {answer.status}{quoted})"
    return kind(message, service=answer.service, url=answer.url, status=answer.status)
