-- The two planners side by side, over weeks both have covered. People are the same by e-mail, else by exact name; projects by
-- code, else by exact name. A match that is not one to one is no match. Only members: a placeholder is nobody in particular.

-- Ruddr's person b_id is 10,000ft's a_id.
CREATE OR REPLACE TEMP TABLE planner_person AS
WITH
person AS (
    SELECT source, resource_id, lower(trim(email)) AS email, lower(trim(person)) AS name
    FROM resource
    WHERE resource_kind = 'member'
),
by_email AS (
    SELECT min(a.resource_id) AS a_id, min(b.resource_id) AS b_id
    FROM person AS a
    INNER JOIN person AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.email = b.email
    GROUP BY a.email
    HAVING count(*) = 1
),
by_name AS (
    SELECT min(a.resource_id) AS a_id, min(b.resource_id) AS b_id
    FROM person AS a
    INNER JOIN person AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.name = b.name
    WHERE
        a.resource_id NOT IN (SELECT a_id FROM by_email)
        AND b.resource_id NOT IN (SELECT b_id FROM by_email)
        AND (a.email IS NULL OR b.email IS NULL)
    GROUP BY a.name
    HAVING count(*) = 1
)
SELECT a_id, b_id FROM by_email
UNION ALL
SELECT a_id, b_id FROM by_name;

CREATE OR REPLACE TEMP TABLE planner_project AS
WITH
named AS (
    SELECT source, project_id, lower(trim(project_code)) AS code, lower(trim(project)) AS name
    FROM project
),
by_code AS (
    SELECT min(a.project_id) AS a_id, min(b.project_id) AS b_id
    FROM named AS a
    INNER JOIN named AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.code = b.code
    WHERE a.code <> ''
    GROUP BY a.code
    HAVING count(*) = 1
),
by_name AS (
    SELECT min(a.project_id) AS a_id, min(b.project_id) AS b_id
    FROM named AS a
    INNER JOIN named AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.name = b.name
    WHERE
        a.project_id NOT IN (SELECT a_id FROM by_code)
        AND b.project_id NOT IN (SELECT b_id FROM by_code)
        AND (coalesce(a.code, '') = '' OR coalesce(b.code, '') = '')
    GROUP BY a.name
    HAVING count(*) = 1
)
SELECT a_id, b_id FROM by_code
UNION ALL
SELECT a_id, b_id FROM by_name;

-- Whom and what both planners know goes by the ids of 10,000ft. Of people counted again, the difference to the last build
-- (05_projects.sql). Grain: person, project, ISO week both have covered.
CREATE OR REPLACE TEMP TABLE fresh_planner_fact AS
WITH
week_covered AS (
    SELECT source, week
    FROM source_day
    WHERE is_covered
    GROUP BY source, week
    HAVING count(*) = 7
),
comparable AS (
    SELECT week FROM week_covered GROUP BY week HAVING count(*) = 2
)
SELECT
    coalesce(p.a_id, w.resource_id) AS resource_id,
    coalesce(j.a_id, w.project_id) AS project_id,
    w.week,
    coalesce(sum(w.sign * w.ms) FILTER (r.source = 'tenthousandft'), 0)::BIGINT AS tenthousandft_ms,
    coalesce(sum(w.sign * w.ms) FILTER (r.source = 'ruddr'), 0)::BIGINT AS ruddr_ms
FROM signed_work AS w
INNER JOIN resource AS r ON w.resource_id = r.resource_id
LEFT JOIN planner_person AS p ON w.resource_id = p.b_id
LEFT JOIN planner_project AS j ON w.project_id = j.b_id
WHERE r.resource_kind = 'member' AND w.week IN (SELECT week FROM comparable)
GROUP BY ALL;
