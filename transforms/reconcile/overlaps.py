"""What a plan leaves out because the other planner has the say, by person and project instead of by week."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

from transforms.reconcile.plan import Conflict, Plan


@dataclass(frozen=True, slots=True)
class Overlap:
    """Weeks in which both planners book a person on a project on the same days, with different hours.

    The winner's hours are pushed, the loser's are left out.
    """

    person: str
    project: str
    winner: str
    loser: str
    weeks: tuple[Conflict, ...]

    @property
    def winner_hours(self) -> float:
        return round(math.fsum(week["winner_hours"] for week in self.weeks), 4)

    @property
    def loser_hours(self) -> float:
        return round(math.fsum(week["loser_hours"] for week in self.weeks), 4)


def overlaps(plan: Plan) -> list[Overlap]:
    """Every such overlap in the plan, the most hours left out first."""
    differing = sorted((item for item in plan.conflicts if not item["agrees"]), key=_when)
    found = [Overlap(*pair, tuple(weeks)) for pair, weeks in groupby(differing, key=_pair)]
    return sorted(found, key=lambda item: (-item.loser_hours, item.person, item.project, item.loser))


def _pair(item: Conflict) -> tuple[str, str, str, str]:
    return item["person"], item["project"], item["winner"], item["loser"]


def _when(item: Conflict) -> tuple[str, ...]:
    return *_pair(item), item["week"]
