"""A studio in trouble: planners that disagree, people who edit ftrack, a refusal, hostile names.

Everything is done by the product against the sandbox: two syncs with somebody's hands in between.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.sandbox import Sandbox
from pipelines.apply import apply_plan
from pipelines.plan import make_plan
from pipelines.plans import keep
from pipelines.pull import window
from pipelines.settings import Settings
from pipelines.sync import refresh, sync
from transforms.reconcile.plan import Change
from transforms.warehouse import open_warehouse

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a week without holidays
MONDAY = NOW.date() - timedelta(days=NOW.weekday())
# Markup, an attribute that breaks out, a template, a cell of Markdown; and what steers a terminal: clears the
# screen, colours, rings, turns the writing round, breaks lines.
HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{7*7}} | [x](javascript:x) |"
    " \x1b[2J\x1b[31m\x07\u202eevil\u2028\r\nError: all is lost"
)
LONG = "W" * 400
BROKEN = 900_002


class Nobody:
    """A report nobody listens to."""

    def pulled(self, *_: Any) -> None: ...

    def planned(self, *_: Any) -> None: ...

    def applied(self, *_: Any) -> None: ...


@dataclass(frozen=True)
class Troubled:
    """The services, what was pulled and pushed in `folder`, and the names of what was planted."""

    sandbox: Sandbox
    folder: Path
    keys: dict[str, Any]

    def copy_to(self, folder: Path) -> None:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


@dataclass
class Hands:
    """People at work in the three services."""

    sandbox: Sandbox

    def person(self, name: str, *, ftrack_name: str | None = None) -> tuple[int, str]:
        """Somebody in 10,000ft and (under `ftrack_name`, if that is given) in ftrack; the two ids."""
        mail = f"trouble{len(self.sandbox.ftrack.entities['User'])}@studio.test"
        first, _, last = name.partition(" ")
        key = self.sandbox.tenthousandft.add(
            "users", first_name=first, last_name=last, display_name=name, email=mail, archived=False
        )
        shown = ftrack_name or name
        user = self.sandbox.ftrack.add(
            "User",
            username=mail,
            email=None if ftrack_name else mail,
            first_name=shown.partition(" ")[0],
            last_name=shown.partition(" ")[2],
            is_active=True,
        )
        return key, user

    def project(self, name: str, code: str, *, in_ftrack: bool = True) -> int:
        if in_ftrack:
            project = self.sandbox.ftrack.add("Project", name=code, full_name=name)
            self.sandbox.ftrack.add("Task", name="Layout", parent_id=project)
        key: int = self.sandbox.tenthousandft.add(
            "projects",
            name=name,
            project_code=code,
            project_state="Confirmed",
            archived=False,
            parent_id=None,
        )
        return key

    def book(self, who: int, what: int, *, hours: float = 8, week: int = 0, **more: Any) -> int:
        """Monday to Friday of a week, so many hours a day."""
        start = MONDAY + timedelta(weeks=week)
        effort = {"allocation_mode": "hours_per_day", "hours_per_day": hours, "percent": None}
        key: int = self.sandbox.tenthousandft.add(
            "assignments",
            user_id=who,
            assignable_id=what,
            starts_at=str(start),
            ends_at=str(start + timedelta(days=4)),
            **{**effort, **more},
        )
        return key

    def also_in_ruddr(self, name: str, code: str, email: str, *, hours: float) -> None:
        """The first week of that person on that project, in the other planner."""
        ruddr = self.sandbox.ruddr
        like = next(m for m in ruddr.rows("members") if m["isActive"] and len(m["availabilityPeriods"]) == 1)
        week = {"id": "trouble-week", "start": None, "end": None, "hoursPerDay": [8, 8, 8, 8, 8, 0, 0]}
        dates = {"activeStartDate": None, "activeEndDate": None, "availabilityPeriods": [week]}
        ruddr.add_row("members", {**like, **dates, "id": "trouble-member", "name": name, "email": email})
        project = {"id": "trouble-project", "name": code, "code": code, "statusId": "in_progress"}
        ruddr.add_row("projects", {**ruddr.rows("projects")[0], **project})
        ruddr.add(
            "allocations",
            start=str(MONDAY),
            end=str(MONDAY + timedelta(days=4)),
            hoursPerDay=hours,
            unit="day",
            member={"id": "trouble-member", "name": name},
            project={"id": "trouble-project", "name": code},
        )


@contextmanager
def troubled(folder: Path) -> Iterator[Troubled]:
    """Pulls and pushes, lets people loose, pushes again (one change is refused), and keeps a last plan."""
    with Sandbox(people=4, seed=6, today=NOW.date()) as sandbox:
        hands = Hands(sandbox)
        keys = _plant(hands)
        settings = _settings(sandbox, folder)
        with open_warehouse(settings.warehouse.path) as con:
            first = sync(settings, con, Nobody(), now=NOW).plan
            assert first is not None
            _edit_ftrack(sandbox, first.changes, keys)
            hank, hanks_user = hands.person("Hank Gone")
            hands.book(hank, keys["project"])
            hands.book(keys["olive"], keys["project"], week=2)
            start, end = window(settings, NOW)
            refresh(settings, con, settings.source_order(), start, end)
            second = make_plan(settings, con)
            sandbox.ftrack.remove("User", hanks_user)  # between plan and apply
            assert apply_plan(settings, con, second).failed == 1
            last = make_plan(settings, con)
            keep(settings, last)
        yield Troubled(sandbox, folder, {**keys, "first": first, "pushed": second.sha256, "last": last})


def _plant(hands: Hands) -> dict[str, Any]:
    """What is in the services before the first pull."""
    project = hands.project("Trouble", "TRBL")
    other = hands.project("Other Trouble", "TRBL2")
    olive, user = hands.person("Olive Over")
    hands.book(olive, project)
    hands.book(olive, other, hours=2)
    email = hands.sandbox.ftrack.entities["User"][user]["email"]
    hands.also_in_ruddr("Olive Over", "TRBL", email, hours=4)
    dora, _ = hands.person("Dora Double")
    twins = [hands.book(dora, project, week=1) for _ in range(2)]
    nora, noras_user = hands.person("Nora Nearly", ftrack_name="Nora Nearley")
    hands.book(nora, project)
    hands.book(nora, hands.project("Nowhere", "NWHR", in_ftrack=False))
    evil, _ = hands.person(HOSTILE)
    hands.book(evil, hands.project(HOSTILE, "EVIL"), hours=3)
    hands.book(hands.person(LONG)[0], project, hours=1)
    hands.book(dora, project, week=2, id=BROKEN, hours_per_day=-3)
    return {
        "project": project,
        "olive": olive,
        "olives_user": user,
        "twins": twins,
        "nora": nora,
        "noras_user": noras_user,
    }


def _edit_ftrack(sandbox: Sandbox, pushed: list[Change], keys: dict[str, Any]) -> None:
    """One record changed, one deleted, and one made by hand that we would make next."""
    sandbox.ftrack.change("Allocation", _allocation(pushed, "Olive Over")["id"], value=0.25)
    sandbox.ftrack.remove("Allocation", _allocation(pushed, "Dora Double")["id"])
    start = MONDAY + timedelta(weeks=2)
    sandbox.ftrack.add(
        "Allocation",
        resource_id=keys["olives_user"],
        allocation_type="Project Work",
        value=1.0,
        start=start,
        end=start + timedelta(days=4),
    )


def _allocation(changes: list[Change], person: str) -> Change:
    return next(c for c in changes if c["person"] == person and c["kind"] == "allocation")


def _settings(sandbox: Sandbox, folder: Path) -> Settings:
    return Settings.model_validate(
        {
            **sandbox.ready,
            "warehouse": {"path": folder / "warehouse.duckdb"},
            "landing": {"path": folder / "landing"},
            "window": {"past_days": 7, "future_days": 21},
        }
    )
