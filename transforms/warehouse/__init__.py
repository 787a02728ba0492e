"""DuckDB: schema, landing folder, loading with history. SQL of the numbers lives in transforms/totals."""

from transforms.warehouse.connection import (
    WarehouseBusy,
    WarehouseError,
    WarehouseVersion,
    open_warehouse,
)
from transforms.warehouse.landing import Landing

__all__ = ["Landing", "WarehouseBusy", "WarehouseError", "WarehouseVersion", "open_warehouse"]
