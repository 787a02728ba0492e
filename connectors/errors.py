"""Everything a connector can raise, split by what the caller does about it.

ConnectorError                 something a service said or failed to say
├── FatalError                 stop and tell a person: asking again gives the same answer
│   ├── AuthenticationError    the service does not accept the credentials
│   ├── PermissionDenied       the credentials are good, but not for this
│   ├── FeatureDisabled        the API or a feature of it is switched off for this account (Ruddr 423)
│   ├── ContractError          the answer is not what this API answers: not JSON, wrong shape, too large
│   ├── RequestRejected        the service calls the request invalid or in conflict (400, 409, validation)
│   ├── OperationsRejected     ftrack refused a list of operations
│   ├── WrongTargets           a batch of changes names what ftrack does not have: it was not sent
│   └── NotFound               there is no such record or address
├── TransientError             try later: the same request may succeed
│   ├── Throttled              the rate limit is used up, and waiting for it would take too long
│   ├── ServerFault            the service failed (5xx)
│   ├── TimedOut               connected, but no answer in time
│   ├── Truncated              the answer broke off
│   └── Unreachable            no connection: name, port, network or certificate
└── UnknownOutcome             a write whose answer was lost: read back before sending again

Messages say what happened, to which record or URL, and what to do next. URLs come redacted: no error
carries a secret. All of them survive pickling, since flow runners store exceptions.
"""

from __future__ import annotations

from collections.abc import Sequence


class ConnectorError(Exception):
    """Root of the tree. `service` names who answered, `url` (without secrets) what was asked."""

    def __init__(
        self, message: str, *, service: str = "", url: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.service = service
        self.url = url
        self.status = status

    def __str__(self) -> str:
        return f"{self.service}: {self.message}" if self.service else self.message


class FatalError(ConnectorError):
    """Asking again gives the same answer: stop and tell a person."""


class AuthenticationError(FatalError):
    """The service does not accept the credentials."""


class PermissionDenied(FatalError):
    """The credentials are good, but not for this."""


class FeatureDisabled(FatalError):
    """The API, or the feature asked for, is switched off for this account."""


class ContractError(FatalError):
    """The answer is not what this API answers: not JSON, the wrong shape, too large, a redirect."""


class RequestRejected(FatalError):
    """The service calls the request invalid, or in conflict with what it holds."""


class NotFound(FatalError):
    """There is no such record or address."""


class OperationsRejected(FatalError):
    """ftrack refused a list of operations; it names one error for the whole list.

    `exception` is the server's class name, `content` its text, `error_code` its code or None. Whether the
    operations before the failing one were rolled back is for the caller to read back, not to assume.
    """

    def __init__(
        self,
        exception: str,
        content: str,
        error_code: str | None = None,
        *,
        service: str = "ftrack",
        url: str | None = None,
        status: int | None = None,
    ) -> None:
        code = f" (code {error_code})" if error_code else ""
        super().__init__(
            f"refused the operations: {exception}: {content}{code}", service=service, url=url, status=status
        )
        self.exception = exception
        self.content = content
        self.error_code = error_code
        self.args = (exception, content, error_code)  # what unpickling calls the constructor with


class WrongTargets(FatalError):
    """A batch of changes names tasks, people or records that are not there or not of that kind.

    Nothing was sent. `wrong` has one line for each of them.
    """

    def __init__(self, wrong: Sequence[str], *, service: str = "ftrack") -> None:
        lines = "".join(f"\n  {line}" for line in wrong)
        super().__init__(f"nothing was sent, as this cannot be right:{lines}", service=service)
        self.wrong = tuple(wrong)
        self.args = (self.wrong,)  # what unpickling calls the constructor with


class TransientError(ConnectorError):
    """The same request may succeed later. `retry_after` is the wait in seconds the service asked for."""

    retry_after: float | None = None


class Throttled(TransientError):
    """The rate limit is used up, and waiting for it would take longer than allowed."""


class ServerFault(TransientError):
    """The service failed (5xx)."""


class TimedOut(TransientError):
    """The connection stands, but no answer came in time."""


class Truncated(TransientError):
    """The answer broke off before its end."""


class Unreachable(TransientError):
    """No connection to the service; the message names host and port."""


class UnknownOutcome(ConnectorError):
    """A write left, and its answer was lost: it may or may not have been applied. Read back first."""
