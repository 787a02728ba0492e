"""DuckDB: schema, landing folder, loading with history. SQL of the numbers lives in transforms/totals."""

from transforms.warehouse.connection import open_warehouse
from transforms.warehouse.errors import WarehouseBusy, WarehouseError, WarehouseVersion
from transforms.warehouse.landing import Landing

__all__ = ["Landing", "WarehouseBusy", "WarehouseError", "WarehouseVersion", "open_warehouse"]
