"""What ftrack holds and what the studio's own file says, loaded in bulk into temporary tables."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

# Table -> column -> SQL type. Values are the numbers and texts of the record; `value_millionths` is the share
# of a working day (1000000 = full time), dates are the first and the last day, both inclusive.
FTRACK_TABLES: dict[str, dict[str, str]] = {
    "ft_user": {
        "user_id": "VARCHAR",
        "username": "VARCHAR",
        "email": "VARCHAR",
        "name": "VARCHAR",
        "is_active": "BOOLEAN",
    },
    "ft_project": {"project_id": "VARCHAR", "code": "VARCHAR", "name": "VARCHAR"},
    "ft_task": {"task_id": "VARCHAR", "project_id": "VARCHAR", "name": "VARCHAR"},
    "ft_record": {
        "kind": "VARCHAR",
        "record_id": "VARCHAR",
        "user_id": "VARCHAR",
        "project_id": "VARCHAR",
        "task_id": "VARCHAR",
        "assignment_type": "VARCHAR",
        "allocation_type": "VARCHAR",
        "name": "VARCHAR",
        "start": "DATE",
        "end": "DATE",
        "value_millionths": "BIGINT",
        "leave": "BOOLEAN",
        "forecast": "BOOLEAN",
    },
}
EXCEPTION_COLUMNS = ("kind", "source", "source_key", "ftrack_id")
EXCEPTION_KINDS = {
    "person": "person",
    "project": "project",
    "work_item": "work_item",
    "phase": "work_item",
    "task": "work_item",
}


class ExceptionsFileError(ValueError):
    """The exceptions file cannot be used: names file, line and fix."""


def load(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace one of the `ft_*` temporary tables; keys a row lacks are NULL."""
    columns = FTRACK_TABLES[table]
    spec = ", ".join(f"\"{name}\": '{kind}'" for name, kind in columns.items())
    with tempfile.TemporaryDirectory(prefix="crewtally-ftrack-") as folder:
        path = Path(folder) / f"{table}.ndjson"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS "  # noqa: S608 - names and types of ours
            f"SELECT * FROM read_json(?, format = 'newline_delimited', columns = {{{spec}}})",
            [str(path)],
        )


def read_exceptions(path: Path | None) -> list[tuple[str, str, str, str | None]]:
    """The studio's exceptions: (kind, source, source key, ftrack id or None for "never push").

    A CSV file with the columns of EXCEPTION_COLUMNS. Raises ExceptionsFileError.
    """
    if path is None:
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(EXCEPTION_COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise ExceptionsFileError(
                    f"{path}: the first line must name the columns {', '.join(EXCEPTION_COLUMNS)}; "
                    f"missing: {', '.join(sorted(missing))}."
                )
            rows = [_exception(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ExceptionsFileError(f"{path} ([identity] exceptions) cannot be read: {error}") from error
    _refuse_repeats(path, rows)
    return rows


def _exception(path: Path, line: int, row: dict[str, str | None]) -> tuple[str, str, str, str | None]:
    kind, source, key, ftrack_id = ((row[name] or "").strip() for name in EXCEPTION_COLUMNS)
    if kind not in EXCEPTION_KINDS:
        raise ExceptionsFileError(
            f"{path}, line {line}: kind {kind!r} must be one of {', '.join(EXCEPTION_KINDS)}."
        )
    if not source or not key:
        raise ExceptionsFileError(f"{path}, line {line}: source and source_key must be filled.")
    return EXCEPTION_KINDS[kind], source, key, ftrack_id or None


def _refuse_repeats(path: Path, rows: list[tuple[str, str, str, str | None]]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for kind, source, key, _ in rows:
        if (kind, source, key) in seen:
            raise ExceptionsFileError(f"{path}: {kind} {key} of {source} is named twice; keep one line.")
        seen.add((kind, source, key))
