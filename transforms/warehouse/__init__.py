"""DuckDB: schema, landing folder, loading with history. SQL of the numbers lives in transforms/totals."""

from transforms.warehouse.connection import open_warehouse
from transforms.warehouse.errors import WarehouseBusy, WarehouseError, WarehouseMissing, WarehouseVersion
from transforms.warehouse.landing import Landing

__all__ = [
    "Landing",
    "WarehouseBusy",
    "WarehouseError",
    "WarehouseMissing",
    "WarehouseVersion",
    "open_warehouse",
]
