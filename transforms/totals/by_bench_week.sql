-- The bench: members with free time. Grain: source, member, ISO week. Units: hours.
SELECT
    source,
    person,
    email,
    discipline,
    week,
    hours(free_ms) AS free_hours,
    hours(capacity_ms) AS capacity_hours,
    hours(booked_ms) AS booked_hours,
    person_key
FROM mart_bench_week
WHERE
    week >= date_trunc('week', coalesce(?::DATE, DATE '0001-01-01'))
    AND week <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY source, discipline, week, free_ms DESC, person, person_key
