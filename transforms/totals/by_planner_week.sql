-- The two planners side by side. Grain: person, project, ISO week both have covered. Units: hours.
SELECT
    person,
    email,
    project,
    project_code,
    week,
    status,
    hours(tenthousandft_ms) AS tenthousandft_hours,
    hours(ruddr_ms) AS ruddr_hours,
    hours(tenthousandft_ms - ruddr_ms) AS difference_hours
FROM mart_planner_week
WHERE
    week >= date_trunc('week', coalesce(?::DATE, DATE '0001-01-01'))
    AND week <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY person, email, project, week
