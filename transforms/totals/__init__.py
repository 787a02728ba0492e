"""Every rule about hours: SQL files run in order by `build`, asked through `totals`."""

from transforms.totals.build import build
from transforms.totals.query import GRAINS, totals

__all__ = ["GRAINS", "build", "totals"]
