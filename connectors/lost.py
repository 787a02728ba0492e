"""What a lost exchange means: from the wrappers of requests and urllib3 to one plain error."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NewConnectionError,
    ReadTimeoutError,
)

from connectors.errors import TimedOut, TransientError, Truncated, Unreachable

_NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, LocationParseError, requests.exceptions.InvalidURL)


def lost(
    error: Exception, service: str, host: str, shown: str, redact: Callable[[str], str]
) -> TransientError:
    """The error that a broken exchange with `host` stands for; `shown` is the address asked for.

    Unreachable is kept for requests that certainly never left.
    """
    reason = _reason(error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        what = f"{host} shows a certificate that is not valid ({reason.verify_message}): is the URL right?"
        return Unreachable(what, service=service, url=shown)
    if isinstance(reason, _NEVER_LEFT):
        what = f"cannot reach {host} ({_plain(reason)}): is the URL right, and the service up?"
        return Unreachable(redact(what), service=service, url=shown)
    if isinstance(error, requests.Timeout) or isinstance(reason, ReadTimeoutError):
        return TimedOut(f"{host} gave no answer in time to {shown}", service=service, url=shown)
    what = f"the connection to {host} broke before the answer to {shown} was complete ({_plain(reason)})"
    return Truncated(redact(what), service=service, url=shown)


def _reason(error: BaseException) -> BaseException:
    """The innermost cause that requests and urllib3 wrapped, which says what really happened."""
    seen = {id(error)}
    while True:
        inner = getattr(error, "reason", None) or getattr(error, "original_error", None)
        inner = inner or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if not isinstance(inner, BaseException) or id(inner) in seen:
            return error
        error = inner
        seen.add(id(error))


def _plain(error: BaseException) -> str:
    """The error's text without the object addresses and wrappers that libraries put in front."""
    return str(error).rpartition(": ")[2].strip("()'\" ") or type(error).__name__
