"""Adding lines to the studio's exceptions file ([identity] exceptions). The file is the studio's own: what
stands in it is neither changed nor moved, and nobody ever finds it half written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.tables import csv_cell, replacing
from transforms.reconcile.actual import (
    EXCEPTION_COLUMNS,
    EXCEPTION_KINDS,
    ExceptionsFileError,
    read_exceptions,
)

Line = Mapping[str, str]
"""A line by its columns: those of EXCEPTION_COLUMNS, an empty ftrack_id for "never push", and NOTES."""

NOTES = ("name", "ftrack_name")
"""Columns of a new file that nothing depends on: for whoever reads it."""


def add(path: Path, lines: Sequence[Line]) -> None:
    """Appends `lines`, all or none; makes the file if it is not there. A symbolic link stays one.

    The file's first line says which columns there are and in what order. Raises ExceptionsFileError when
    the file cannot be read, names one of the lines already, or would not be read as it is meant.
    """
    path = path.resolve()
    known = read_exceptions(path) if _has_text(path) else []
    wanted = [
        (EXCEPTION_KINDS[x["kind"]], x["source"], x["source_key"], x["ftrack_id"] or None) for x in lines
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(_extended(path.read_bytes() if _has_text(path) else b"", lines))
        try:
            said = read_exceptions(temporary)
        except ExceptionsFileError as error:
            raise ExceptionsFileError(str(error).replace(str(temporary), str(path))) from error
        if said != [*known, *wanted]:
            raise ExceptionsFileError(
                f"{path}: a line at its end would not be read as it is meant (is a quotation mark left "
                "open?). Repair the file, then accept again."
            )


def _has_text(path: Path) -> bool:
    return path.exists() and bool(path.read_bytes().strip())


def _extended(old: bytes, lines: Sequence[Line]) -> bytes:
    old = old or ",".join((*EXCEPTION_COLUMNS, *NOTES)).encode() + b"\n"
    columns = next(csv.reader(io.StringIO(old.decode("utf-8-sig"), newline="")))
    end = "\r\n" if b"\r\n" in old else "\n"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator=end)
    writer.writerows({**line, **{note: csv_cell(line.get(note, "")) for note in NOTES}} for line in lines)
    gap = b"" if old.endswith(b"\n") else end.encode()
    return old + gap + text.getvalue().encode()
