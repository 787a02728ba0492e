"""From the warehouse and a fresh read of ftrack to the content of a plan: set-based SQL, step by step.

Needs the `core_*_now` views, `mart_booking_day` and `mart_calendar`, the ledger (`push_*`) and the `ft_*`
temporary tables of transforms/reconcile/actual.py, which it takes away again with its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any, Literal

import duckdb

from transforms.reconcile import collect
from transforms.reconcile.plan import FORMAT, Content, Plan
from transforms.reconcile.policy import PushPolicy
from transforms.warehouse.ledger import LONGEST_RETRY_MINUTES, RETRY_MINUTES

IDENTITY_STEPS = ("identity", "authority", "unmatched")
STEPS = (*IDENTITY_STEPS, "desired", "diff", "backoff", "moves", "impact", "report")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the reconciliation is told: by the configuration, the server and the calendar.

    `sources` are the configured planners, first named first. `authority` maps a project's code or name in
    ftrack to the planner that wins there. `exceptions` as read_exceptions gives them. `today` is the
    studio's day, `now` the moment (aware; None: the clock's), which only decides what is tried again. With
    `delete_window` (first and last day), records outside it are not deleted.
    """

    server: str
    dialect: Literal["seed", "studio"]
    today: date
    sources: Sequence[str]
    default_authority: str | None = None
    authority: Mapping[str, str] = field(default_factory=dict)
    exceptions: Sequence[tuple[str, str, str, str | None]] = ()
    policy: PushPolicy = field(default_factory=PushPolicy)
    delete_window: tuple[date, date] | None = None
    now: datetime | None = None


def reconcile(con: duckdb.DuckDBPyConnection, rules: Rules) -> Plan:
    """The plan that makes ftrack say what the planners say, as far as that is certain."""
    _run(con, rules, STEPS)
    plan = _plan(con, rules)
    _clear(con)
    return plan


def adopt(con: duckdb.DuckDBPyConnection, rules: Rules) -> int:
    """Rebuild the ledger where it was lost: take in what is provably ours; returns how many records.

    Provably ours is a record under an id derived from a booking. Where it says something else than the
    booking, a person may have edited it: plans report that, and keep or overwrite it by policy, as ever.
    """
    owned = "SELECT count(*) FROM push_record WHERE server = ? AND state = 'live'"
    before = con.execute(owned, [rules.server]).fetchall()[0][0]
    con.begin()
    try:
        _run(con, rules, (*IDENTITY_STEPS, "desired", "diff", "adopt"))
    except BaseException:
        con.rollback()
        raise
    con.commit()
    _clear(con)
    return int(con.execute(owned, [rules.server]).fetchall()[0][0] - before)


def identify(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Only who is who, as a plan would find it; of ftrack it needs no records.

    Leaves temp plan_unmatched (what has hours and no certain counterpart, unit ms) and rec_suggestion.
    """
    _run(con, rules, IDENTITY_STEPS)


def _run(con: duckdb.DuckDBPyConnection, rules: Rules, steps: Sequence[str]) -> None:
    _set_rules(con, rules)
    for step in steps:
        con.execute(files(__package__).joinpath(f"{step}.sql").read_text())


def _plan(con: duckdb.DuckDBPyConnection, rules: Rules) -> Plan:
    return Plan.made(_head(con, rules), collect.changes(con))


def _head(con: duckdb.DuckDBPyConnection, rules: Rules) -> Content:
    """All of a plan but its changes."""
    window = rules.delete_window
    return {
        "format": FORMAT,
        "dialect": rules.dialect,
        "server": rules.server,
        "day": rules.today.isoformat(),
        "previous": collect.last_plan(con, rules.server),
        "undoes": None,
        "delete_window": [day.isoformat() for day in window] if window else None,
        "snapshots": collect.snapshots(con),
        "changes": [],
        "blocked": collect.blocked_bookings(con) + collect.blocked_records(con),
        "conflicts": collect.conflicts(con),
        "unmatched": collect.unmatched(con),
        "summary": collect.summary(con),
        "impact": collect.impact(con),
    }


def _set_rules(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    policy = rules.policy
    window = rules.delete_window or (None, None)
    _table(
        con,
        "rec_setting",
        {
            "server": "VARCHAR",
            "dialect": "VARCHAR",
            "today": "DATE",
            "now": "TIMESTAMP",
            "retry_first_minutes": "INTEGER",
            "retry_longest_minutes": "INTEGER",
            "default_source": "VARCHAR",
            "assignment_type": "VARCHAR",
            "work_type": "VARCHAR",
            "tentative_type": "VARCHAR",
            "leave_type": "VARCHAR",
            "hold_tentative": "BOOLEAN",
            "overwrite_edits": "BOOLEAN",
            "recreate_deleted": "BOOLEAN",
            "delete_from": "DATE",
            "delete_to": "DATE",
        },
        [
            (
                rules.server,
                rules.dialect,
                rules.today,
                (rules.now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None),
                RETRY_MINUTES,
                LONGEST_RETRY_MINUTES,
                rules.default_authority,
                policy.assignment_type,
                policy.work_type,
                policy.tentative_type,
                policy.leave_type,
                policy.tentative == "hold",
                policy.human_edits == "overwrite",
                policy.human_deletes == "recreate",
                *window,
            )
        ],
    )
    _table(con, "rec_source", {"source": "VARCHAR", "position": "INTEGER"}, _numbered(rules.sources))
    _table(con, "rec_authority", {"project": "VARCHAR", "source": "VARCHAR"}, rules.authority.items())
    _table(
        con, "rec_leave_type", {"name": "VARCHAR", "allocation_type": "VARCHAR"}, policy.leave_types.items()
    )
    _table(
        con,
        "rec_exception",
        {"kind": "VARCHAR", "source": "VARCHAR", "source_key": "VARCHAR", "ftrack_id": "VARCHAR"},
        rules.exceptions,
    )


def _clear(con: duckdb.DuckDBPyConnection) -> None:
    """They are as large as the studio, and the connection lives on."""
    views = "SELECT 'VIEW', view_name FROM duckdb_views() WHERE temporary AND NOT internal"
    tables = "SELECT 'TABLE', table_name FROM duckdb_tables() WHERE temporary"
    for kind, name in con.execute(f"{views} UNION ALL {tables}").fetchall():
        if name.startswith(("ft_", "rec_", "plan_")):
            con.execute(f"DROP {kind} temp.{name}")


def _numbered(names: Sequence[str]) -> list[tuple[str, int]]:
    return [(name, position) for position, name in enumerate(names)]


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: Any) -> None:
    """A small temporary table of settings (tens of rows at most)."""
    spec = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({spec})")
    marks = ", ".join("?" * len(columns))
    rows = list(rows)
    if rows:
        con.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608 - names of ours
