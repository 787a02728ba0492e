-- Who is away next month?
-- Grain: source, leave booking with hours in the month. Units: hours and days inside the month.
-- Variables: month (any day of it; default: the month after the last pull).
WITH asked AS (
    SELECT
        date_trunc('month', coalesce(getvariable('month')::DATE, max(last_pull)::DATE + INTERVAL 1 MONTH))::DATE AS month
    FROM meta_freshness
)
SELECT
    b.source,
    b.person,
    b.leave_type,
    min(d.day) AS first_day,
    max(d.day) AS last_day,
    count(*) AS days,
    hours(sum(d.ms)) AS leave_hours,
    b.source_key
FROM mart_booking_day AS d
INNER JOIN mart_booking AS b USING (source, source_key)
SEMI JOIN mart_coverage AS v ON d.source = v.source AND d.day = v.day
INNER JOIN asked ON date_trunc('month', d.day) = asked.month
WHERE d.kind = 'leave'
GROUP BY ALL
ORDER BY first_day, b.source, b.person, b.source_key
