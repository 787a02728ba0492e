"""Under which rules a page was read: a hash over the code that decides what becomes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import Any

# Package and names; what else runs between a page and its rows does not choose what they say.
_RULES = {
    "connectors": ("columns.py", "flawless.py", "parsing.py"),
    "connectors.ruddr": ("wire.py",),
    "connectors.tenthousandft": ("wire.py",),
    "transforms": ("model.py",),
    "transforms.normalise": ("",),
}


@cache
def rules_sha256() -> str:
    """Changes with any change of the code: a page read under other rules is read again."""
    digest = hashlib.sha256()
    for text in _texts():
        digest.update(text)
    return digest.hexdigest()


def lists_sha256(lists: Any) -> str:
    """A hash over what ids can mean (`Lists` of a source): the same keys, the same hash."""
    digest = hashlib.sha256()
    for one in fields(lists):
        keys = getattr(lists, one.name)
        digest.update(repr(sorted(keys.items() if isinstance(keys, dict) else keys)).encode())
    return digest.hexdigest()


def _texts() -> Iterator[bytes]:
    for package, names in sorted(_RULES.items()):
        folder = files(package)
        chosen = [item for item in folder.iterdir() if item.name.endswith((".py", ".sql"))]
        for item in sorted(chosen, key=lambda item: item.name):
            if item.name.endswith(names):
                yield item.read_bytes()
