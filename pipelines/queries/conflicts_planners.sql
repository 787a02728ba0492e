-- Where the planners do not agree on a person's hours on a project. Grain: person, project, status.
SELECT
    status,
    person,
    email,
    project,
    project_code,
    count(*)::INTEGER AS weeks,
    min(week) AS first_week,
    max(week) AS last_week,
    hours(sum(tenthousandft_ms)) AS tenthousandft_hours,
    hours(sum(ruddr_ms)) AS ruddr_hours,
    hours(sum(abs(tenthousandft_ms - ruddr_ms))) AS apart_hours,
    list(
        {week: week, tenthousandft_hours: hours(tenthousandft_ms), ruddr_hours: hours(ruddr_ms)} ORDER BY week
    ) AS by_week
FROM mart_planner_week
WHERE status <> 'agree'
GROUP BY status, person, email, project, project_code
ORDER BY apart_hours DESC, status, person, email, project, project_code;
