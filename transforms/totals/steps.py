"""The SQL files beside this module, by name."""

from __future__ import annotations

from importlib.resources import files

import duckdb


def text(step: str) -> str:
    """The SQL of one step."""
    return files(__package__).joinpath(f"{step}.sql").read_text()


def run(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Carry out these steps, one after the other."""
    for name in names:
        con.execute(text(name))
