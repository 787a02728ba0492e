-- Allocation, used, remaining. Used is what ftrack's time logs say; people are matched by e-mail, else by exact
-- name, projects by code, else by exact name, one to one. Units: milliseconds.

-- Time logged. Grain: person, project, ISO week, in the weeks the logs name.
CREATE OR REPLACE TABLE mart_used_fact AS
SELECT
    coalesce(lower(trim(email)), lower(trim(person)), '') AS who,
    lower(trim(project_code)) AS code,
    lower(trim(project)) AS project_name,
    min(person) AS person,
    min(email) AS email,
    min(project) AS project,
    min(project_code) AS project_code,
    date_trunc('week', work_date)::DATE AS week,
    sum(duration_ms)::BIGINT AS used_ms
FROM core_timelog_now
GROUP BY ALL;

-- Grain: source (planner), person, project, ISO week both the planner and a time log may speak of. A row stands
-- where either has hours; remaining is negative where more was worked than allocated. A view: it is as long as
-- all bookings by week, and seldom asked for whole.
CREATE OR REPLACE VIEW mart_usage_week AS
WITH
allocated AS (
    SELECT
        r.source,
        r.person,
        r.email,
        p.project,
        p.project_code,
        w.week,
        w.ms,
        coalesce(lower(trim(r.email)), lower(trim(r.person))) AS who,
        coalesce(nullif(lower(trim(p.project_code)), ''), lower(trim(p.project))) AS what
    FROM mart_work_fact AS w
    INNER JOIN mart_resource AS r USING (resource_id)
    INNER JOIN mart_project AS p USING (project_id)
    WHERE r.resource_kind = 'member'
),
planned AS (
    SELECT
        source,
        who,
        what,
        week,
        min(person) AS person,
        min(email) AS email,
        min(project) AS project,
        min(project_code) AS project_code,
        sum(ms)::BIGINT AS allocated_ms
    FROM allocated
    GROUP BY ALL
),
booked_code AS (
    SELECT DISTINCT lower(trim(p.project_code)) AS code
    FROM mart_project AS p
    WHERE p.project_code <> '' AND p.project_id IN (SELECT project_id FROM mart_project_fact)
),
covered AS (
    SELECT DISTINCT source, date_trunc('week', day)::DATE AS week FROM mart_coverage
),
used AS (
    SELECT
        c.source,
        u.who,
        coalesce(b.code, u.project_name) AS what,
        u.week,
        min(u.person) AS person,
        min(u.email) AS email,
        min(u.project) AS project,
        min(u.project_code) AS project_code,
        sum(u.used_ms)::BIGINT AS used_ms
    FROM mart_used_fact AS u
    INNER JOIN covered AS c ON u.week = c.week
    LEFT JOIN booked_code AS b ON u.code = b.code
    GROUP BY ALL
)
SELECT
    coalesce(a.source, u.source) AS source,
    coalesce(a.person, u.person) AS person,
    coalesce(a.email, u.email) AS email,
    coalesce(a.project, u.project) AS project,
    coalesce(a.project_code, u.project_code) AS project_code,
    coalesce(a.week, u.week) AS week,
    coalesce(a.allocated_ms, 0) AS allocated_ms,
    coalesce(u.used_ms, 0) AS used_ms,
    coalesce(a.allocated_ms, 0) - coalesce(u.used_ms, 0) AS remaining_ms,
    hours(coalesce(a.allocated_ms, 0)) AS allocated_hours,
    hours(coalesce(u.used_ms, 0)) AS used_hours,
    hours(coalesce(a.allocated_ms, 0) - coalesce(u.used_ms, 0)) AS remaining_hours
FROM planned AS a
FULL JOIN used AS u ON a.source = u.source AND a.who = u.who AND a.what = u.what AND a.week = u.week;

-- Grain: task of ftrack with an estimate or time logged (within the days read).
CREATE OR REPLACE TABLE mart_task_usage AS
WITH
used AS (
    SELECT task_key, sum(duration_ms)::BIGINT AS ms
    FROM core_timelog_now
    WHERE task_key IS NOT NULL
    GROUP BY task_key
)
SELECT
    t.task_key,
    t.task,
    t.project,
    t.project_code,
    t.bid_ms AS planned_ms,
    coalesce(u.ms, 0) AS used_ms,
    t.bid_ms - coalesce(u.ms, 0) AS remaining_ms
FROM core_task_now AS t
LEFT JOIN used AS u USING (task_key)
WHERE t.bid_ms > 0 OR u.ms > 0
ORDER BY t.project, t.task, t.task_key;
