"""Whether the pulls a plan was made from are still the latest word of their sources."""

from __future__ import annotations

from importlib.resources import files

import duckdb

from transforms.reconcile.plan import Plan


def moved_snapshots(con: duckdb.DuckDBPyConnection, plan: Plan) -> list[str]:
    """One line for each stream that has since been pulled with another content; none: the plan stands."""
    rows = con.execute(files(__package__).joinpath("latest_snapshots.sql").read_text()).fetchall()
    latest = {(source, stream, scope): (sha256, complete) for source, stream, scope, sha256, complete in rows}
    drifts = []
    for planned in plan.content["snapshots"]:
        name = f"{planned['source']} {planned['stream']}"
        now = latest.get((planned["source"], planned["stream"], planned["scope"]))
        if now is None:
            drifts.append(f"the pull of {name} that the plan is made from is not in this warehouse")
        elif now != (planned["content_sha256"], planned["complete"]):
            drifts.append(f"{name} was pulled again since and brought something else")
    return drifts
