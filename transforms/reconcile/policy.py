"""What is pushed and how it is named in ftrack: the doubtful rules of the push, each with its default."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PushPolicy(BaseModel):
    """`[push]` in crewtally.toml. The defaults use the names of seed 001."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assignment_type: str = "Creative Work"
    """`assignment_type` of an Assignment (seed dialect)."""
    work_type: str = "Project Work"
    """`allocation_type` of project work (seed dialect)."""
    tentative_type: str | None = None
    """`allocation_type` of tentative work; None: that of work. The studio dialect has `forecast` for it."""
    leave_type: str = "Vacation"
    """The type of leave that `leave_types` does not name. Production need not know why somebody is away."""
    leave_types: dict[str, str] = Field(default_factory=dict)
    """A planner's name of a leave type -> the type in ftrack."""
    tentative: Literal["push", "hold"] = "push"
    """Whether tentative work is pushed."""
    human_edits: Literal["keep", "overwrite"] = "keep"
    """What happens to a record of ours that somebody changed in ftrack, when our plan differs."""
    human_deletes: Literal["keep", "recreate"] = "keep"
    """What happens when somebody deleted a record of ours in ftrack that is still planned."""
    keep_plans_days: int = Field(default=365, ge=30)
    """So long a pushed plan can be undone and explained; then the ledger forgets it, not what we own."""
