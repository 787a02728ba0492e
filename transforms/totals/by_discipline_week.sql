-- Grain: source, discipline, ISO week; members only. Units: hours.
SELECT
    source,
    discipline,
    week,
    people,
    hours(booked_ms) AS booked_hours,
    hours(tentative_ms) AS tentative_hours,
    hours(capacity_ms) AS capacity_hours,
    hours(free_ms) AS free_hours,
    utilisation
FROM mart_discipline_week
WHERE
    week >= date_trunc('week', coalesce(?::DATE, DATE '0001-01-01'))
    AND week <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY source, discipline, week
