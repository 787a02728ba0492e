"""Rows on their way out: a readable table, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console

PIPED_WIDTH = 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def console(file: IO[str] | None = None) -> Console:
    """A console as wide as the terminal; into a pipe or a file, 100 columns without colour."""
    from rich.console import Console

    file = file or sys.stdout
    return Console(file=file, highlight=False, soft_wrap=False, width=None if file.isatty() else PIPED_WIDTH)


def show(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str | None = None,
    file: IO[str] | None = None,
) -> None:
    """Prints a table; numbers stand right. Column names lose their `_hours`: the title or the docs say h."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from transforms.reconcile.render import safe

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    listed = list(rows)
    for index, name in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) for row in listed)
        table.add_column(heading(name), justify="right" if numeric else "left", overflow="ellipsis")
    for row in listed:
        # Text: a name in [brackets] is no markup. safe: nor may it steer the terminal.
        table.add_row(*(Text(safe(cell(value))) for value in row))
    out = console(file)
    if title:
        out.print(Text(title, style="bold"))
    out.print(table)
    out.print()


def heading(column: str) -> str:
    """`booked_hours` -> `booked`."""
    return column.removesuffix("_hours").replace("_", " ")


def cell(value: object) -> str:
    """A value for the eye: hours with at most two decimals, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], file: IO[str]) -> None:
    """CSV as RFC 4180 has it (a header, CRLF), with ISO dates and nothing for None.

    Text that a spreadsheet would take for a formula gets a leading apostrophe: names come from outside.
    """
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([csv_cell(value) for value in row] for row in rows)


def csv_cell(value: Any) -> Any:
    """A value as a cell of CSV; text that a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else value


def objects(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """One dictionary per row."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


def write_parquet(relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    """The relation as one Parquet file, there whole or not at all."""
    with replacing(path) as temporary:
        relation.write_parquet(str(temporary))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that takes the place of `path`, with its permissions, when the block ends well.

    What is no file stays what it is: a link keeps leading to its file, which is replaced; into a device or a
    pipe the content is written. Raises OSError with a message that names `path`.
    """
    is_stream = path.exists() and not path.is_file()
    try:
        with _streamed(path) if is_stream else _renamed(path.resolve()) as temporary:
            yield temporary
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    """A file beside `path`, renamed in the end: nobody sees half of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(path.stat().st_mode if path.exists() else _mode_of_a_new_file())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _streamed(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="crewtally-") as folder:
        temporary = Path(folder) / "content"
        yield temporary
        with temporary.open("rb") as content, path.open("wb") as stream:
            shutil.copyfileobj(content, stream)


def _mode_of_a_new_file() -> int:
    """mkstemp keeps files private; a report is not."""
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
