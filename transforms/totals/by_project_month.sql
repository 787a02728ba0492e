-- Grain: source, project, calendar month (its first day), covered days only. Units: hours. people: members and placeholders with hours.
SELECT
    source,
    project,
    project_code,
    month,
    hours(booked_ms) AS booked_hours,
    hours(tentative_ms) AS tentative_hours,
    people,
    project_key
FROM mart_project_month
WHERE
    month >= date_trunc('month', coalesce(?::DATE, DATE '0001-01-01'))
    AND month <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY source, project, project_key, month
