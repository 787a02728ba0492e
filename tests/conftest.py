"""What every folder of tests may ask for."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """The brute-force count of hours, loaded by its path: it is no part of the product."""
    spec = importlib.util.spec_from_file_location(
        "crewtally_oracle", Path(__file__).parent / "oracle" / "oracle.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module
