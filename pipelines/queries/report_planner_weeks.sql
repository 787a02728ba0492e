-- The two planners by week and status. Grain: week, status. Where both book, the higher figure counts.
SELECT
    week,
    status,
    count(*)::INTEGER AS pairs,
    hours(sum(greatest(tenthousandft_ms, ruddr_ms))) AS hours
FROM mart_planner_week
GROUP BY week, status
ORDER BY week, status;
