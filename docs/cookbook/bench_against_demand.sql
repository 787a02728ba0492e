-- Could the people on the bench take over what the placeholders stand for?
-- Grain: source, discipline with placeholder demand, ISO week. Units: hours.
-- Variables: today (default: the day of the last pull).
WITH
asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
),
demand AS (
    SELECT source, discipline, week, sum(booked_ms) AS demand_ms
    FROM mart_person_week
    WHERE resource_kind = 'placeholder' AND booked_ms > 0
    GROUP BY ALL
)
SELECT
    n.source,
    n.discipline,
    n.week,
    hours(n.demand_ms) AS placeholder_hours,
    hours(coalesce(m.free_ms, 0)) AS free_hours,
    hours(greatest(n.demand_ms - coalesce(m.free_ms, 0), 0)) AS missing_hours,
    coalesce(m.people, 0) AS people
FROM demand AS n
INNER JOIN asked ON n.week >= date_trunc('week', asked.today)
LEFT JOIN mart_discipline_week AS m
    ON n.source = m.source AND n.discipline IS NOT DISTINCT FROM m.discipline AND n.week = m.week
ORDER BY n.source, n.discipline, n.week
