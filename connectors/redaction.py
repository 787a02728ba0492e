"""Keeps secrets out of everything a person or a log may read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "***"

# 10,000ft takes its token in the URL as well (seed 003): never show such a URL, whoever made it.
_IN_QUERY = re.compile(r"(?i)([?&](?:auth|token|api_?key|access_token)=)[^&#\s'\"]*")


class Redactor:
    """Replaces the given secrets, and `auth=` in URLs, by a mask; its repr shows nothing."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form for secret in secrets if secret for form in (secret, quote(secret, ""), quote_plus(secret))
        }
        # Longest first: of two secrets where one begins with the other, no tail may stay.
        self._secrets = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return _IN_QUERY.sub(rf"\1{MASK}", text)

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"
