"""The report as a browser shows it. Only where a Chromium is installed: nothing else depends on one."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage"),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to look at the report with"),
]


@pytest.fixture(scope="module")
def page(trouble: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the studio in trouble, hostile names included."""
    from pipelines.pages import report
    from pipelines.settings import Settings
    from transforms.warehouse import open_warehouse

    folder = tmp_path_factory.mktemp("seen")
    trouble.copy_to(folder)
    settings = Settings.model_validate(
        {**trouble.sandbox.ready, "warehouse": {"path": folder / "warehouse.duckdb"}}
    )
    with open_warehouse(settings.warehouse.path) as con:
        return report.write(settings, con, folder / "report")


def chromium(profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    return subprocess.run(
        [CHROMIUM, *QUIET, f"--user-data-dir={profile}", "--enable-logging=stderr", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_browser_finds_nothing_wrong_and_runs_nothing(page: Path, tmp_path: Path) -> None:
    seen = chromium(tmp_path / "profile", "--dump-dom", page.as_uri())
    assert seen.returncode == 0, seen.stderr
    assert "CONSOLE" not in seen.stderr  # a refused load, a blocked script, broken SVG: all are told there
    assert "<script" not in seen.stdout
    assert "&lt;script&gt;alert(1)" in seen.stdout


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_no_wider_than_the_window(page: Path, tmp_path: Path, width: int) -> None:
    """Wide tables scroll inside themselves. A frame of that width tells what its page needs."""
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"<iframe id=f style='width:{width}px;height:800px;border:0' src='{page.as_uri()}'></iframe>"
        "<script>onload=()=>{const e=f.contentDocument.documentElement;"
        "document.title=e.scrollWidth+' '+e.clientWidth}</script>"
    )
    seen = chromium(tmp_path / "profile", "--allow-file-access-from-files", "--dump-dom", frame.as_uri())
    measured = re.search(r"<title>(\d+) (\d+)</title>", seen.stdout)
    assert measured, seen.stderr
    needed, given = map(int, measured.groups())
    assert needed <= given


def test_it_can_be_seen_and_printed(page: Path, tmp_path: Path) -> None:
    picture, paper = tmp_path / "report.png", tmp_path / "report.pdf"
    seen = chromium(tmp_path / "profile", f"--screenshot={picture}", "--window-size=1280,2400", page.as_uri())
    assert seen.returncode == 0, seen.stderr
    assert struct.unpack(">II", picture.read_bytes()[16:24]) == (1280, 2400)
    assert picture.stat().st_size > 100_000  # an empty page has a tenth of that
    chromium(tmp_path / "profile", f"--print-to-pdf={paper}", page.as_uri())
    assert paper.read_bytes().startswith(b"%PDF")
