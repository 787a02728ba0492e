"""The doubtful rules, each a named policy with a documented default (`[policy]` in crewtally.toml)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Policy(BaseModel):
    """Rules the vendors leave open or keep out of their APIs; stored with every run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenthousandft_hours_per_day: float = Field(8, gt=0, le=24)
    """Account working hours a day: in the vendor's settings, not in its API."""
    tenthousandft_work_week: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    """Account working days: in the vendor's settings, not in its API."""
    ruddr_default_hours_per_day: float = Field(8, gt=0, le=24)
    """Workspace default capacity, Monday to Friday, used for placeholders."""
    ruddr_allocate_on_time_off: bool = False
    """What `allocateOnTimeOffDays` null or missing means."""
