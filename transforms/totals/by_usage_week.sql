-- Allocation, used (ftrack's time logs) and remaining. Grain: planner, person, project, ISO week. Units: hours.
SELECT
    source,
    person,
    email,
    project,
    project_code,
    week,
    hours(allocated_ms) AS allocated_hours,
    hours(used_ms) AS used_hours,
    hours(remaining_ms) AS remaining_hours
FROM mart_usage_week
WHERE
    week >= date_trunc('week', coalesce(?::DATE, DATE '0001-01-01'))
    AND week <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY ALL
