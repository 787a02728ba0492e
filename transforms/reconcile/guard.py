"""Guards: the limits a plan must keep to, in the users' own units, before it may touch ftrack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from transforms.reconcile.plan import Plan, ProjectImpact, SourceImpact


class GuardLimits(BaseModel):
    """`[guards]` in crewtally.toml. A plan beyond any of these stops until `apply --allow <sha256>`.

    Shares are of the records crewtally owns in ftrack (or of their future hours), 0 to 1. Creates are
    never limited: they take nothing away. A number that is None is no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_records: int = Field(20, ge=0)
    """Below this many owned records, shares say nothing and do not trip."""
    max_delete_share: float = Field(0.2, ge=0, le=1)
    """Share of the owned records that one plan may delete."""
    max_deletes: int | None = Field(None, ge=0)
    """Number of records that one plan may delete."""
    max_update_share: float = Field(0.5, ge=0, le=1)
    """Share of the owned records that one plan may change."""
    max_updates: int | None = Field(None, ge=0)
    """Number of records that one plan may change."""
    max_future_hours_removed_share: float = Field(0.2, ge=0, le=1)
    """Share of the booked hours from today on that one plan may take off projects (moves do not count)."""
    max_project_hours_removed_share: float = Field(0.6, ge=0, le=1)
    """The same for a single project."""
    minimum_project_records: int = Field(10, ge=0)
    """Below this many owned records, a single project does not trip."""
    max_people_emptied: int = Field(3, ge=0)
    """People who may lose all their future work in one plan; the larger of number and share holds."""
    max_people_emptied_share: float = Field(0.05, ge=0, le=1)
    """The same as a share of the people who have future work."""
    max_source_lost_share: float = Field(0.3, ge=0, le=1)
    """Share of one source's pushed bookings that may be gone from it at once."""
    max_clock_skew_minutes: float | None = Field(5, ge=0)
    """Minutes by which a service's clock and this machine's may differ: what is past hangs on the day."""
    when_tripped: Literal["fail", "pause"] = "fail"
    """What a scheduled flow run does then: fail, or pause until a person approves the plan or refuses it."""
    pause_hours: float = Field(24, gt=0)
    """So long it waits for an answer, then it fails."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A guard that a plan ran into: its key in `[guards]`, and what a producer should know."""

    guard: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} ([guards] {self.guard})"


def evaluate(plan: Plan, limits: GuardLimits) -> list[Trip]:
    """Every guard the plan runs into, the gravest first; none means it may be applied."""
    return [
        *_sources(plan, limits),
        *_future_hours(plan, limits),
        *_people(plan, limits),
        *_projects(plan, limits),
        *_counts(plan, "delete", limits.max_delete_share, limits.max_deletes, limits),
        *_counts(plan, "update", limits.max_update_share, limits.max_updates, limits),
    ]


def clock(service: str, skew: timedelta, limits: GuardLimits, *, pulled: bool = False) -> list[Trip]:
    """The guard on the clocks; `skew` is how far the service's is ahead of ours (`pulled`: was)."""
    limit = limits.max_clock_skew_minutes
    minutes = abs(skew).total_seconds() / 60
    if limit is None or minutes <= limit:
        return []
    side = "behind" if skew > timedelta() else "ahead of"
    is_, when, then = ("was", " at the last pull", " Then pull again.") if pulled else ("is", "", "")
    return [
        Trip(
            "max_clock_skew_minutes",
            f"The clock of this machine {is_} {minutes:,.0f} minutes {side} that of {service}{when} "
            f"(limit {limit:g}). Which work is past, and what was known when, would be wrong. "
            "Set this machine's clock (a time service such as chrony keeps it right); "
            f"if it is right, tell who runs {service}.{then}",
        )
    ]


def _sources(plan: Plan, limits: GuardLimits) -> Iterator[Trip]:
    for source in plan.content["impact"]["sources"]:
        if source["lost"] and not source["bookings"]:
            yield Trip(
                "empty source",
                f"{source['source']} has no booking at all any more, but {source['lost']} of its bookings "
                "were pushed. An empty answer is more often a fault than an empty studio.",
            )
        elif source["pushed"] >= limits.minimum_records and _share(source) > limits.max_source_lost_share:
            yield Trip(
                "max_source_lost_share",
                f"{source['lost']} of the {source['pushed']} bookings pushed from {source['source']} are "
                f"gone from it at once ({_percent(_share(source))}, "
                f"limit {_percent(limits.max_source_lost_share)}).",
            )


def _share(source: SourceImpact) -> float:
    return source["lost"] / source["pushed"] if source["pushed"] else 0.0


def _future_hours(plan: Plan, limits: GuardLimits) -> Iterator[Trip]:
    impact = plan.content["impact"]
    before = sum(project["before"] for project in impact["projects"])
    removed = sum(_removed(project) for project in impact["projects"])
    limit = limits.max_future_hours_removed_share
    if impact["records"] >= limits.minimum_records and before and removed / before > limit:
        yield Trip(
            "max_future_hours_removed_share",
            f"{removed:,.0f} of {before:,.0f} booked hours from {plan.content['day']} on would go "
            f"({_percent(removed / before)}, limit {_percent(limit)}).",
        )


def _removed(project: ProjectImpact) -> float:
    """Hours a project loses on balance: what moves from one person to another is not lost."""
    return max(0.0, project["before"] - project["after"])


def _projects(plan: Plan, limits: GuardLimits) -> Iterator[Trip]:
    limit = limits.max_project_hours_removed_share
    for project in plan.content["impact"]["projects"]:
        removed = _removed(project)
        large = project["records"] >= limits.minimum_project_records
        if large and project["before"] and removed / project["before"] > limit:
            yield Trip(
                "max_project_hours_removed_share",
                f"{project['project']} would lose {removed:,.0f} of its {project['before']:,.0f} booked "
                f"hours from {plan.content['day']} on ({_percent(removed / project['before'])}, "
                f"limit {_percent(limit)}).",
            )


def _people(plan: Plan, limits: GuardLimits) -> Iterator[Trip]:
    impact = plan.content["impact"]
    emptied = impact["people_emptied"]
    allowed = max(limits.max_people_emptied, int(limits.max_people_emptied_share * impact["people"]))
    if impact["records"] >= limits.minimum_records and len(emptied) > allowed:
        named = ", ".join(emptied[:5]) + (f" and {len(emptied) - 5} more" if len(emptied) > 5 else "")
        yield Trip(
            "max_people_emptied",
            f"{len(emptied)} people would have no work left from {plan.content['day']} on "
            f"(limit {allowed}): {named}.",
        )


def _counts(plan: Plan, action: str, share: float, number: int | None, limits: GuardLimits) -> Iterator[Trip]:
    records = plan.content["impact"]["records"]
    count = sum(plan.content["summary"]["changes"][action].values())
    doing = {"delete": "delete", "update": "change"}[action]
    if number is not None and count > number:
        yield Trip(f"max_{action}s", f"The plan would {doing} {count} records in ftrack (limit {number}).")
    if records >= limits.minimum_records and count / max(records, 1) > share:
        yield Trip(
            f"max_{action}_share",
            f"The plan would {doing} {count} of the {records} records crewtally owns in ftrack "
            f"({_percent(count / records)}, limit {_percent(share)}).",
        )


def _percent(share: float) -> str:
    return f"{share * 100:.0f}%"
