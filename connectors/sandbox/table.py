"""Rows of one stream in the order a service lists them, their JSON made once and kept until they change."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

Row = dict[str, Any]
Rank = tuple[int, ...]

MEMO_SIZE = 64


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8; keys stay in the order they were made."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(slots=True, eq=False)
class Entry:
    """A row, its place in the order, and its JSON by variant ("" is the plain row)."""

    row: Row
    rank: Rank = ()
    json: dict[str, bytes] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The row's JSON, made when first asked for."""
        if "" not in self.json:
            self.json[""] = encode(self.row)
        return self.json[""]


class Table:
    """Rows with an `id` (which broken services do not promise to be unique: the first to come is found).

    `rank` places a row among the others; without one, rows stand in the order they were added.
    Selections are remembered until the next edit, so that paging through one costs a slice a page.
    """

    def __init__(self, rows: Iterable[Row] = (), rank: Callable[[Row], Rank] | None = None) -> None:
        self._rank = rank or (lambda _row: ())
        self._added = 0
        self._entries: list[Entry] = []
        self._by_id: dict[Any, Entry] = {}
        self._memo: dict[Hashable, Any] = {}
        for row in rows:
            entry = self._entry(row)
            self._entries.append(entry)
            self._by_id.setdefault(row.get("id"), entry)
        self._entries.sort(key=_RANK)

    def _entry(self, row: Row) -> Entry:
        self._added += 1
        return Entry(row, (*self._rank(row), self._added))

    @property
    def entries(self) -> list[Entry]:
        return self._entries

    def find(self, key: Any) -> Entry | None:
        """The entry whose row has this id, or None."""
        return self._by_id.get(key)

    def add(self, row: Row) -> None:
        """Put the row where its rank says."""
        self.put_back(self._entry(row))

    def put_back(self, entry: Entry) -> None:
        """Put an entry that was deleted where it stood before."""
        insort(self._entries, entry, key=_RANK)
        self._by_id.setdefault(entry.row.get("id"), entry)
        self._memo.clear()

    def update(self, key: Any, changes: Mapping[str, Any]) -> None:
        """Change fields of a row in place. KeyError for an unknown id."""
        entry = self._by_id[key]
        entry.row.update(changes)
        self.touch(entry)

    def touch(self, entry: Entry) -> None:
        """Forget the JSON of a row that has changed, or that shows other rows that have."""
        entry.json.clear()
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of this table, because something it was made from has changed."""
        self._memo.clear()

    def delete(self, key: Any) -> Row:
        """Take the row out and return it. KeyError for an unknown id."""
        entry = self._by_id.pop(key)
        self._entries.remove(entry)
        self._memo.clear()
        for other in self._entries:
            if other.row.get("id") == key:
                self._by_id.setdefault(key, other)
        return entry.row

    def memo(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """`make()`, remembered until the next edit."""
        if key not in self._memo:
            if len(self._memo) >= MEMO_SIZE:
                self._memo.clear()
            self._memo[key] = make()
        return self._memo[key]

    def select(self, key: Hashable, keep: Callable[[Row], bool]) -> list[Entry]:
        """The entries whose row `keep` accepts; `key` names the question."""

        def choose() -> list[Entry]:
            return [entry for entry in self._entries if keep(entry.row)]

        found: list[Entry] = self.memo(("select", key), choose)
        return found

    def group(self, name: str, by: Callable[[Row], Any]) -> dict[Any, list[Entry]]:
        """The entries by what `by` says of their row; `name` names the question."""

        def sort_out() -> dict[Any, list[Entry]]:
            groups: dict[Any, list[Entry]] = {}
            for entry in self._entries:
                groups.setdefault(by(entry.row), []).append(entry)
            return groups

        found: dict[Any, list[Entry]] = self.memo(("group", name), sort_out)
        return found


_RANK = attrgetter("rank")


def position(entries: list[Entry], cursor: Entry) -> int:
    """Where `cursor` stands in a selection, or would stand if it were in it."""
    return bisect_left(entries, cursor.rank, key=_RANK)


class Clock:
    """Tells a time one second later whenever it is asked: the same edits make the same bytes."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def tick(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now
