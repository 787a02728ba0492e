-- When is each person free next, for a day and for a stretch?
-- Grain: source, active member. Units: working days. A free day has capacity, no booking and no leave.
-- A stretch is free working days in a row; days without capacity (weekends, holidays, leave) do not break it.
-- Variables: today (default: the day of the last pull), days (length of the stretch; default: 5).
WITH
asked AS (
    SELECT
        coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today,
        coalesce(getvariable('days')::INTEGER, 5) AS days
    FROM meta_freshness
),
working_day AS (
    SELECT d.source, d.person_key, d.day, d.booked_ms = 0 AND d.leave_ms = 0 AS is_free
    FROM mart_person_day AS d
    INNER JOIN asked ON d.day >= asked.today
    WHERE d.resource_kind = 'member' AND d.capacity_ms > 0
),
-- Days in a row have the same number of other days before them.
numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY source, person_key ORDER BY day)
        - row_number() OVER (PARTITION BY source, person_key, is_free ORDER BY day) AS stretch
    FROM working_day
),
stretch AS (
    SELECT source, person_key, min(day) AS start_day, max(day) AS end_day, count(*) AS days
    FROM numbered
    WHERE is_free
    GROUP BY source, person_key, stretch
)
SELECT
    p.source,
    p.person,
    p.email,
    p.discipline,
    min(s.start_day) AS first_free_day,
    min(s.start_day) FILTER (s.days >= asked.days) AS stretch_start,
    arg_min(s.end_day, s.start_day) FILTER (s.days >= asked.days) AS stretch_end,
    arg_min(s.days, s.start_day) FILTER (s.days >= asked.days) AS stretch_days
FROM mart_person AS p
CROSS JOIN asked
LEFT JOIN stretch AS s ON p.source = s.source AND p.person_key = s.person_key
WHERE p.is_active
GROUP BY p.source, p.person_key, p.person, p.email, p.discipline
ORDER BY first_free_day NULLS LAST, p.source, p.person, p.person_key
