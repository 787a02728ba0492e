"""The one HTTP core: session, credentials, retries, rate window, bounded concurrency, redaction.

Reads are retried where another try may succeed (429, 5xx, lost connections, broken bodies, time-outs) with
jittered exponential back-off, or after the wait the service asks for, and never past `Limits.total_seconds`.
Writes leave once: a write whose answer is lost raises UnknownOutcome.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import requests
import tenacity
from urllib3.exceptions import HTTPError

from connectors.answers import Answer, clock_skew, decode, encode, error_of, retry_after
from connectors.errors import (
    ConnectorError,
    ContractError,
    FatalError,
    ServerFault,
    Throttled,
    TimedOut,
    TransientError,
    Truncated,
    UnknownOutcome,
    Unreachable,
)
from connectors.lost import lost
from connectors.pacing import window_of
from connectors.redaction import Redactor
from connectors.session import check_url, host_of, open_session, place_of

log = logging.getLogger("crewtally.http")

Judge = Callable[[Answer, Redactor], ConnectorError | None]
"""A service's own reading of an answer, before the general one; None leaves it to the general one."""

Decoder = Callable[[bytes], Any]
"""From a good answer's body to its document, or to as much of it as the caller needs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how often, how much.

    `total_seconds` bounds one call with all its tries and waits. `first_tries` bounds the tries at a host
    that cannot be reached and never was: a wrong name in the configuration is told at once.
    `response_bytes` counts the body after decompression. `requests_per_second` None sets no limit.
    """

    connect_seconds: float = 10
    read_seconds: float = 60
    total_seconds: float = 180
    tries: int = 6
    first_tries: int = 2
    backoff_seconds: float = 0.5
    backoff_longest_seconds: float = 30
    response_bytes: int = 256 * 1024 * 1024
    concurrency: int = 4
    requests_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """What one call asks, the same at each of its tries; `deadline` is monotonic time."""

    method: str
    path: str
    params: Mapping[str, Any] | None
    body: object
    deadline: float
    decoder: Decoder

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()


