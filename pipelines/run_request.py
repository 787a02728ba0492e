"""Asking for a run: of Prefect where it is configured, else by making it in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.lock import warehouse
from pipelines.prefect_api import PrefectUnreachable, api_url
from pipelines.settings import ConfigError, Settings

DEPLOYMENT = "sync/sync-hourly"
TAG = "ftrack-event"

Note = Callable[[str], None]


def requester(settings: Settings, note: Note) -> Callable[[], None]:
    """What to call for a run; `note` is told which way that is, and what became of it."""
    url = api_url()
    if url is None:
        note("No Prefect API is configured: runs are made here.")
        return lambda: run_here(settings, note)
    note(f"Runs are asked for at {url}, of the deployment {DEPLOYMENT}.")
    return lambda: note(f"Asked for flow run {ask_prefect()}.")


def ask_prefect() -> str:
    """Creates a flow run of the hourly deployment and returns its name; a worker takes it from there.

    Raises PrefectUnreachable when there is no answer, ConfigError when there is no such deployment.
    """
    from httpx import TransportError
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    try:
        made: Any = run_deployment(DEPLOYMENT, timeout=0, as_subflow=False, tags=[TAG])
    except ObjectNotFound as error:
        raise ConfigError(
            f"There is no deployment {DEPLOYMENT} at {api_url()}: run `prefect --no-prompt deploy --all`."
        ) from error
    except TransportError as error:
        raise PrefectUnreachable(f"The Prefect API at {api_url()} does not answer.") from error
    return str(made.name)


def run_here(settings: Settings, note: Note) -> None:
    """Runs `sync` in this process, alone in the warehouse.

    A tripped guard is noted, since another run would only trip it again; whatever else `sync` raises is
    raised.
    """
    from pipelines.apply import GuardTripped
    from pipelines.report import TerminalReport
    from pipelines.runs import recorded
    from pipelines.sync import sync

    try:
        with warehouse(settings, "listen", waiting=note) as con, recorded(settings, con, "sync") as run:
            result = sync(settings, con, TerminalReport())
            run.detail, run.outcome = result.line(), result.outcome
    except GuardTripped as error:
        note(str(error))
    else:
        note(result.line())
