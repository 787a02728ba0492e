"""Bookings in columns: what the functions of `tenthousandft` and `ruddr` make row by row, as SQL over pages.

Only pages without a flaw go this way: pydantic has judged every field (`connectors.columns`), the SQL beside
this file applies what is left, and a page with a single doubtful row is left to the other way. Both make the
same rows; a property test holds them together (tests/transforms/normalise/test_in_columns.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files


@dataclass(frozen=True)
class InColumns:
    """How a stream is read in columns: wire field -> (column of `wire_row`, its type), and the SQL over it.

    The first field is one that every row has. `wire_row` has three columns more: place (of the page in the
    listing), page_sha256 and page_position. The SQL makes the columns of core_booking but content_key, and
    place and is_sound; $most_days is the longest span of a booking.
    """

    fields: Mapping[str, tuple[str, str]]
    file: str

    @cached_property
    def sql(self) -> str:
        return files("transforms.normalise").joinpath(self.file).read_text(encoding="utf-8")


REF = "STRUCT(id VARCHAR)"

ASSIGNMENTS = InColumns(
    {
        "id": ("id", "VARCHAR"),
        "user_id": ("user_id", "VARCHAR"),
        "assignable_id": ("assignable_id", "VARCHAR"),
        "starts_at": ("starts_at", "DATE"),
        "ends_at": ("ends_at", "DATE"),
        "allocation_mode": ("allocation_mode", "VARCHAR"),
        "percent": ("percent", "DOUBLE"),
        "hours_per_day": ("hours_per_day", "DOUBLE"),
        "fixed_hours": ("fixed_hours", "DOUBLE"),
        "bill_rate": ("bill_rate", "DOUBLE"),
        "repetition_id": ("repetition_id", "VARCHAR"),
        "description": ("description", "VARCHAR"),
        "note": ("note", "VARCHAR"),
    },
    "tenthousandft_assignments.sql",
)

ALLOCATIONS = InColumns(
    {
        "id": ("id", "VARCHAR"),
        "resourceTypeId": ("resource_type_id", "VARCHAR"),
        "assignmentTypeId": ("assignment_type_id", "VARCHAR"),
        "start": ("start_date", "DATE"),
        "end": ("end_date", "DATE"),
        "unit": ("unit", "VARCHAR"),
        "hoursPerDay": ("hours_per_day", "DOUBLE"),
        "hoursPerWeek": ("hours_per_week", "DOUBLE"),
        "hoursPerMonth": ("hours_per_month", "DOUBLE"),
        "hoursPerAllocation": ("hours_per_allocation", "DOUBLE"),
        "hoursRatioOfCapacity": ("hours_ratio_of_capacity", "DOUBLE"),
        "totalHours": ("total_hours", "DOUBLE"),
        "isBillable": ("is_billable", "BOOLEAN"),
        "notes": ("notes", "VARCHAR"),
        "entity": ("entity", "VARCHAR"),
        "bookingTypeId": ("booking_type_id", "VARCHAR"),
        "allocateOnTimeOffDays": ("allocate_on_time_off_days", "BOOLEAN"),
        "member": ("member", REF),
        "placeholder": ("placeholder", REF),
        "project": ("project", REF),
        "task": ("task", REF),
        "timeOffType": ("time_off_type", REF),
    },
    "ruddr_allocations.sql",
)
