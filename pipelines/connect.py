"""Clients from the configuration."""

from __future__ import annotations

from connectors.ftrack.client import Ftrack
from pipelines.settings import ConfigError, Settings


def ftrack_client(settings: Settings) -> Ftrack:
    """A client of the configured ftrack server; a context manager. Raises ConfigError without one."""
    if settings.ftrack is None:
        raise ConfigError("There is no [ftrack] section in the configuration: add url, user and key.")
    return Ftrack(settings.ftrack.url, settings.ftrack.user, settings.ftrack.key.get_secret_value())
