# A marimo notebook over the published copy. See docs/warehouse.md and docs/cookbook.md.
#
#   pip install -c constraints.txt -e '.[notebook]'       in a checkout
#   marimo edit docs/notebook.py -- --published .crewtally/current.duckdb     in the browser
#   python docs/notebook.py --published .crewtally/current.duckdb             as a script, top to bottom
#
# --published (else CREWTALLY_PUBLISHED, else .crewtally/current.duckdb) is the link of [warehouse] published,
# --today YYYY-MM-DD (else the day of the last pull) the day the questions start from.

# ruff: noqa: B018 - a cell shows its last expression

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="crewtally: the plan")


@app.cell
def _():
    import html
    import os
    import pathlib
    from datetime import date, timedelta

    import duckdb
    import marimo as mo

    return date, duckdb, html, mo, os, pathlib, timedelta


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # The plan, from the published copy

    Every table below is a question of the [cookbook](cookbook.md), asked of the read-only copy that each
    run of crewtally publishes. The copy is opened for a question and closed again, so this page keeps nobody
    waiting, and asking again after the next run gives the new numbers.
    """)


@app.cell
def _(duckdb, mo, os, pathlib):
    _given = mo.cli_args().get("published") or os.environ.get("CREWTALLY_PUBLISHED")
    published = pathlib.Path(str(_given or ".crewtally/current.duckdb"))
    if not published.exists():
        raise SystemExit(f"There is no published copy {published}: run `crewtally publish`, or name it.")

    def query(sql, **variables):
        """Rows as dictionaries; `variables` are what the query reads with getvariable()."""
        with duckdb.connect(str(published), read_only=True) as con:
            for name, value in variables.items():
                con.execute(f"SET VARIABLE {name} = ?", [value])
            result = con.execute(sql)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def ask(question, **variables):
        """The answer to a question of the cookbook."""
        return query((mo.notebook_dir() / "cookbook" / f"{question}.sql").read_text(), **variables)

    return ask, query


@app.cell
def _(ask, mo):
    freshness = ask("freshness")
    _stale = [f"{row['source']} {row['stream']}" for row in freshness if not row["is_complete"]]
    _left_out = sum(row["quarantined"] for row in freshness)
    _state = f"Not complete: {', '.join(_stale)}." if _stale else "Every listing is complete."
    mo.vstack(
        [
            mo.md("## How fresh it is"),
            mo.callout(f"{_state} {_left_out} rows are left out.", kind="warn" if _stale else "success"),
            mo.ui.table(freshness, selection=None),
        ]
    )
    return (freshness,)


@app.cell
def _(date, freshness, mo):
    _last = max(row["last_complete_pull"] for row in freshness if row["last_complete_pull"]).date()
    _given = mo.cli_args().get("today")
    start = mo.ui.date(value=date.fromisoformat(str(_given)) if _given else _last, label="Starting from")
    start
    return (start,)


@app.cell
def _(html, mo, query, start, timedelta):
    # Utilisation by discipline and week: a picture of the next quarter.
    monday = start.value - timedelta(days=start.value.weekday())
    _cells = query(
        """
        SELECT coalesce(discipline, 'no discipline') || ' (' || source || ')' AS row, week, utilisation
        FROM mart_discipline_week
        WHERE week BETWEEN getvariable('first') AND getvariable('first') + 90
        ORDER BY row, week
        """,
        first=monday,
    )
    _weeks = sorted({cell["week"] for cell in _cells})
    _by_row = {}
    for _cell in _cells:
        _by_row.setdefault(_cell["row"], {})[_cell["week"]] = _cell["utilisation"]

    def _shade(value):
        """White for nobody booked, blue up to full, red above."""
        if value is None:
            return "#eee"
        depth = round(100 - 55 * min(value, 1))
        return f"hsl(210 60% {depth}%)" if value <= 1 else "hsl(5 70% 65%)"

    def _row(name, values):
        tds = "".join(
            f"<td style='background:{_shade(values.get(week))};text-align:right;padding:.2rem .4rem'>"
            + ("" if values.get(week) is None else f"{values[week]:.0%}")
            + "</td>"
            for week in _weeks
        )
        return f"<tr><th style='text-align:left;font-weight:normal'>{html.escape(name)}</th>{tds}</tr>"

    _head = "".join(f"<th style='font-weight:normal'>{week:%d %b}</th>" for week in _weeks)
    heat = f"<table><tr><th></th>{_head}</tr>{''.join(_row(*item) for item in _by_row.items())}</table>"
    mo.vstack([mo.md("## Booked of capacity, by discipline and week"), mo.Html(heat)])
    return


@app.cell
def _(ask, mo, start):
    over = ask("over_allocated_days", today=start.value)
    hidden = ask("hidden_clashes", today=start.value)
    tentative = ask("tentative_over_capacity", today=start.value)
    mo.vstack(
        [
            mo.md("## Too much work\n\nDays above capacity in the next six weeks:"),
            mo.ui.table(over, selection=None),
            mo.md("Weeks that look fine and hide such a day:"),
            mo.ui.table(hidden, selection=None),
            mo.md("Tentative work that would break capacity if it were confirmed:"),
            mo.ui.table(tentative, selection=None),
        ]
    )
    return hidden, over, tentative


@app.cell
def _(mo, query):
    disciplines = [
        row["discipline"]
        for row in query(
            "SELECT DISTINCT discipline FROM mart_person WHERE discipline IS NOT NULL ORDER BY discipline"
        )
    ]
    discipline = mo.ui.dropdown(
        disciplines or ["none"], value=(disciplines or ["none"])[0], label="Who is free in"
    )
    discipline
    return (discipline,)


@app.cell
def _(ask, discipline, mo, start):
    free = ask("free_people", discipline=discipline.value, month=start.value)
    mo.vstack([mo.md(f"## Free in {start.value:%B}"), mo.ui.table(free, selection=None)])
    return (free,)


@app.cell
def _(ask, mo, start):
    planners = ask("planners_by_project", today=start.value)
    mo.vstack([mo.md("## Planner against planner"), mo.ui.table(planners, selection=None)])
    return (planners,)


@app.cell
def _(freshness, mo, timedelta):
    _last = max(row["last_complete_pull"] for row in freshness if row["last_complete_pull"])
    since = mo.ui.datetime(value=_last - timedelta(days=7), label="What changed since (UTC)")
    since
    return (since,)


@app.cell
def _(ask, mo, since):
    changed = ask("changed_bookings", since=since.value)
    moved = [row for row in changed if row["status"] != "first seen"]
    mo.vstack(
        [
            mo.md(
                f"## What changed\n\n{len(moved)} bookings; {len(changed) - len(moved)} more were first seen "
                "because no pull had asked for their days before."
            ),
            mo.ui.table(moved, selection=None),
        ]
    )
    return (moved,)


@app.cell
def _(mo, query):
    # Parts add up to the whole: the same hours by person and by project, to the millisecond.
    sums = query("""
        SELECT
            source,
            (SELECT sum(booked_ms) FROM mart_person_week AS w WHERE w.source = r.source) AS by_person_ms,
            (SELECT sum(booked_ms) FROM mart_project_week AS p WHERE p.source = r.source) AS by_project_ms
        FROM (SELECT DISTINCT source FROM mart_coverage) AS r
        ORDER BY source
    """)
    if any(row["by_person_ms"] != row["by_project_ms"] for row in sums):
        raise AssertionError(f"the parts do not add up: {sums}")
    mo.vstack([mo.md("## Exact sums"), mo.ui.table(sums, selection=None)])
    return


@app.cell
def _(free, hidden, mo, moved, over, planners, tentative):
    # Run as a script, the notebook says what it found.
    if mo.app_meta().mode == "script":
        print(  # noqa: T201 - a script's own output
            f"{len(over)} days above capacity, {len(hidden)} weeks that hide one, "
            f"{len(tentative)} tentative bookings that would break capacity, {len(free)} people free, "
            f"{len(planners)} projects compared, {len(moved)} bookings changed"
        )
    return


if __name__ == "__main__":
    app.run()
