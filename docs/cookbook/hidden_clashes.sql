-- Which weeks look fine and still hide a day that is booked above capacity?
-- Grain: source, member, ISO week within capacity that has at least one day above it. Units: hours.
-- Variables: today (default: the day of the last pull).
WITH asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
)
SELECT w.source, w.person, w.discipline, w.week, w.booked_hours, w.capacity_hours, w.over_days, w.over_hours
FROM mart_person_week AS w
INNER JOIN asked ON w.week >= date_trunc('week', asked.today)
WHERE w.resource_kind = 'member' AND w.over_days > 0 AND NOT w.is_over_allocated
ORDER BY w.over_ms DESC, w.source, w.person, w.person_key, w.week
