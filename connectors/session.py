"""Opening a session to one service: where credentials may go, and which cannot be sent at all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from connectors.errors import AuthenticationError, FatalError

log = logging.getLogger("crewtally.http")

_PORTS = {"http": 80, "https": 443}


class _Credentials(AuthBase):
    """Puts headers on each request. As an `auth` object it also keeps ~/.netrc from overriding them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


def check_url(service: str, url: str, shown: str) -> SplitResult:
    """The parts of a URL that can be asked and holds no secret. Raises FatalError, calling it `shown`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        usable = False
    if not usable or "@" in parts.netloc or parts.query or parts.fragment:
        raise FatalError(
            f"{shown!r} is not a usable URL: it should be https://host/path, "
            "with no user, password or parameters in it",
            service=service,
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        log.warning("%s: %s is not encrypted: the credentials can be read underway", service, parts.netloc)
    return parts


def open_session(
    service: str, host: str | None, credentials: Mapping[str, str], connections: int
) -> requests.Session:
    """A session that keeps connections alive, takes no cookies and never retries by itself.

    Raises AuthenticationError for a credential that cannot stand in a header (and does not quote it).
    """
    for value in credentials.values():
        if not (value and value.isascii() and value.isprintable() and value == value.strip()):
            raise AuthenticationError(
                "a credential is empty, or holds a line break, a space at its end or a character that "
                "cannot be sent: was it pasted whole?",
                service=service,
            )
    session = requests.Session()
    session.auth = _Credentials(credentials)
    session.headers.update({"User-Agent": "crewtally", "Accept": "application/json"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # A proxy cannot reach this machine's own loopback, whatever the environment says.
    session.trust_env = not _is_loopback(host)
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def host_of(parts: SplitResult) -> str:
    """Host and port, as a message names them."""
    return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"


def place_of(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port by which two addresses are the same origin; a user in one makes it another."""
    try:
        parts = urlsplit(address)
        host = f"{parts.username or ''}@{parts.hostname}" if "@" in parts.netloc else parts.hostname or ""
        return parts.scheme, host, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
