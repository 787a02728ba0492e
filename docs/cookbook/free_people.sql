-- Who is free in lighting in March?
-- Grain: source, active member of the discipline with free time in the month. Units: hours, days.
-- Free is capacity less bookings and less partial leave; a whole free day has neither.
-- Variables: discipline (default: Lighting), month (any day of it; default: the month after the last pull).
WITH
asked AS (
    SELECT
        coalesce(getvariable('discipline')::VARCHAR, 'Lighting') AS discipline,
        date_trunc('month', coalesce(getvariable('month')::DATE, max(last_pull)::DATE + INTERVAL 1 MONTH))::DATE AS month
    FROM meta_freshness
),
in_month AS (
    SELECT d.*
    FROM mart_person_day AS d
    INNER JOIN asked ON date_trunc('month', d.day) = asked.month
    WHERE d.resource_kind = 'member'
),
-- What the other planner books the same person for, by e-mail: free in one may be busy in the other.
elsewhere AS (
    SELECT source, lower(email) AS email, sum(booked_ms) AS booked_ms
    FROM in_month
    WHERE email IS NOT NULL
    GROUP BY ALL
)
SELECT
    d.source,
    d.person,
    d.email,
    hours(sum(greatest(d.capacity_ms - d.booked_ms - d.leave_ms, 0))) AS free_hours,
    count(*) FILTER (d.capacity_ms > 0 AND d.booked_ms = 0 AND d.leave_ms = 0) AS free_days,
    min(d.day) FILTER (d.capacity_ms > 0 AND d.booked_ms = 0 AND d.leave_ms = 0) AS first_free_day,
    hours(sum(d.tentative_ms)) AS tentative_hours,
    hours(sum(d.booked_ms)) AS booked_hours,
    hours(sum(d.capacity_ms)) AS capacity_hours,
    hours(max(e.booked_ms)) AS other_planner_hours
FROM in_month AS d
INNER JOIN asked ON lower(d.discipline) = lower(asked.discipline)
SEMI JOIN (SELECT * FROM mart_person WHERE is_active) AS a ON d.source = a.source AND d.person_key = a.person_key
LEFT JOIN elsewhere AS e ON d.source <> e.source AND lower(d.email) = e.email
GROUP BY d.source, d.person_key, d.person, d.email
HAVING free_hours > 0
ORDER BY free_hours DESC, d.source, d.person, d.person_key
