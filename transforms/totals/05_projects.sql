-- What the people in temp `redo` have in projects. People do not share their hours, so what they have adds up, and so
-- does their number: the facts of everybody are the sum over any groups of people.

-- Parts of an ISO week that lie in one month. person_id: NULL for unassigned work, which is nobody.
-- Grain: resource, part.
CREATE OR REPLACE TEMP TABLE redo_part AS
SELECT
    r.day_id_0 + (s.day - DATE '2000-01-01') AS part_id,
    if(r.resource_kind <> 'unassigned', r.resource_id, NULL) AS person_id,
    s.week,
    s.month
FROM redone AS r
INNER JOIN source_day AS s ON r.source = s.source
WHERE s.day = s.part_day;

-- What they have now and, less than nothing, what they had at the last build (former_work).
-- Grain: project, period (week: ISO, from its Monday; month), first day of it, sign.
CREATE OR REPLACE TEMP TABLE fresh_project_fact AS
WITH
work AS (
    SELECT 1 AS sign, * FROM fresh_work_fact
    UNION ALL
    SELECT -1, * FROM former_work
),
dated AS (
    SELECT part_id, person_id, 'week' AS period, week AS first_day FROM redo_part
    UNION ALL
    SELECT part_id, person_id, 'month', month FROM redo_part
)
SELECT
    w.project_id,
    d.period,
    d.first_day,
    (w.sign * sum(w.ms))::BIGINT AS booked_ms,
    (w.sign * coalesce(sum(w.ms) FILTER (w.is_tentative), 0))::BIGINT AS tentative_ms,
    w.sign * count(DISTINCT d.person_id) AS people
FROM work AS w
INNER JOIN dated AS d ON w.part_id = d.part_id
GROUP BY w.project_id, d.period, d.first_day, w.sign;
