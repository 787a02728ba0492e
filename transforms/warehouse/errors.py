"""What can go wrong with a warehouse file.

WarehouseError          the file cannot be used: which, why, what to do next
├── WarehouseBusy       another process has the working file open; DuckDB allows one
└── WarehouseVersion    the file was written by a newer crewtally
"""

from __future__ import annotations


class WarehouseError(Exception):
    """Root of the tree."""


class WarehouseBusy(WarehouseError):
    """Another process has the working file open."""


class WarehouseVersion(WarehouseError):
    """The file was written by a newer crewtally."""
