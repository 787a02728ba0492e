"""The landing folder keeps bytes, once, under their hash."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.warehouse import Landing


@given(body=st.binary(max_size=200))
def test_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    landing = Landing(tmp_path_factory.mktemp("landing"))
    sha256 = landing.put(body)
    assert sha256 == hashlib.sha256(body).hexdigest()
    assert landing.get(sha256) == body


def test_the_same_page_is_kept_once(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    assert landing.put(b"{}") == landing.put(b"{}")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_any_number_of_threads_may_keep_the_same_page(tmp_path: Path) -> None:
    landing, body = Landing(tmp_path), b"x" * 100_000
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: landing.put(body), range(200)))
    assert [landing.get(name) for name in names] == [body]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_manifest_is_readable_json(tmp_path: Path) -> None:
    Landing(tmp_path).certify("s1", {"complete": True, "window_start": date(2026, 3, 2)})
    manifest = json.loads((tmp_path / "snapshots" / "s1.json").read_text())
    assert manifest == {"complete": True, "window_start": "2026-03-02"}


def test_a_lost_page_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Landing(tmp_path).get("0" * 64)
