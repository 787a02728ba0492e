-- The two planners side by side, over weeks both have covered. People are the same by e-mail, else by exact name; projects by
-- code, else by exact name. A match that is not one to one is no match. Only members: a placeholder is nobody in particular.

-- Ruddr's b_id is 10,000ft's a_id, of table `known` (source, id, mark, name): by the mark, a blank one is NULL, else by the
-- name where one of them has no mark.
CREATE OR REPLACE TEMP MACRO same_in_both(known) AS TABLE
WITH
by_mark AS (
    SELECT min(a.id) AS a_id, min(b.id) AS b_id
    FROM query_table(known) AS a
    INNER JOIN query_table(known) AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.mark = b.mark
    GROUP BY a.mark
    HAVING count(*) = 1
),
by_name AS (
    SELECT min(a.id) AS a_id, min(b.id) AS b_id
    FROM query_table(known) AS a
    INNER JOIN query_table(known) AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.name = b.name
    WHERE
        a.id NOT IN (SELECT a_id FROM by_mark)
        AND b.id NOT IN (SELECT b_id FROM by_mark)
        AND (a.mark IS NULL OR b.mark IS NULL)
    GROUP BY a.name
    HAVING count(*) = 1
)
SELECT a_id, b_id FROM by_mark
UNION ALL
SELECT a_id, b_id FROM by_name;

CREATE OR REPLACE TEMP VIEW marked_person AS
SELECT source, resource_id AS id, nullif(lower(trim(email)), '') AS mark, lower(trim(person)) AS name
FROM resource
WHERE resource_kind = 'member';

CREATE OR REPLACE TEMP VIEW marked_project AS
SELECT source, project_id AS id, nullif(lower(trim(project_code)), '') AS mark, lower(trim(project)) AS name
FROM project;

CREATE OR REPLACE TEMP TABLE planner_person AS FROM same_in_both('marked_person');

CREATE OR REPLACE TEMP TABLE planner_project AS FROM same_in_both('marked_project');

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
