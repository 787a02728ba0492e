"""Is a Prefect API configured, and does it answer? Asked without importing Prefect, which takes seconds."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


class PrefectUnreachable(Exception):
    """The configured Prefect API does not answer. The message names it and what to do."""


def api_url() -> str | None:
    """The address in PREFECT_API_URL, else in the active profile of profiles.toml; None if there is none.

    An empty PREFECT_API_URL switches a profile's address off.
    """
    if (named := os.environ.get("PREFECT_API_URL")) is not None:
        return named or None
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    file = Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml").expanduser()
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no file, or not one that Prefect could read either
        return None
    active = os.environ.get("PREFECT_PROFILE") or document.get("active")
    url = document.get("profiles", {}).get(active, {}).get("PREFECT_API_URL")
    return str(url) if url else None


def flow_run(flow: Callable[..., Result], /, **parameters: Any) -> Result:
    """Runs a flow here, recorded by the API. Raises PrefectUnreachable, or what the flow raises."""
    from httpx import TransportError  # what Prefect's client speaks through

    try:
        return flow(**parameters)
    except RuntimeError as error:
        if not isinstance(error.__cause__, TransportError):
            raise
        raise PrefectUnreachable(
            f"The Prefect API at {api_url()} does not answer. Start it (`prefect server start`), or set "
            "PREFECT_API_URL to nothing to run without it."
        ) from error
