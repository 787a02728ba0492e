-- People above their capacity, on some day or over a whole week. Grain: source. Members only.
-- Parameters: first and last week.
SELECT
    source,
    count(DISTINCT person_key)::INTEGER AS people,
    count(DISTINCT person_key) FILTER (is_over_allocated)::INTEGER AS over_in_a_week,
    count(DISTINCT person_key) FILTER (over_days > 0)::INTEGER AS over_on_a_day,
    hours(sum(booked_ms)) AS booked_hours,
    hours(sum(capacity_ms)) AS capacity_hours
FROM mart_person_week
WHERE resource_kind = 'member' AND week BETWEEN $first AND $last
GROUP BY source;
