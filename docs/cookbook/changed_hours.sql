-- Whose hours changed since Monday, and in which weeks?
-- Grain: source, person, ISO week whose hours or capacity differ. Units: hours.
-- Variables: since (UTC; default: the Monday of the week of the last pull, 0:00).
WITH
asked AS (
    SELECT coalesce(getvariable('since')::TIMESTAMP, date_trunc('week', max(last_pull))) AS since
    FROM meta_freshness
),
before AS (
    SELECT * FROM mart_person_week_as_of((SELECT since FROM asked))
),
-- Unassigned work has no person, so it is compared by its kind: one row per source and week.
pair AS (
    SELECT
        coalesce(a.source, b.source) AS source,
        coalesce(a.person_key, b.person_key) AS person_key,
        coalesce(a.resource_kind, b.resource_kind) AS resource_kind,
        coalesce(a.week, b.week) AS week,
        coalesce(b.booked_ms, 0) AS booked_before_ms,
        coalesce(a.booked_ms, 0) AS booked_ms,
        coalesce(b.leave_ms, 0) AS leave_before_ms,
        coalesce(a.leave_ms, 0) AS leave_ms,
        b.capacity_ms AS capacity_before_ms,
        a.capacity_ms
    FROM mart_person_week AS a
    FULL JOIN before AS b
        ON
            a.source = b.source
            AND a.person_key IS NOT DISTINCT FROM b.person_key
            AND a.week = b.week
)
SELECT
    p.source,
    n.name AS person,
    p.resource_kind,
    p.week,
    hours(p.booked_before_ms) AS booked_hours_before,
    hours(p.booked_ms) AS booked_hours,
    hours(p.booked_ms - p.booked_before_ms) AS booked_hours_change,
    hours(p.leave_ms - p.leave_before_ms) AS leave_hours_change,
    hours(p.capacity_ms - p.capacity_before_ms) AS capacity_hours_change
FROM pair AS p
LEFT JOIN (
    SELECT source, person_key, arg_max(name, known_from) AS name
    FROM core_person
    GROUP BY ALL
) AS n USING (source, person_key)
WHERE
    -- Weeks that no pull had covered by then are not a change of plan.
    (p.source, p.week) IN (SELECT (source, week) FROM before)
    AND (
        p.booked_ms <> p.booked_before_ms
        OR p.leave_ms <> p.leave_before_ms
        OR p.capacity_ms <> p.capacity_before_ms
    )
ORDER BY p.source, person, p.person_key, p.week
