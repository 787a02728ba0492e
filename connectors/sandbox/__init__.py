"""The three services imitated on loopback: for the demo, the tests and anyone learning.

studio          an imagined studio, generated from a seed
tenthousandft   the first planner
ruddr           the second
ftrack          production
faults          what can go wrong: the spec
weather         lets it go wrong, seeded
server          runs them all
"""

from __future__ import annotations

from connectors.sandbox.server import Ready, Sandbox, serve

__all__ = ["Ready", "Sandbox", "serve"]
