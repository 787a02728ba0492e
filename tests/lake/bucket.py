"""Object storage for the tests: one bucket on loopback, as much of S3 as DuckDB speaks for small files.

Every request has to be signed for KEY_ID; the signature itself is not checked. Judged once against moto.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY_ID, SECRET = "the-key", "the-secret-of-the-bucket"


@contextmanager
def serve() -> Iterator[tuple[str, dict[str, bytes]]]:
    """(endpoint, what it holds by path)."""
    held: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bucket", (_Bucket,), {"held": held}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Bucket(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    held: dict[str, bytes]

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if f"Credential={KEY_ID}/" in self.headers.get("Authorization", ""):
            return True
        self.answer(403, b"<Error><Code>InvalidAccessKeyId</Code></Error>")
        return False

    def do_PUT(self) -> None:
        self.held[self.key] = self.body
        self.answer(200, ETag='"x"')

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            prefix = f"{self.key.strip('/')}/{query.get('prefix', [''])[0]}".lstrip("/")
            self.answer(200, _listing([key for key in self.held if key.startswith(prefix)]))
        elif self.key not in self.held:
            self.answer(404)
        else:
            self.send_part(self.held[self.key])

    def do_POST(self) -> None:
        """Delete the objects listed."""
        bucket = self.key.strip("/")
        for key in re.findall(r"<Key>(.*?)</Key>", self.body.decode()):
            self.held.pop(f"{bucket}/{unquote(key)}", None)
        self.answer(200, b"<DeleteResult/>")

    def do_DELETE(self) -> None:
        self.held.pop(self.key, None)
        self.answer(204)

    @property
    def key(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/")

    def send_part(self, body: bytes) -> None:
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self.answer(200, body, ETag='"x"')
            return
        first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
        headers = {"ETag": '"x"', "Content-Range": f"bytes {first}-{last}/{len(body)}"}
        self.answer(206, body[first : last + 1], **headers)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


def _listing(keys: list[str]) -> bytes:
    rows = "".join(
        f"<Contents><Key>{key.partition('/')[2]}</Key><Size>1</Size>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for key in keys
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()
