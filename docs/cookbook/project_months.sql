-- Project hours by month: how much of the plan stood a week ago, and what moved since?
-- Grain: source, project, calendar month. Units: hours as the plan stands now; bookings counted in each month touched.
-- Variables: since (UTC; default: seven days before the last pull).
WITH
asked AS (
    SELECT coalesce(getvariable('since')::TIMESTAMP, max(last_pull) - INTERVAL 7 DAY) AS since
    FROM meta_freshness
),
-- Windows that had been read by then: a booking outside them is not new, it was never asked for.
read_before AS (
    SELECT DISTINCT s.source, s.window_start, s.window_end
    FROM raw_snapshot AS s
    INNER JOIN asked ON s.finished_at <= asked.since
    WHERE s.complete AND s.scope = 'all' AND s.window_start IS NOT NULL
),
before AS (
    SELECT * FROM core_booking_as_of((SELECT since FROM asked)) WHERE kind = 'work'
),
-- What was the same then: all that shapes hours. A booking that was given to somebody else has changed.
compared AS (
    SELECT
        n.source,
        n.source_key,
        CASE
            WHEN b.source_key IS NULL AND EXISTS (
                SELECT 1
                FROM read_before AS r
                WHERE r.source = n.source AND n.start_date <= r.window_end AND n.end_date >= r.window_start
            ) THEN 'new'
            WHEN b.source_key IS NULL THEN 'first seen'
            WHEN
                row(b.person_key, b.project_key, b.start_date, b.end_date, b.effort_unit, b.effort_amount)
                IS DISTINCT FROM
                row(n.person_key, n.project_key, n.start_date, n.end_date, n.effort_unit, n.effort_amount)
                THEN 'changed'
            ELSE 'same'
        END AS status
    FROM core_booking_now AS n
    LEFT JOIN before AS b USING (source, source_key)
),
planned AS (
    SELECT
        d.source,
        d.project_key,
        date_trunc('month', d.day)::DATE AS month,
        sum(d.ms) AS booked_ms,
        coalesce(sum(d.ms) FILTER (c.status = 'same'), 0) AS same_ms,
        coalesce(sum(d.ms) FILTER (c.status = 'changed'), 0) AS changed_ms,
        coalesce(sum(d.ms) FILTER (c.status = 'new'), 0) AS new_ms,
        coalesce(sum(d.ms) FILTER (c.status = 'first seen'), 0) AS first_seen_ms
    FROM mart_booking_day AS d
    INNER JOIN compared AS c USING (source, source_key)
    SEMI JOIN mart_coverage AS v ON d.source = v.source AND d.day = v.day
    WHERE d.kind = 'work'
    GROUP BY ALL
),
dropped AS (
    SELECT
        source,
        project_key,
        unnest(generate_series(date_trunc('month', start_date), end_date, INTERVAL 1 MONTH))::DATE AS month
    FROM before
    ANTI JOIN core_booking_now USING (source, source_key)
),
dropped_month AS (
    SELECT source, project_key, month, count(*) AS bookings
    FROM dropped
    GROUP BY ALL
),
project AS (
    SELECT source, project_key, arg_max(name, known_from) AS name
    FROM core_project
    GROUP BY ALL
)
SELECT
    source,
    j.name AS project,
    month,
    hours(coalesce(p.booked_ms, 0)) AS booked_hours,
    hours(coalesce(p.same_ms, 0)) AS same_hours,
    hours(coalesce(p.changed_ms, 0)) AS changed_hours,
    hours(coalesce(p.new_ms, 0)) AS new_hours,
    hours(coalesce(p.first_seen_ms, 0)) AS first_seen_hours,
    coalesce(g.bookings, 0) AS dropped_bookings
FROM planned AS p
FULL JOIN dropped_month AS g USING (source, project_key, month)
LEFT JOIN project AS j USING (source, project_key)
ORDER BY source, project, project_key, month
