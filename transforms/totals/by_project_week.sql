-- Grain: source, project, ISO week. Units: hours. people: members and placeholders with hours.
SELECT
    source,
    project,
    project_code,
    week,
    hours(booked_ms) AS booked_hours,
    hours(tentative_ms) AS tentative_hours,
    people,
    project_key
FROM mart_project_week
WHERE
    week >= date_trunc('week', coalesce(?::DATE, DATE '0001-01-01'))
    AND week <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY source, project, project_key, week
