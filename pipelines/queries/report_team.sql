-- Hours and capacity by kind of resource, discipline and week. Grain: resource_kind, discipline, week.
-- Parameters: source, first and last week.
SELECT
    resource_kind,
    coalesce(discipline, '') AS discipline,
    week,
    count(*)::INTEGER AS people,
    hours(sum(booked_ms)) AS booked_hours,
    hours(sum(tentative_ms)) AS tentative_hours,
    hours(sum(capacity_ms)) AS capacity_hours
FROM mart_person_week
WHERE source = $source AND week BETWEEN $first AND $last
GROUP BY ALL
ORDER BY resource_kind, discipline, week;
