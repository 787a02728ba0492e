-- Allocation, used, remaining. Used is what ftrack's time logs say; people are matched by e-mail, else by exact
-- name, projects by code, else by exact name, one to one. Units: milliseconds.

CREATE OR REPLACE TEMP TABLE used_week AS
SELECT
    coalesce(lower(trim(email)), lower(trim(person)), '') AS who,
    lower(trim(person)) AS name,
    lower(trim(project_code)) AS code,
    lower(trim(project)) AS project_name,
    min(person) AS person,
    min(email) AS email,
    min(project) AS project,
    min(project_code) AS project_code,
    date_trunc('week', work_date)::DATE AS week,
    sum(duration_ms)::BIGINT AS ms
FROM core_timelog_now
GROUP BY ALL;

-- Grain: source (planner), person, project, ISO week both the planner and a time log may speak of. A row stands
-- where either has hours; remaining is negative where more was worked than allocated.
CREATE OR REPLACE TABLE mart_usage_week AS
WITH
allocated AS (
    SELECT
        r.source,
        r.person,
        r.email,
        p.project,
        p.project_code,
        t.week,
        t.ms,
        coalesce(lower(trim(r.email)), lower(trim(r.person))) AS who,
        coalesce(nullif(lower(trim(p.project_code)), ''), lower(trim(p.project))) AS what
    FROM work_week AS t
    INNER JOIN resource AS r ON t.resource_id = r.resource_id
    INNER JOIN project AS p ON t.project_id = p.project_id
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
known_code AS (
    SELECT DISTINCT what AS code FROM allocated WHERE project_code <> ''
),
used AS (
    SELECT
        s.source,
        u.who,
        if(u.code IN (SELECT code FROM known_code), u.code, u.project_name) AS what,
        u.week,
        min(u.person) AS person,
        min(u.email) AS email,
        min(u.project) AS project,
        min(u.project_code) AS project_code,
        sum(u.ms)::BIGINT AS used_ms
    FROM used_week AS u
    CROSS JOIN (SELECT DISTINCT source FROM mart_coverage) AS s
    SEMI JOIN (
        SELECT DISTINCT source, date_trunc('week', day)::DATE AS week FROM mart_coverage
    ) AS v ON s.source = v.source AND u.week = v.week
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
    coalesce(a.allocated_ms, 0) - coalesce(u.used_ms, 0) AS remaining_ms
FROM planned AS a
FULL JOIN used AS u ON a.source = u.source AND a.who = u.who AND a.what = u.what AND a.week = u.week
ORDER BY ALL;

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
