"""What can go wrong with a warehouse.

WarehouseError          it cannot be used: which, why, what to do next
├── WarehouseBusy       another process has the working file open; DuckDB allows one
├── WarehouseMissing    there is none yet, and a reader makes none
└── WarehouseVersion    it was written by a newer crewtally, or waits to be migrated by a run of this one
"""

from __future__ import annotations


class WarehouseError(Exception):
    """Root of the tree."""


class WarehouseBusy(WarehouseError):
    """Another process has the working file open."""


class WarehouseMissing(WarehouseError):
    """There is no warehouse yet."""


class WarehouseVersion(WarehouseError):
    """The warehouse is not of this crewtally's version."""
