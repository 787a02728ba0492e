"""Is a Prefect API configured? Answered without importing Prefect, which takes seconds."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path


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
