-- Whose capacity do holidays reduce, and who is booked on them all the same?
-- Grain: source, member with holidays in the 13 weeks from today on. Units: hours and days.
-- Variables: today (default: the day of the last pull).
WITH asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
)
SELECT
    d.source,
    d.person,
    d.discipline,
    count(*) AS holidays,
    hours(sum(d.holiday_ms)) AS holiday_hours,
    string_agg(d.day::VARCHAR, ', ' ORDER BY d.day) AS days,
    hours(sum(d.booked_ms)) AS booked_hours
FROM mart_person_day AS d
INNER JOIN asked ON d.day BETWEEN asked.today AND asked.today + 90
WHERE d.resource_kind = 'member' AND d.holiday_ms > 0
GROUP BY d.source, d.person_key, d.person, d.discipline
ORDER BY holiday_hours DESC, d.source, d.person, d.person_key
