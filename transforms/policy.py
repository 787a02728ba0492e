"""The doubtful rules, each a named policy with a documented default (`[policy]` in crewtally.toml).

The default is what the page of the service says (docs/sources), where the page itself is sure of less than it
says; every page names the keys beside the rules they switch.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Policy(BaseModel):
    """Rules the vendors leave open or keep out of their APIs; stored with the totals and with every run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenthousandft_hours_per_day: float = Field(8, gt=0, le=24)
    """Account working hours a day: in the vendor's settings, not in its API."""
    tenthousandft_work_week: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    """Account working days: in the vendor's settings, not in its API."""
    tenthousandft_overlapping_blocks: Literal["starts_last", "starts_first", "newest"] = "starts_last"
    """Which of overlapping part-time blocks holds; `newest`: the highest id. The vendor: unpredictable."""
    tenthousandft_hours_per_day_on: Literal["working_days", "account_days", "every_day"] = "working_days"
    """Days that get an assignment's `hours_per_day`, "regardless of availability" by the vendor's help:
    days on which the person works, or the account does, or all days."""
    tenthousandft_leave_shrinks_work: bool = False
    """Whether a day whose leave reaches the day's work takes no hours of other assignments."""
    ruddr_default_hours_per_day: float = Field(8, gt=0, le=24)
    """Workspace default capacity, Monday to Friday, used for placeholders."""
    ruddr_allocate_on_time_off: bool = False
    """What `allocateOnTimeOffDays` null or missing means."""
    ruddr_edge_periods: Literal["pro_rata", "whole"] = "pro_rata"
    """Hours of a week (month) that a booking only touches: the part its days have of the whole week's
    (month's) capacity, or all of them on the days it has."""
    ruddr_period_spread: Literal["capacity", "evenly"] = "capacity"
    """How hours a week (month) are spread over the days with capacity."""
    ruddr_time_off_in_period: Literal["moves_hours", "drops_hours"] = "moves_hours"
    """Whether a day off leaves its hours to the week's (month's) other days, or takes them away."""
    ruddr_allocation_spread: Literal["capacity", "evenly"] = "capacity"
    """How `hoursPerAllocation` are spread over the days with capacity."""
    partial_leave: Literal["counts", "ignored"] = "counts"
    """Whether leave that leaves part of a day counts, beside the bookings, against the day's capacity when
    over-allocation and free time are told. Both services; capacity itself stays as it is."""
