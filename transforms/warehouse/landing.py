"""The landing folder: raw pages byte for byte, named by their hash, and a manifest per snapshot.

    pages/ab/abcdef...json      one page as received (sha256 of its bytes)
    snapshots/<id>.json         what was asked, what came, and the certificate

The folder alone is enough to rebuild everything in the warehouse but the ledger.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any


class Landing:
    """Content-addressed store of raw pages under one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, body: bytes, sha256: str | None = None) -> str:
        """Keep a page; return its sha256, worked out unless given. What is there is not written again."""
        sha256 = sha256 or hashlib.sha256(body).hexdigest()
        target = self._page(sha256)
        if not target.exists():
            _write_atomically(target, body)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of a page. Raises FileNotFoundError when the landing folder lost it."""
        return self._page(sha256).read_bytes()

    def certify(self, snapshot_id: str, manifest: dict[str, Any]) -> None:
        """Write the manifest of a snapshot; its pages must be put before."""
        body = json.dumps(manifest, sort_keys=True, indent=1, default=str).encode()
        _write_atomically(self.path / "snapshots" / f"{snapshot_id}.json", body)

    def _page(self, sha256: str) -> Path:
        return self.path / "pages" / sha256[:2] / f"{sha256}.json"


def _write_atomically(target: Path, body: bytes) -> None:
    """A reader sees the whole file or none; a crash leaves at most a stray .part file."""
    part = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        part.write_bytes(body)
    except FileNotFoundError:  # the first one in its folder
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(body)
    part.replace(target)
