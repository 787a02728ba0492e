"""Which numbers no longer hold: what a build may leave as the last one made it.

A booking changes the numbers of its own person (and of projects, which are summed from people's). So when
nothing but bookings has changed since the last build, only these bookings are counted again, or all of a
person where that is simpler (stale_redo.sql). Whatever else has changed (a rule, a calendar, a project, the
days covered) calls for a full build. Bookings are known to have changed by the snapshots that opened and
closed their versions, not by clocks.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

import duckdb

from transforms.policy import Policy
from transforms.totals import groups, steps

# Beyond this share of people, or bookings, a full build is no slower, and leaves the facts in better order.
FEW = 0.25
# Beyond this share of a person's bookings all of them are counted again.
MUCH = 0.1

_REMEMBER = """
CREATE OR REPLACE TABLE known_build AS SELECT getvariable('inputs') AS inputs;
CREATE OR REPLACE TABLE known_build_snapshot AS FROM booking_snapshot ORDER BY snapshot_id;
"""

# A snapshot that the last build knew with other counts: whoever did that, no difference can be told.
_REWRITTEN = """
SELECT count(*)
FROM known_build_snapshot AS old
LEFT JOIN booking_snapshot AS new USING (snapshot_id)
WHERE new.opened IS DISTINCT FROM old.opened OR new.closed IS DISTINCT FROM old.closed
"""

# How many are to be counted again: people, and bookings of others; and how many there are.
_FOUND = """
SELECT
    (SELECT count(*) FROM redo), (SELECT count(*) FROM mart_resource),
    (SELECT count(*) FROM redo_booking) + (SELECT count(*) FROM former_booking WHERE is_apart),
    (SELECT count(*) FROM mart_booking_fact)
"""


def find(con: duckdb.DuckDBPyConnection, policy: Policy) -> int | None:
    """How many people and single bookings are to be counted again. None: all, anew.

    Temp `redo` (resource_id), `redo_booking` and `former_booking` hold them (stale_redo.sql). Variable
    `inputs`, for `remember`: the hash of all else that a build depends on.
    """
    steps.run(con, "stale")
    con.execute("SET VARIABLE inputs = digest_of_inputs(?)", [_rules(policy)])
    if not _inputs_hold(con):
        return None
    con.execute("SET VARIABLE apart = ?", [groups.dropped(policy) is None])
    con.execute("SET VARIABLE much = ?", [MUCH])
    steps.run(con, "stale_redo")
    [(people, of_all, bookings, of_all_bookings)] = con.execute(_FOUND).fetchall()
    few = people <= FEW * of_all and bookings <= FEW * of_all_bookings
    return people + bookings if few else None


def remember(con: duckdb.DuckDBPyConnection) -> None:
    """Keep what `find` saw, for the next one."""
    con.execute(_REMEMBER)


def _inputs_hold(con: duckdb.DuckDBPyConnection) -> bool:
    known = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'known_build'").fetchall()
    if not known:
        return False
    same = con.execute("SELECT inputs = getvariable('inputs') FROM known_build").fetchall()
    return same == [(True,)] and con.execute(_REWRITTEN).fetchall() == [(0,)]


def _rules(policy: Policy) -> str:
    """The policy, and the hash of the SQL: marts of an older version are built anew."""
    texts = sorted(
        (part.name, part.read_bytes()) for part in files(__package__).iterdir() if part.name.endswith(".sql")
    )
    sql = hashlib.sha256(b"".join(name.encode() + text for name, text in texts)).hexdigest()
    return f"{policy.model_dump_json()} {sql}"
