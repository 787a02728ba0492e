"""Read records back from ftrack and compare them with what plans say of them."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.ftrack.client import Ftrack
from connectors.ftrack.dialects import Dialect, Record
from transforms.reconcile.plan import Change, Image


def read_back(client: Ftrack, dialect: Dialect, changes: Iterable[Change]) -> dict[str, Record]:
    """The records these changes are about, as ftrack has them now, by id."""
    ids: dict[str, list[str]] = {}
    for change in changes:
        ids.setdefault(change["kind"], []).append(change["id"])
    return {record["record_id"]: record for record in dialect.read(client.query, ids)}


def is_done(change: Change, found: Record | None) -> bool:
    """Whether ftrack already says what the change would make it say."""
    if change["action"] == "delete":
        return found is None
    if change["action"] == "create":
        return found is not None and found.get("user_id") is not None  # whole: a half-made event is nobody's
    return found is not None and not differences(change["after"] or {}, found)


def half_done(dialect: Dialect, change: Change, found: Record | None) -> Image | None:
    """What an unfinished update has changed: the fields of its first operations, all as they were to become.

    None where nothing was changed, and where any field is neither as before nor as after: a person edited it.
    """
    before, after = change["before"] or {}, change["after"] or {}
    if change["action"] != "update" or found is None:
        return None
    there: Image = {}
    parts = dialect.parts(change["kind"], after)
    while parts and not differences(part := {name: after[name] for name in parts[0]}, found):
        there |= part
        del parts[0]
    missing = {name: before[name] for part in parts for name in part}
    return there if there and missing and not differences(missing, found) else None


def differences(fields: Image, found: Record) -> list[str]:
    """Names of the fields in which a record differs from what a plan says."""
    return [
        name for name, value in fields.items()
        if (found.get(name) if name != "value" else _share(found)) != value
    ]  # fmt: skip


def _share(found: Record) -> float | None:
    millionths = found.get("value_millionths")
    return None if millionths is None else millionths / 1_000_000


def image_of(found: Record) -> Image:
    """A record as plans write it: without empty fields, its value as a share."""
    image: Image = {}
    for name, value in found.items():
        if name == "value_millionths" and value is not None:
            image["value"] = value / 1_000_000
        elif value is not None and name not in ("kind", "record_id"):
            image[name] = value
    return image


def mismatch(change: Change, found: Record | None) -> str | None:
    """How a record that was pushed differs from its plan; None: it is as planned."""
    if change["action"] == "delete":
        wrong = "was deleted and is there" if found is not None else ""
    elif found is None:
        wrong = "was pushed and is not there"
    else:
        names = differences(change["after"] or {}, found)
        wrong = f"was pushed and differs in {', '.join(names)}" if names else ""
    return f"{named(change)} {wrong}" if wrong else None


def named(change: Change) -> str:
    """The record a change is about, for messages."""
    return f"{change['kind']} {change['id']} ({change['person']}, {change['project']})"
