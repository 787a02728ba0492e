-- Grain: source, project, ISO week. Units: hours. people: members and placeholders with hours.
SELECT
    t.source,
    p.name AS project,
    p.code AS project_code,
    t.week,
    hours(t.booked_ms) AS booked_hours,
    hours(t.tentative_ms) AS tentative_hours,
    t.people,
    t.project_key
FROM mart_project_week AS t
LEFT JOIN core_project_now AS p USING (source, project_key)
WHERE
    t.week >= date_trunc('week', coalesce(?::DATE, DATE '0001-01-01'))
    AND t.week <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY t.source, p.name, t.project_key, t.week
