"""A published copy to ask questions of: a studio with planted cases, pulled, edited, pulled again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sandbox import Sandbox
from pipelines.pull import pull
from pipelines.settings import Settings
from transforms.warehouse import open_warehouse
from transforms.warehouse.publish import publish

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
COOKBOOK = Path(__file__).parents[2] / "docs" / "cookbook"
Answer = list[dict[str, Any]]


@dataclass(frozen=True)
class Published:
    """The link to the copy, and an instant (UTC) between the two pulls it was made from."""

    link: Path
    between: datetime

    def sql(self, text: str, **variables: object) -> Answer:
        """The rows of a query as dictionaries, asked by a reader of the copy."""
        with duckdb.connect(str(self.link), read_only=True) as con:
            for name, value in variables.items():
                con.execute(f"SET VARIABLE {name} = ?", [value])
            result = con.execute(text)
            columns = [column[0] for column in result.description]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    def ask(self, question: str, **variables: object) -> Answer:
        """The answer of a query of the cookbook, on 4 March unless told otherwise."""
        known = {"today": NOW.date(), "since": self.between, "month": date(2026, 3, 1)}
        return self.sql((COOKBOOK / f"{question}.sql").read_text(), **{**known, **variables})


@dataclass
class Planted:
    """What is planted in the studio, by names nobody else has there."""

    sandbox: Sandbox

    def person(self, name: str, discipline: str) -> int:
        first, last = name.split()
        return self.sandbox.tenthousandft.add(
            "users", first_name=first, last_name=last, display_name=name, discipline=discipline, role="Cook",
            email=f"{first}.{last}@cookbook.example".lower(), archived=False,
        )  # fmt: skip

    def project(self, name: str, code: str, state: str = "Confirmed") -> int:
        return self.sandbox.tenthousandft.add(
            "projects", name=name, project_code=code, project_state=state, archived=False, parent_id=None
        )

    def book(
        self,
        what: int,
        who: int | None,
        start: str,
        end: str,
        mode: str = "percent",
        amount: float = 1.0,
        **more: Any,
    ) -> int:
        own = "fixed_hours" if mode == "fixed" else mode
        effort = {"allocation_mode": mode, "percent": None, own: amount}
        return self.sandbox.tenthousandft.add(
            "assignments", assignable_id=what, user_id=who, starts_at=start, ends_at=end, **effort, **more
        )

    def before(self) -> None:
        """The studio as the first pull finds it."""
        lighting = self.person("Olive Over", "Lighting")
        alpha = self.project("Cookbook Alpha", "COOK1")
        beta = self.project("Cookbook Beta", "COOK2", "Tentative")
        self.book(alpha, lighting, "2026-03-09", "2026-03-13")
        self.book(alpha, lighting, "2026-03-11", "2026-03-11", "hours_per_day", 4)
        self.book(alpha, lighting, "2026-03-14", "2026-03-15")
        self.book(alpha, lighting, "2026-03-21", "2026-03-22", "fixed", 6)
        hidden = self.person("Hidde Clash", "FX")
        self.book(alpha, hidden, "2026-03-17", "2026-03-17", "hours_per_day", 12)
        tentative = self.person("Tess Tative", "Layout")
        self.book(alpha, tentative, "2026-03-09", "2026-03-13", amount=0.5)
        self.book(beta, tentative, "2026-03-09", "2026-03-10", amount=0.75)
        self.book(beta, tentative, "2026-03-12", "2026-03-12", amount=0.5)
        self._absences()
        self._chef(alpha, beta)
        self._open_demand(alpha)
        self._two_planners()
        self._to_be_changed()
        self.broken = self.book(alpha, hidden, "2026-03-18", "2026-03-18", amount=0.25)
        self.book(alpha, hidden, "2026-03-19", "2026-03-19", amount=-1)

    def _absences(self) -> None:
        self.vacation = self.sandbox.tenthousandft.rows("leave_types")[0]["id"]
        linus = self.person("Linus Free", "Lighting")
        self.book(self.project("Cookbook Other", "COOK5"), linus, "2026-03-02", "2026-03-06")
        self.book(self.vacation, linus, "2026-03-20", "2026-03-20", "hours_per_day", 4)
        self.lena = self.person("Lena Away", "Editorial")
        self.book(self.vacation, self.lena, "2026-03-26", "2026-03-31")

    def _chef(self, alpha: int, beta: int) -> None:
        chef = self.person("Chef Cook", "Cooking")
        self.book(alpha, chef, "2026-03-02", "2026-03-13", amount=0.5, bill_rate=90.0)
        self.book(beta, chef, "2026-03-16", "2026-03-20", amount=0.25)

    def _open_demand(self, alpha: int) -> None:
        lighter = self.sandbox.tenthousandft.add(
            "placeholders", title="Cookbook Lighter", display_name="Cookbook Lighter", role="Night Cook",
            discipline="Cooking", archived=False,
        )  # fmt: skip
        self.book(alpha, lighter, "2026-04-13", "2026-04-17")
        self.book(alpha, None, "2026-04-13", "2026-04-17", "fixed", 20, note="cookbook")

    def _two_planners(self) -> None:
        """Lena and a project in both: a week they agree on, a week they do not, a total made by hand."""
        gamma = self.project("Cookbook Gamma", "COOK3")
        self.book(gamma, self.lena, "2026-03-09", "2026-03-13")
        self.book(gamma, self.lena, "2026-03-16", "2026-03-20")
        ruddr = self.sandbox.ruddr
        like = next(m for m in ruddr.rows("members") if m["isActive"] and len(m["availabilityPeriods"]) == 1)
        week = {"id": "cookbook-week", "start": None, "end": None, "hoursPerDay": [8, 8, 8, 8, 8, 0, 0]}
        member = {**like, "id": "cookbook-lena", "name": "Lena Away", "email": "Lena.Away@cookbook.example"}
        dates = {"activeStartDate": None, "activeEndDate": None}
        ruddr.add_row("members", {**member, **dates, "availabilityPeriods": [week]})
        project = {
            "id": "cookbook-gamma",
            "name": "Cookbook Gamma",
            "code": "COOK3",
            "statusId": "in_progress",
        }
        ruddr.add_row("projects", {**ruddr.rows("projects")[0], **project})
        booked = {
            "member": {"id": "cookbook-lena", "name": "Lena Away"},
            "project": {"id": "cookbook-gamma", "name": "Cookbook Gamma"},
            "unit": "day",
        }
        ruddr.add("allocations", start="2026-03-09", end="2026-03-13", hoursPerDay=8, **booked)
        ruddr.add("allocations", start="2026-03-16", end="2026-03-20", hoursPerDay=4, totalHours=21, **booked)

    def _to_be_changed(self) -> None:
        self.dora, self.hank = self.person("Dora Delta", "Rigging"), self.person("Hank Delta", "Rigging")
        self.delta = self.project("Cookbook Delta", "COOK4")
        self.same = self.book(self.delta, self.dora, "2026-03-09", "2026-03-13")
        self.changed = self.book(self.delta, self.dora, "2026-03-16", "2026-03-20", amount=0.5)
        self.gone = self.book(self.delta, self.dora, "2026-03-23", "2026-03-24")
        self.given = self.book(self.delta, self.dora, "2026-03-30", "2026-03-30", "hours_per_day", 8)
        self.first_seen = self.book(self.delta, self.dora, "2026-09-21", "2026-09-25")

    def edit(self) -> None:
        """What planners do between the two pulls."""
        state = self.sandbox.tenthousandft
        state.update("assignments", self.changed, percent=1.0)
        state.delete("assignments", self.gone)
        self.new = self.book(self.delta, self.dora, "2026-03-25", "2026-03-27", "hours_per_day", 2)
        state.delete("assignments", self.given)
        self.taken = self.book(self.delta, self.hank, "2026-03-30", "2026-03-30", "hours_per_day", 8)
        state.update("assignments", self.broken, percent=-1)


@pytest.fixture(scope="session")
def planted_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Published, Planted]]:
    folder = tmp_path_factory.mktemp("published")
    with Sandbox(people=40, seed=1, today=NOW.date()) as sandbox:
        settings = Settings.model_validate(
            {
                "tenthousandft": sandbox.ready["tenthousandft"],
                "ruddr": sandbox.ready["ruddr"],
                "warehouse": {"path": folder / "warehouse.duckdb", "published": folder / "current.duckdb"},
                "landing": {"path": folder / "landing"},
            }
        )
        planted = Planted(sandbox)
        planted.before()
        with open_warehouse(settings.warehouse.path) as con:
            pull(settings, con, now=NOW)
            between = datetime.now(UTC).replace(tzinfo=None)
            planted.edit()
            pull(settings, con, now=NOW, end=date(2026, 10, 4))
            publish(con, settings.warehouse.published, datetime.now(UTC).replace(tzinfo=None))
        yield Published(settings.warehouse.published, between), planted


@pytest.fixture(scope="session")
def published(planted_copy: tuple[Published, Planted]) -> Published:
    return planted_copy[0]


@pytest.fixture(scope="session")
def planted(planted_copy: tuple[Published, Planted]) -> Planted:
    return planted_copy[1]
