"""Whether what pandas made (marts_pandas.py) is our marts: each row, and each column that is not constant."""

from __future__ import annotations

from pathlib import Path

import duckdb

# By the names pandas gives them. Ours are read as analysts read them, not as they are stored.
MARTS = {
    "coverage": "FROM mart_coverage",
    "booking": "FROM mart_booking",
    "work": """
        SELECT source_key, part_day, sum(ms)::BIGINT AS booked_ms,
            coalesce(sum(ms) FILTER (is_tentative), 0)::BIGINT AS tentative_ms
        FROM (
            SELECT *, greatest(date_trunc('week', day), date_trunc('month', day))::DATE AS part_day
            FROM mart_booking_day
            SEMI JOIN mart_coverage USING (source, day)
            WHERE kind = 'work' AND project_key IS NOT NULL
        )
        GROUP BY source_key, part_day
        """,
    "person_day": "FROM mart_person_day",
    "person_week": "FROM mart_person_week",
    "person_month": "FROM mart_person_month",
    "project_week": "FROM mart_project_week",
    "project_month": "FROM mart_project_month",
    "discipline_week": "FROM mart_discipline_week",
    "bench_week": "FROM mart_bench_week",
    "person": "FROM mart_person",
    "person_week_history": "FROM mart_person_week_history",
    "project_week_history": "FROM mart_project_week_history",
}
# pandas keeps numbers of bookings and days in `work`, as ours does.
WORK = """
    SELECT b.source_key, c.day AS part_day, w.booked_ms, w.tentative_ms
    FROM '{folder}/work.parquet' AS w
    INNER JOIN '{folder}/booking.parquet' AS b USING (booking_id)
    INNER JOIN (SELECT day, row_number() OVER (ORDER BY day) - 1 AS part_day FROM mart_coverage) AS c
        USING (part_day)
"""
# Numbers of our own making, and names that stand beside facts in views only.
ASIDE = {
    "booking": {"booking_id", "person", "email", "project"},
    "person_day": {"person", "email"},
    "project_week": {"project"},
    "project_month": {"project"},
}


class Different(Exception):
    """pandas made something else than we did."""


def compare(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Raises Different unless the parquet files in `folder` say what the marts in `con` say."""
    for name, ours in MARTS.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE ours AS {ours}")
        theirs = WORK.format(folder=folder) if name == "work" else f"FROM '{folder}/{name}.parquet'"
        con.execute(f"CREATE OR REPLACE TEMP TABLE theirs AS {theirs}")
        _compare_columns(con, name)
        _compare_rows(con, name)


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()}


def _compare_columns(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """What pandas leaves out must be constant here."""
    ours, theirs = _columns(con, "ours"), _columns(con, "theirs")
    for column in ours.keys() - theirs.keys() - ASIDE.get(name, set()):
        [(values,)] = con.execute(f'SELECT count(DISTINCT "{column}") FROM ours').fetchall()  # noqa: S608
        if values > 1:
            raise Different(f"{name}: pandas does not make {column}")
    if unknown := theirs.keys() - ours.keys():
        raise Different(f"{name}: we do not make {', '.join(sorted(unknown))}")


def _compare_rows(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """The same rows, as often. Ratios are compared as what they are shown as: six decimals."""
    ours, theirs = _columns(con, "ours"), _columns(con, "theirs")
    chosen = ", ".join(
        f'"{column}"::{"DECIMAL(18, 6)" if kind == "DOUBLE" else kind}'
        for column, kind in ours.items()
        if column in theirs.keys() - ASIDE.get(name, set())
    )
    [(rows, more, less)] = con.execute(
        f"""
        SELECT
            (SELECT count(*) FROM ours),
            (SELECT count(*) FROM (SELECT {chosen} FROM theirs EXCEPT ALL SELECT {chosen} FROM ours)),
            (SELECT count(*) FROM (SELECT {chosen} FROM ours EXCEPT ALL SELECT {chosen} FROM theirs))
        """  # noqa: S608 - columns of our own
    ).fetchall()
    if rows == 0 or more or less:
        raise Different(f"{name}: of {rows} rows, pandas lacks {less} and has {more} others")
