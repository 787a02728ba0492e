-- What the people in temp `redo` have in projects. People do not share their hours, so what they have adds up, and so
-- does their number: the facts of everybody are the sum over any groups of people.

-- temp redo_part. Grain: resource, part of an ISO week that lies in one month. person_id: NULL for unassigned work,
-- which is nobody.
CREATE OR REPLACE TEMP VIEW redo_part AS
SELECT
    d.day_id AS part_id,
    if(r.resource_kind <> 'unassigned', d.resource_id, NULL) AS person_id,
    date_trunc('week', d.day)::DATE AS week,
    date_trunc('month', d.day)::DATE AS month
FROM mart_person_day_fact AS d
INNER JOIN mart_resource AS r ON d.resource_id = r.resource_id
WHERE (isodow(d.day) = 1 OR day(d.day) = 1) AND d.resource_id IN (SELECT resource_id FROM redo);

-- Grain: project, period (week: ISO, from its Monday; month), first day of it.
CREATE OR REPLACE TEMP VIEW fresh_project_fact AS
WITH
dated AS (
    SELECT part_id, person_id, 'week' AS period, week AS first_day FROM redo_part
    UNION ALL
    SELECT part_id, person_id, 'month', month FROM redo_part
)
SELECT
    w.project_id,
    d.period,
    d.first_day,
    sum(w.booked_ms)::BIGINT AS booked_ms,
    sum(w.tentative_ms)::BIGINT AS tentative_ms,
    count(DISTINCT d.person_id) AS people
FROM mart_work_fact AS w
INNER JOIN dated AS d ON w.part_id = d.part_id
GROUP BY w.project_id, d.period, d.first_day;
