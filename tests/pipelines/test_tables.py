"""Rows on their way out."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from pipelines import tables


def csv_of(*row: object) -> str:
    file = io.StringIO()
    tables.write_csv([f"c{i}" for i in range(len(row))], [row], file)
    return file.getvalue().split("\r\n", 1)[1]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_text_that_a_spreadsheet_would_run_is_defused(start: str) -> None:
    assert csv_of(f"{start}cmd()") == f"'{start}cmd()\r\n"


def test_a_carriage_return_in_front_is_defused_too() -> None:
    assert csv_of("\rcmd()").startswith("\"'\rcmd()")


def test_numbers_and_dates_are_never_defused() -> None:
    assert csv_of(-1.5, date(2026, 3, 2), None, True, "a-b") == "-1.5,2026-03-02,,true,a-b\r\n"


def test_a_table_shows_names_as_they_are() -> None:
    file = io.StringIO()
    tables.show(("person", "booked_hours"), [("[bold]Ada[/]\x1b[2J", 7.5), (None, 8.0)], file=file)
    text = file.getvalue()
    assert "[bold]Ada[/]" in text
    assert "booked" in text
    assert "booked_hours" not in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= tables.PIPED_WIDTH


def _fail_half_way(file: Path) -> None:
    with tables.replacing(file) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "totals.csv"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(file)
    assert file.read_text() == "old"
    with tables.replacing(file) as temporary:
        temporary.write_text("new")
    assert file.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["totals.csv"]


def _write(file: Path, text: str) -> None:
    with tables.replacing(file) as temporary:
        temporary.write_text(text)


def test_a_link_keeps_leading_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file, link = tmp_path / "there" / "totals.csv", tmp_path / "latest.csv"
    link.symlink_to(file)
    for text in ("new", "newer"):  # the first time the file is not there yet
        _write(link, text)
        assert link.is_symlink()
        assert file.read_text() == text


def test_into_a_pipe_the_content_is_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as other:
        read = other.submit(pipe.read_text)
        _write(pipe, "new")
        assert read.result(10) == "new"
    assert pipe.is_fifo()


@pytest.mark.parametrize("place", ["missing/totals.csv", "."])
def test_what_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    with pytest.raises(OSError, match=f"^{tmp_path / place} cannot be written: "):
        _write(tmp_path / place, "new")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
def test_a_full_disk_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full cannot be written: No space"):
        _write(Path("/dev/full"), "new")
    assert Path("/dev/full").is_char_device()
