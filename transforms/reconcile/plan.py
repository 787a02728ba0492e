"""A plan: everything that will change in ftrack, as a file that can be read, checked and applied once.

The file is canonical JSON (keys sorted, no time of making, stable order), so the same input is the same
bytes and the same sha256. `docs/guarantees.md`, guarantee 4.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import from_json
from typing_extensions import TypedDict  # pydantic wants this one on Python 3.11

FORMAT = 1
_NO_CHANGES = '"changes":[]'  # nowhere else in a plan: in a text the quotes would be escaped
HALF_MADE = "half made by an earlier push"
"""The rule (diff.sql) of a create whose record is there in part: what is missing is made."""

Action = Literal["create", "update", "delete"]
Kind = Literal["assignment", "team", "allocation"]
Image = dict[str, str | float | bool | None]
"""Fields of a record: user_id, project_id, task_id, assignment_type, allocation_type, name, start and end
(ISO dates, inclusive), value (1.0 = full time), leave, forecast; those its dialect knows."""


class PlanError(ValueError):
    """The file is no plan, is of another version, or was edited: says which and what to do."""


class Hours(TypedDict):
    """Booked hours of a record over all its days, before and after."""

    before: float
    after: float


class Snapshot(TypedDict):
    """The latest pull of one stream: its window, and the hash of the bytes it brought."""

    source: str
    stream: str
    scope: str
    window_start: str | None
    window_end: str | None
    complete: bool
    content_sha256: str


class Change(TypedDict):
    """One record to create, update (differing fields only) or delete.

    `origin` is which booking asked for it: source, booking, run, and the keys the ledger remembers.
    """

    action: Action
    kind: Kind
    id: str
    before: Image | None
    after: Image | None
    rule: str
    origin: dict[str, str | int | None]
    person: str
    project: str
    hours: Hours
    task: NotRequired[str]
    moved_from: NotRequired[str]
    moved_to: NotRequired[str]


class Blocked(TypedDict):
    """A booking or record that is left alone, and why."""

    what: Literal["booking", "assignment", "team", "allocation"]
    reason: str
    source: str
    booking: str
    person: str | None
    project: str | None
    hours: float
    id: NotRequired[str]
    before: NotRequired[Image]
    after: NotRequired[Image]


class Conflict(TypedDict):
    """A week in which both planners book a person on a project (or leave); the loser's hours are left out."""

    person: str
    project: str
    week: str
    winner: str
    loser: str
    days: int
    winner_hours: float
    loser_hours: float
    agrees: bool


class Unmatched(TypedDict):
    """A person, project or work item with hours that has no certain counterpart in ftrack."""

    kind: str
    source: str
    key: str
    name: str
    status: str
    reason: str
    suggestions: list[str]
    bookings: int
    hours: float


class SourceImpact(TypedDict):
    """Bookings that made records of ours, how many are gone from their source, how many it has now."""

    source: str
    pushed: int
    lost: int
    bookings: int


class ProjectImpact(TypedDict):
    """Records of ours on a project, and its booked hours from today on before and after."""

    project: str
    records: int
    before: float
    after: float


class Impact(TypedDict):
    """What the guards look at. Hours are those from the plan's day on; leave is not work."""

    records: int
    people: int
    people_emptied: list[str]
    sources: list[SourceImpact]
    projects: list[ProjectImpact]


class Moved(TypedDict):
    """Booked hours that a plan adds to and takes from one person."""

    person: str
    added_hours: float
    removed_hours: float


class Summary(TypedDict):
    """Counts: action -> kind -> records; records kept, blocked, left for a full run, gone already; people."""

    changes: dict[str, dict[str, int]]
    people: list[Moved]
    kept: int
    blocked: int
    outside_window: int
    gone: int


@with_config(ConfigDict(extra="forbid", strict=True))
class Content(TypedDict):
    """The plan itself.

    `day` is the studio's day, from which future hours count; `previous` the sha256 of the plan pushed last.
    """

    format: int
    dialect: Literal["seed", "studio"]
    server: str
    day: str
    previous: str | None
    undoes: str | None
    delete_window: list[str] | None
    snapshots: list[Snapshot]
    changes: list[Change]
    blocked: list[Blocked]
    conflicts: list[Conflict]
    unmatched: list[Unmatched]
    summary: Summary
    impact: Impact


@cache
def _content() -> TypeAdapter[Content]:
    """Built when first needed: the settings import this module at every start."""
    return TypeAdapter(Content)


@dataclass(frozen=True)
class Plan:
    """A plan as it is hashed, kept and pushed, and the sha256 by which it is allowed and recorded."""

    sha256: str
    _canonical: bytes = field(repr=False, compare=False)

    @classmethod
    def of(cls, content: Content) -> Plan:
        return cls._of(canonical(content))

    @classmethod
    def made(cls, head: Content, changes: Sequence[str]) -> Plan:
        """A plan from the canonical JSON of each change, in their order, and `head`, which has all else."""
        before, after = canonical(head).split(_NO_CHANGES, 1)
        return cls._of(f'{before}"changes":[{",".join(changes)}]{after}')

    @classmethod
    def _of(cls, text: str) -> Plan:
        written = text.encode()
        return cls(hashlib.sha256(written).hexdigest(), written)

    @cached_property
    def content(self) -> Content:
        """What it says, keys in their order. A plan can be large: it is read when somebody asks."""
        content: Content = from_json(self._canonical, cache_strings="keys")
        return content

    @property
    def changes(self) -> list[Change]:
        return self.content["changes"]

    @property
    def blocked(self) -> list[Blocked]:
        return self.content["blocked"]

    @property
    def conflicts(self) -> list[Conflict]:
        return self.content["conflicts"]

    @property
    def unmatched(self) -> list[Unmatched]:
        return self.content["unmatched"]

    def dump(self) -> bytes:
        """The plan file: one JSON object {"plan", "sha256"}, the same bytes for the same plan."""
        return b'{"plan":%b,"sha256":"%b"}\n' % (self._canonical, self.sha256.encode())

    @classmethod
    def load(cls, data: bytes) -> Plan:
        """Read a plan file, checking version, hash and shape. Raises PlanError."""
        try:
            file = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise PlanError(f"This is no plan file, it is not JSON: {error}.") from error
        if not isinstance(file, dict) or not isinstance(file.get("plan"), dict):
            raise PlanError("This is no plan file: make one with `crewtally plan -o FILE`.")
        if file["plan"].get("format") != FORMAT:
            raise PlanError(
                f"The plan has format {file['plan'].get('format')!r}, this crewtally knows {FORMAT}:"
                " plan again."
            )
        try:
            plan = cls.of(file["plan"])
        except ValueError as error:  # NaN, or text that is no text
            raise PlanError(f"The plan file is damaged: {error}. Plan again.") from error
        if plan.sha256 != file.get("sha256"):
            raise PlanError(
                f"The plan was changed after it was made (its sha256 is {plan.sha256}, the file says "
                f"{file.get('sha256')}). A plan cannot be edited: plan again."
            )
        _check_shape(file["plan"])
        if plan.dump() == data:  # its keys are in their order: it need not be read again
            vars(plan)["content"] = file["plan"]
        return plan


def canonical(content: Any) -> str:
    """The one way to write it: keys sorted, nothing between them. Raises ValueError for what is no number."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _check_shape(content: Any) -> None:
    try:
        _content().validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PlanError(f"The plan file is damaged at {where}: {first['msg']}. Plan again.") from error
