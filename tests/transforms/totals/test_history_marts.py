"""What the marts said stays asked for: person-weeks and project-weeks as of any earlier build."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest

from transforms.model import Booking, Person, Project
from transforms.policy import Policy
from transforms.totals import build
from transforms.warehouse import open_warehouse
from transforms.warehouse.load import Absence, Stages

T0 = datetime.fromisoformat("2026-03-02T09:00")  # the warehouse keeps UTC without the mark
MONDAY = date(2026, 3, 2)
POLICY = Policy.model_validate({})
SAYS = {
    "mart_person_week": "SELECT person_key, booked_ms FROM {} WHERE week = '2026-03-02' ORDER BY ALL",
    "mart_project_week": "SELECT project_key, booked_ms, people FROM {} ORDER BY ALL",
}


def booking(key: str, percent: str) -> Booking:
    return Booking(
        source="tenthousandft", source_key=key, content_key=key, kind="work", resource_kind="member",
        person_key="p", project_key="j", work_item_key=None, leave_type_key=None, start_date=MONDAY,
        end_date=MONDAY + timedelta(days=4), effort_unit="percent", effort_amount=Decimal(percent),
        is_billable=False, is_tentative=False, allocate_on_time_off=None, read_only_kind=None,
        repetition_key=None, vendor_hours=None, note=None, page_sha256="", page_position=0,
    )  # fmt: skip


def learn(con: duckdb.DuckDBPyConnection, known: datetime, bookings: list[Booking]) -> None:
    people = [Person("tenthousandft", "p", "member", "Ada"), Project("tenthousandft", "j", "Film")]
    with Stages(con) as stages:
        _ = stages["core_booking"]
        stages.add([*people, *bookings])
        stages.materialise()
        for table, stage in stages.items():
            absence = Absence("true") if table == "core_booking" else None
            stage.merge("tenthousandft", f"{known:%H}", known, absence)
    build(con, POLICY, known)


@pytest.mark.parametrize("mart", SAYS)
def test_every_build_can_be_asked_again(mart: str) -> None:
    con = open_warehouse(":memory:")
    con.execute(
        "INSERT INTO raw_snapshot VALUES ('s', 'tenthousandft', 'assignments', 'all', '2026-03-02',"
        " '2026-03-08', ?, ?, true, NULL, 1, 0, 0, 0, 0, 0, '', 0)",
        [T0, T0],
    )
    said = {}
    plans = (["0.5"], ["0.5"], ["1.0"], ["1.0", "0.25"], [], ["0.5"])
    for hour, percents in enumerate(plans):
        known = T0 + timedelta(hours=hour)
        learn(con, known, [booking(str(n), percent) for n, percent in enumerate(percents)])
        said[known] = con.execute(SAYS[mart].format(mart)).fetchall()
    for known, rows in said.items():
        asked = SAYS[mart].format(f"{mart}_as_of(TIMESTAMP '{known}')")
        assert con.execute(asked).fetchall() == rows
    [(versions,)] = con.execute(f"SELECT count(*) FROM {mart}_history").fetchall()  # noqa: S608 - our own name
    assert versions < len(plans) + 2, "an unchanged number keeps its row"
