"""Who is who, where e-mail and name do not tell: what is open, and the studio's word on it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import queries
from pipelines.connect import ftrack_client
from pipelines.exceptions_file import add
from pipelines.plan import check_pulled, read_names, rules_of, speak
from pipelines.settings import ConfigError, Settings
from transforms.reconcile.actual import EXCEPTION_KINDS, ExceptionsFileError
from transforms.reconcile.reconcile import identify

SHOWN = 30
"""Rows of one kind on the terminal; --json has them all."""
WAITING = "its project is not matched"
_TITLES = {"person": "People", "project": "Projects", "work_item": "Phases and tasks"}


class NotAccepted(Exception):
    """A line cannot go into the exceptions file: says why, and what to do. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Word:
    """The studio's word on one row of a planner; `ftrack_id` None: it is never pushed."""

    kind: str
    source: str
    source_key: str
    ftrack_id: str | None


def read(
    settings: Settings, con: duckdb.DuckDBPyConnection, words: Sequence[Word] = ()
) -> list[dict[str, Any]]:
    """What has hours and no certain counterpart in ftrack, by a fresh read of it; `words` are written first.

    Keys: kind, source, key, name, status, reason, bookings, hours, suggestions. Raises ConfigError,
    NotAccepted, WarehouseError before the first pull, or ConnectorError from ftrack.
    """
    check_pulled(con)
    with ftrack_client(settings) as client:
        spoken = speak(settings, client)
        read_names(con, client)
    identify(con, rules_of(_usable(settings), spoken))
    if words:
        _write(settings, con, words)
        identify(con, rules_of(settings, spoken))
    return queries.rows(con, "identity_unmatched", needs="mart_booking_day")


def _usable(settings: Settings) -> Settings:
    """Without the exceptions file where it is not there yet: the first accepted line makes it."""
    path = settings.identity.exceptions
    if path is None or path.exists():
        return settings
    return settings.model_copy(update={"identity": settings.identity.model_copy(update={"exceptions": None})})


def _write(settings: Settings, con: duckdb.DuckDBPyConnection, words: Sequence[Word]) -> None:
    path = settings.identity.exceptions
    if path is None:
        raise ConfigError(
            'There is no exceptions file: add [identity] exceptions = "identity.csv" to the configuration.'
        )
    lines = [_line(con, word) for word in words]
    try:
        add(path, lines)
    except ExceptionsFileError as error:
        raise NotAccepted(f"{error} Nothing was written.") from error


def _line(con: duckdb.DuckDBPyConnection, word: Word) -> dict[str, str]:
    """A line of the file, after asking whether the planner and ftrack know what it is about."""
    kind = EXCEPTION_KINDS[word.kind]
    asked = {
        "kind": kind,
        "source": word.source,
        "source_key": word.source_key,
        "ftrack_id": word.ftrack_id,
    }
    [found] = queries.rows(con, "identity_known", asked, needs="core_person")
    if found["name"] is None:
        raise NotAccepted(
            f"{word.source} has no {word.kind} {word.source_key}: `crewtally identity` lists those without a "
            "counterpart. Nothing was written."
        )
    if word.ftrack_id is not None and found["ftrack_name"] is None:
        raise NotAccepted(
            f"ftrack has no {_IN_FTRACK[kind]} with the id {word.ftrack_id}. Nothing was written."
        )
    return {
        **asked,
        "kind": word.kind,
        "ftrack_id": word.ftrack_id or "",
        "name": found["name"],
        "ftrack_name": found["ftrack_name"] or "never pushed",
    }


_IN_FTRACK = {"person": "user", "project": "project", "work_item": "task"}


def lines(items: Sequence[dict[str, Any]], exceptions: Path | None) -> Iterator[str]:
    """The list for a person, each suggestion with the command that accepts it."""
    for kind, title in _TITLES.items():
        of_kind = [item for item in items if item["kind"] == kind and item["status"] != "left out"]
        open_ = [item for item in of_kind if item["reason"] != WAITING]
        if open_:
            yield f"{title} without a certain counterpart in ftrack: {len(open_)}"
            for item in open_[:SHOWN]:
                yield from _item(item)
            if len(open_) > SHOWN:
                yield f"  ... and {len(open_) - SHOWN} more: crewtally identity --json"
            yield ""
        if len(of_kind) > len(open_):
            yield f"{len(of_kind) - len(open_)} phases and tasks wait for their project to be matched."
            yield ""
    left_out = Counter(item["kind"] for item in items if item["status"] == "left out")
    if left_out:
        said = ", ".join(f"{number} {_TITLES.get(kind, kind).lower()}" for kind, number in left_out.items())
        yield f"Left out for good by {exceptions}: {said}."


def _item(item: dict[str, Any]) -> Iterator[str]:
    booked = "1 booking" if item["bookings"] == 1 else f"{item['bookings']:,} bookings"
    about = (item["kind"].replace("work_item", "task"), item["source"], item["key"])
    named = f"{item['name'] or 'without a name'} ({item['source']} {item['key']})"
    yield f"  {named}: {item['reason']}; {item['hours']:,.1f} h in {booked}"
    for suggestion in item["suggestions"]:
        yield f"    perhaps {suggestion['name']}"
        yield f"      crewtally identity --accept {shlex.join((*about, suggestion['ftrack_id']))}"
    if not item["suggestions"]:
        yield f"    to leave it out for good: crewtally identity --leave-out {shlex.join(about)}"
