"""The result of reading one page against its wire contract: good rows, rejects, and drift."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that breaks the contract.

    `position` is its 0-based place on the page, `key` its id when one could be read (so that a broken row
    is never taken for a deleted one), `reason` one line for a person, `raw` the row's JSON text.
    """

    position: int
    key: str | None
    reason: str
    raw: str


@dataclass(slots=True)
class Parsed(Generic[Model]):
    """Every row of a page is in `rows` (with its 0-based position) or in `rejects`; never in neither."""

    rows: list[tuple[int, Model]]
    rejects: list[Reject] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)
