-- Who works on a project, how much and until when?
-- Grain: source, person (NULL: unassigned) with hours on the project from today on. Units: hours.
-- end_date is the last booking's, also where it lies beyond the days that were read.
-- Variables: project (code or name; default: the one with most hours), today (default: the day of the last pull).
WITH
asked AS (
    SELECT
        coalesce(
            getvariable('project')::VARCHAR,
            (SELECT project FROM mart_project_week GROUP BY project ORDER BY sum(booked_ms) DESC, project LIMIT 1)
        ) AS project,
        coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
)
SELECT
    b.source,
    b.person,
    b.resource_kind,
    string_agg(DISTINCT b.work_item, ', ' ORDER BY b.work_item) AS work_items,
    min(d.day) AS first_day,
    max(b.end_date) AS end_date,
    count(DISTINCT d.day) AS days,
    hours(sum(d.ms)) AS booked_hours,
    hours(coalesce(sum(d.ms) FILTER (d.is_tentative), 0)) AS tentative_hours
FROM mart_booking_day AS d
INNER JOIN mart_booking AS b USING (source, source_key)
SEMI JOIN mart_coverage AS v ON d.source = v.source AND d.day = v.day
INNER JOIN asked
    ON d.day >= asked.today AND lower(asked.project) IN (lower(b.project_code), lower(b.project))
WHERE d.kind = 'work'
GROUP BY b.source, b.person_key, b.person, b.resource_kind
ORDER BY b.source, booked_hours DESC, b.person, b.person_key
