"""A flow run whose plan tripped a guard waits for a person's word, then applies exactly the plan they read.

While it waits the warehouse is free: other runs pull and plan as ever. What they bring that speaks against
the plan makes it stale, and then it is not applied. See docs/decisions/0012.
"""

from __future__ import annotations

from prefect import get_run_logger
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from pydantic import Field

from pipelines.apply import GuardTripped
from pipelines.settings import Settings

POLL_SECONDS = 10


class Approval(RunInput):
    """What the form in Prefect's UI asks for."""

    approve: bool = Field(False, description="Apply this very plan although it tripped a guard.")


def wait(settings: Settings, tripped: GuardTripped) -> None:
    """Pause the flow run until somebody resumes it; returns when the plan is approved.

    Raises `tripped` when nothing is to be waited for, when the answer is no, and when none came in time.
    """
    if settings.guards.when_tripped != "pause":
        raise tripped
    get_run_logger().warning("%s\nWaiting for approval: resume this flow run.", tripped)
    form = Approval.with_initial_data(
        description="\n".join([f"Plan `{tripped.plan.sha256}`", *(f"- {trip}" for trip in tripped.trips)])
    )
    seconds = round(settings.guards.pause_hours * 3600)
    try:
        answer = pause_flow_run(wait_for_input=form, timeout=seconds, poll_interval=POLL_SECONDS)
    except FlowPauseTimeout:
        answer = None
    if answer is None or not answer.approve:
        raise tripped
