"""Guards: the limits a plan must keep to, in the users' own units, before it may touch ftrack."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


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