class Http:
    """A service reached over HTTP, for any number of threads.

    `credentials` are headers for every request, to this origin only. `secrets` never appear in a log, an
    error or a repr. Raises FatalError for a URL, AuthenticationError for a credential, that cannot be sent.
    """

    def __init__(
        self,
        service: str,
        url: str,
        *,
        credentials: Mapping[str, str],
        secrets: Iterable[str],
        limits: Limits | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.service = service
        self.limits = limits or Limits()
        self.redact = Redactor(secrets)
        self.url = url.rstrip("/")
        self._parts = check_url(service, self.url, self.redact(self.url))
        self._host = host_of(self._parts)
        self._judge = judge
        self._window = window_of(self.origin, self.limits.requests_per_second)
        self._connections = threading.BoundedSemaphore(self.limits.concurrency)
        self._ever_answered = False
        self.skew = timedelta()
        """The largest difference seen so far of the service's clock to ours; positive: theirs is ahead."""
        self._session = open_session(service, self._parts.hostname, credentials, self.limits.concurrency)

    @property
    def origin(self) -> str:
        """Scheme, host and port: as far as the credentials may go."""
        return f"{self._parts.scheme}://{self._parts.netloc}"

    def same_origin(self, link: str) -> str:
        """The absolute address of a link the service gave. Raises ContractError when it leads elsewhere."""
        try:
            target = urljoin(f"{self.origin}/", link)
        except ValueError:  # a broken address is no address of this origin either
            target = link
        if place_of(target) != place_of(self.origin):
            raise ContractError(
                f"links to {self.redact(target)}, another host; not followed, since the credentials "
                "would go along: is the URL in the configuration the service's own?",
                service=self.service,
            )
        return target

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, decoder: Decoder = decode) -> Answer:
        """Reads `path` below the service's URL, or an address on its origin; see `read`."""
        return self.read("GET", path, params=params, decoder=decoder)

    def read(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        decoder: Decoder = decode,
    ) -> Answer:
        """A request that changes nothing: retried until it answers, fails for good, or the time is up.

        `body` is sent as JSON; `decoder` makes the document of a good answer, and raises ValueError for a
        body that is not JSON. Raises the FatalError or the last TransientError.
        """
        call = self._call(method, path, params, body, decoder)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=self._wait,
            stop=lambda state: self._enough(state, call),
            before_sleep=_announce,
            reraise=True,
        )
        return retrying(self._try, call)

    def send(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: object = None
    ) -> Answer:
        """A request that changes something: sent once.

        Raises UnknownOutcome when it may have been applied and no readable answer came, Unreachable or
        Throttled when it certainly was not, else the error the service named.
        """
        try:
            return self._try(self._call(method, path, params, body))
        except (ServerFault, TimedOut, Truncated) as error:
            raise _unknown(error) from error
        except ContractError as error:
            # A readable status with an unreadable body came from something in between; whether that
            # passed the request on is anybody's guess.
            if error.status is not None and error.status < 300:
                raise _unknown(error) from error
            raise

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Http({self.service!r}, {self.redact(self.url)!r})"

    # One try.

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: object,
        decoder: Decoder = decode,
    ) -> _Call:
        return _Call(method, path, params, body, time.monotonic() + self.limits.total_seconds, decoder)

    def _try(self, call: _Call) -> Answer:
        prepared = self._prepared(call)
        shown = self.redact(prepared.url or call.path)
        self._wait_for_turn(call, shown)
        started = time.monotonic()
        try:
            response, content = self._exchange(prepared, shown, call)
        finally:
            self._connections.release()  # the next request need not wait until this body is read
        lasted, fetched_at = timedelta(seconds=time.monotonic() - started), datetime.now(UTC)
        self._ever_answered = True
        log.debug("%s %s: %d in %.3f s", call.method, shown, response.status_code, lasted.total_seconds())
        skew = clock_skew(response.headers, fetched_at - lasted, fetched_at)
        self.skew = max(self.skew, skew, key=abs)
        document, is_json = _document(call, response.status_code, content)
        answer = Answer(
            self.service, call.method, shown, response.status_code, response.headers,
            content, document, is_json, fetched_at,
        )  # fmt: skip
        self._heed_limits(answer)
        error = (self._judge and self._judge(answer, self.redact)) or error_of(answer, self.redact)
        if error is not None:
            raise error
        return answer

    def _prepared(self, call: _Call) -> requests.PreparedRequest:
        address = call.path if call.path.startswith(("http://", "https://")) else self.url + call.path
        request = requests.Request(call.method, self.same_origin(address), params=call.params)
        try:
            if call.body is not None:
                request.data = encode(call.body)
                request.headers = {"Content-Type": "application/json"}
            return self._session.prepare_request(request)
        except (requests.RequestException, ValueError) as error:
            what = f"cannot ask {address}: {error}"
            raise FatalError(self.redact(what), service=self.service) from error

    def _wait_for_turn(self, call: _Call, shown: str) -> None:
        """Waits for a slot of the rate window and a free connection; the caller releases the connection."""
        delay = self._window.reserve()
        if delay > call.seconds_left:
            error = Throttled(
                f"{shown} has to wait {delay:.0f} s for the rate limit, longer than this call may take",
                service=self.service, url=shown,
            )  # fmt: skip
            error.retry_after = delay
            raise error
        if delay > 0:  # even a wait of nothing gives the processor away
            time.sleep(delay)
        if not self._connections.acquire(timeout=max(0.0, call.seconds_left)):
            raise Throttled(f"no connection became free for {shown}", service=self.service, url=shown)

    def _exchange(
        self, prepared: requests.PreparedRequest, shown: str, call: _Call
    ) -> tuple[requests.Response, bytes]:
        left = max(0.05, call.seconds_left)
        timeout = (min(self.limits.connect_seconds, left), min(self.limits.read_seconds, left))
        environment = self._session.merge_environment_settings(prepared.url or "", {}, True, None, None)
        try:
            with self._session.send(
                prepared, timeout=timeout, allow_redirects=False, **environment
            ) as response:
                return response, self._body_of(response, shown, call)
        except (requests.RequestException, HTTPError) as error:  # urllib3's own are not always wrapped
            raise lost(error, self.service, self._host, shown, self.redact) from error

    def _body_of(self, response: requests.Response, shown: str, call: _Call) -> bytes:
        """The whole body, in as few turns as it arrives in: other threads take one between any two.

        `read1` raises when the body ends before its Content-Length (urllib3 2).
        """
        chunks: list[bytes] = []
        room = self.limits.response_bytes
        while chunk := response.raw.read1(room + 1, decode_content=True):
            chunks.append(chunk)
            room -= len(chunk)
            if room < 0:
                raise ContractError(
                    f"answered more than {self.limits.response_bytes:,} bytes to {shown}: ask for fewer rows",
                    service=self.service, url=shown, status=response.status_code,
                )  # fmt: skip
            if call.seconds_left < 0:
                raise TimedOut(f"answers too slowly to {shown}", service=self.service, url=shown)
        return b"".join(chunks)

    def _heed_limits(self, answer: Answer) -> None:
        """Lets every thread wait when the service says that the limit is reached, or just used up."""
        used_up = answer.headers.get("X-RateLimit-Remaining", "").strip() == "0"
        if answer.status == 429 or used_up:
            # Read as for a 429: on a good answer, too, the reset is when the next request may come.
            # Bounded, so that a nonsensical time cannot stop this process for good.
            wait = retry_after(429, answer.headers) or 0.0
            self._window.hold(min(wait, self.limits.total_seconds))

    # Trying again.

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds to the next try: what the service asks for, else back-off; jittered in both cases."""
        limits = self.limits
        asked = getattr(_failure(state), "retry_after", None)
        if asked:  # a wait of nothing is no answer: back off as without one
            return float(asked) + random.uniform(0, limits.backoff_seconds)  # noqa: S311 - jitter
        ceiling = min(limits.backoff_longest_seconds, limits.backoff_seconds * 2.0**state.attempt_number)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter

    def _enough(self, state: tenacity.RetryCallState, call: _Call) -> bool:
        """Whether to give up: out of tries, or the next one would come after the deadline."""
        never_reached = isinstance(_failure(state), Unreachable) and not self._ever_answered
        tries = min(self.limits.first_tries, self.limits.tries) if never_reached else self.limits.tries
        return state.attempt_number >= tries or state.upcoming_sleep > call.seconds_left


def _failure(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _announce(state: tenacity.RetryCallState) -> None:
    log.warning("%s; try %d in %.1f s", _failure(state), state.attempt_number + 1, state.upcoming_sleep)


def _document(call: _Call, status: int, content: bytes) -> tuple[Any, bool]:
    """The parsed body, and whether it is what the method promises; a delete may answer nothing."""
    if not content:
        return None, status == 204 or call.method == "DELETE"
    try:
        return (call.decoder if status < 300 else decode)(content), True
    except ValueError:
        return None, False


def _unknown(error: ConnectorError) -> UnknownOutcome:
    return UnknownOutcome(
        f"a write may or may not have been applied, its answer was lost: {error.message}; "
        "read back before sending it again",
        service=error.service, url=error.url, status=error.status,
    )  # fmt: skip
