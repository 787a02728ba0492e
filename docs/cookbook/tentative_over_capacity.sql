-- Which tentative work would break capacity if it were confirmed?
-- Grain: source, tentative booking with days that break. Units: hours, from today on.
-- A day breaks when the firm work fits the person's capacity and firm and tentative work together do not.
-- Variables: today (default: the day of the last pull).
WITH
asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
),
breaking AS (
    SELECT d.source, d.person_key, d.day, d.over_ms
    FROM mart_person_day AS d
    INNER JOIN asked ON d.day >= asked.today
    WHERE d.resource_kind = 'member' AND d.over_ms BETWEEN 1 AND d.tentative_ms
)
SELECT
    b.source,
    b.source_key,
    b.person,
    b.project,
    b.work_item,
    b.start_date,
    b.end_date,
    count(*) AS breaking_days,
    min(d.day) AS first_breaking_day,
    hours(sum(d.ms)) AS tentative_hours,
    hours(sum(x.over_ms)) AS over_hours
FROM mart_booking_day AS d
INNER JOIN mart_booking AS b USING (source, source_key)
INNER JOIN breaking AS x ON d.source = x.source AND d.person_key = x.person_key AND d.day = x.day
WHERE d.kind = 'work' AND d.is_tentative
GROUP BY ALL
ORDER BY sum(x.over_ms) DESC, b.source, b.source_key
