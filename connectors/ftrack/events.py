"""What ftrack tells when something changes in it: a message of its event hub, or the payload of a webhook.

Nothing here listens or writes. A message becomes notices, and a burst of notices that matter becomes one
request for a run. Neither way of being told is complete (the hub replays nothing, webhooks name no deletes):
a notice may hasten a run and never replaces one. Source: docs/sources/ftrack.md, docs/events.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from connectors.errors import ContractError

SERVICE = "ftrack"

Operation = Literal["create", "update", "delete"]
Message = TypeVar("Message")

WATCHED = frozenset(
    {
        *("User", "Project", "Task"),
        *("Assignment", "Allocation"),  # dialect `seed`
        *("Appointment", "CalendarEvent", "CalendarEventResource"),  # dialect `studio`
    }
)
"""The types of record a sync reads or writes. Notes and versions come all day long and are none of them."""

# The hub's `entityType` is in lower case and calls a project "show".
_TYPES = {name.lower(): name for name in WATCHED} | {"show": "Project"}
_OPERATIONS: dict[str, Operation] = {
    "add": "create",
    "create": "create",
    "remove": "delete",
    "delete": "delete",
}


@dataclass(frozen=True, slots=True)
class ChangeNotice:
    """One record that changed.

    `key` is its id, or the parts of its key. `authors` holds what ftrack calls whoever changed it: the name,
    the id, or both; nothing where it does not say.
    """

    entity_type: str
    key: tuple[str, ...]
    operation: Operation
    authors: frozenset[str]


def read_message(event: object) -> tuple[ChangeNotice, ...]:
    """The notices in an `ftrack.update` of the event hub, one for each record it names.

    Fields nobody knows are passed over; an action nobody knows is an update. Raises ContractError for what is
    no such message.
    """
    plain = dict(event) if isinstance(event, Mapping) else event  # the official client's is no dict
    message = _checked(_HubMessage.model_validate, plain, "an ftrack.update message")
    authors = _authors(message.data.user, message.source.user if message.source else None)
    return tuple(_notice(e.entity_type, (e.entity_id,), e.action, authors) for e in message.data.entities)


def read_webhook(body: bytes | str) -> ChangeNotice:
    """The notice in the body of a webhook's request. Raises ContractError for what is no such payload."""
    payload = _checked(_HookPayload.model_validate_json, body, "a webhook payload")
    entity = payload.entity
    return _notice(entity.entity_type, tuple(entity.id), entity.operation, _authors(payload.metadata))


def matters(notice: ChangeNotice, own: Collection[str], watched: Collection[str] = WATCHED) -> bool:
    """Whether a run might see this change: of a watched type, and not made by us.

    `own` holds the name and the id of our API user, whose changes are those of our last push: a run for them
    would end in the next request for a run.
    """
    return notice.entity_type in watched and notice.authors.isdisjoint(own)


class Debouncer:
    """Makes one call of `request` out of a burst of `tell`.

    After a `tell`, `poll` calls it when no other came for `quiet_seconds`, or when `patience_seconds` have
    passed although they keep coming; and never sooner than `rest_seconds` after the last call ended. A call
    that raises is made again after that rest. Everything happens in the thread that polls.
    """

    def __init__(
        self,
        request: Callable[[], None],
        *,
        quiet_seconds: float,
        patience_seconds: float,
        rest_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._request = request
        self._quiet, self._patience, self._rest = quiet_seconds, patience_seconds, rest_seconds
        self._clock = clock
        self._burst: tuple[float, float] | None = None
        self._at_once = False
        self._rested = -math.inf

    def tell(self, *, at_once: bool = False) -> None:
        """Something changed; `at_once`: there is no burst to wait for."""
        now = self._clock()
        self._burst = (self._burst[0] if self._burst else now, now)
        self._at_once = self._at_once or at_once

    @property
    def due_in(self) -> float | None:
        """Seconds until `poll` would call; None when there is nothing to call for."""
        if self._burst is None:
            return None
        first, last = self._burst
        due = first if self._at_once else min(last + self._quiet, first + self._patience)
        return max(0.0, max(due, self._rested) - self._clock())

    def poll(self) -> bool:
        """Calls `request` if it is due, and says whether it was. Raises what `request` raises."""
        if self.due_in != 0.0:
            return False
        self._burst, self._at_once = None, False
        try:
            self._request()
        except BaseException:
            self.tell(at_once=True)
            raise
        finally:
            self._rested = self._clock() + self._rest
        return True


Text = Annotated[str, Field(min_length=1)]


class _HubEntity(BaseModel):
    entity_type: Text = Field(validation_alias=AliasChoices("entity_type", "entityType"))
    entity_id: Text = Field(validation_alias="entityId")
    action: Text


class _HubData(BaseModel):
    entities: list[_HubEntity]
    user: Any = None


class _HubSource(BaseModel):
    user: Any = None


class _HubMessage(BaseModel):
    topic: Literal["ftrack.update"]
    data: _HubData
    source: _HubSource | None = None


class _HookEntity(BaseModel):
    id: Annotated[list[Text], Field(min_length=1)]
    entity_type: Text
    operation: Text


class _HookPayload(BaseModel):
    entity: _HookEntity
    metadata: Any = None


def _checked(read: Callable[[Any], Message], given: object, what: str) -> Message:
    try:
        return read(given)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "all of it"
        raise ContractError(f"sent what is not {what}: {where}: {problem['msg']}", service=SERVICE) from None


def _notice(entity_type: str, key: tuple[str, ...], operation: str, authors: frozenset[str]) -> ChangeNotice:
    name = _TYPES.get(entity_type.lower(), entity_type)
    return ChangeNotice(name, key, _OPERATIONS.get(operation.lower(), "update"), authors)


def _authors(*mentions: object) -> frozenset[str]:
    """The names and ids in what may be a user; a change by nobody we can name is still a change.

    `source.user` has `username` and `id`, `data.user` has `userid`, a webhook's metadata `resource_id`.
    """
    users = [mention for mention in mentions if isinstance(mention, Mapping)]
    found = (user.get(name) for user in users for name in ("username", "id", "userid", "resource_id"))
    return frozenset(name for name in found if isinstance(name, str) and name)
