-- Planner against planner: on which projects do 10,000ft and Ruddr disagree, and by how much?
-- Grain: project (one row for both planners). Units: hours of members, from this week on, weeks both have read.
-- A "week" counted here is one person's week on the project.
-- Variables: today (default: the day of the last pull).
WITH asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
)
SELECT
    p.project,
    p.project_code,
    count(*) FILTER (p.status = 'agree') AS weeks_agreed,
    count(*) FILTER (p.status = 'disagree') AS weeks_different,
    count(*) FILTER (p.status = 'only tenthousandft') AS weeks_only_tenthousandft,
    count(*) FILTER (p.status = 'only ruddr') AS weeks_only_ruddr,
    hours(sum(p.tenthousandft_ms)) AS tenthousandft_hours,
    hours(sum(p.ruddr_ms)) AS ruddr_hours,
    hours(sum(p.tenthousandft_ms - p.ruddr_ms)) AS difference_hours,
    hours(sum(abs(p.tenthousandft_ms - p.ruddr_ms))) AS disputed_hours
FROM mart_planner_week AS p
INNER JOIN asked ON p.week >= date_trunc('week', asked.today)
GROUP BY p.project, p.project_code
ORDER BY disputed_hours DESC, p.project, p.project_code
