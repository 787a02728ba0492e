-- The two planners side by side. Grain: person, project, ISO week, over weeks both have covered.
-- People are the same by e-mail, else by exact name; projects by code, else by exact name. A match that is
-- not one to one is no match. Only members: a placeholder is nobody in particular.

CREATE OR REPLACE TEMP TABLE planner_person AS
WITH
person AS (
    SELECT source, person_key, lower(trim(email)) AS email, lower(trim(name)) AS name
    FROM core_person_now
    WHERE kind = 'member'
),
by_email AS (
    SELECT min(a.person_key) AS a_key, min(b.person_key) AS b_key
    FROM person AS a
    INNER JOIN person AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.email = b.email
    GROUP BY a.email
    HAVING count(*) = 1
),
by_name AS (
    SELECT min(a.person_key) AS a_key, min(b.person_key) AS b_key
    FROM person AS a
    INNER JOIN person AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.name = b.name
    WHERE
        a.person_key NOT IN (SELECT a_key FROM by_email)
        AND b.person_key NOT IN (SELECT b_key FROM by_email)
        AND (a.email IS NULL OR b.email IS NULL)
    GROUP BY a.name
    HAVING count(*) = 1
)
SELECT a_key, b_key FROM by_email
UNION ALL
SELECT a_key, b_key FROM by_name;

CREATE OR REPLACE TEMP TABLE planner_project AS
WITH
project AS (
    SELECT source, project_key, lower(trim(code)) AS code, lower(trim(name)) AS name
    FROM core_project_now
),
by_code AS (
    SELECT min(a.project_key) AS a_key, min(b.project_key) AS b_key
    FROM project AS a
    INNER JOIN project AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.code = b.code
    WHERE a.code <> ''
    GROUP BY a.code
    HAVING count(*) = 1
),
by_name AS (
    SELECT min(a.project_key) AS a_key, min(b.project_key) AS b_key
    FROM project AS a
    INNER JOIN project AS b ON a.source = 'tenthousandft' AND b.source = 'ruddr' AND a.name = b.name
    WHERE
        a.project_key NOT IN (SELECT a_key FROM by_code)
        AND b.project_key NOT IN (SELECT b_key FROM by_code)
        AND (coalesce(a.code, '') = '' OR coalesce(b.code, '') = '')
    GROUP BY a.name
    HAVING count(*) = 1
)
SELECT a_key, b_key FROM by_code
UNION ALL
SELECT a_key, b_key FROM by_name;

-- Reads temp `all_work`: the rows of mart_work_fact.
CREATE OR REPLACE TABLE mart_planner_week AS
WITH
week_covered AS (
    SELECT source, date_trunc('week', day)::DATE AS week
    FROM mart_coverage
    GROUP BY ALL
    HAVING count(*) = 7
),
comparable AS (
    SELECT week FROM week_covered GROUP BY week HAVING count(*) = 2
),
-- The first days of the parts that mart_work_fact is made of.
part_day AS (
    SELECT DISTINCT
        c.source,
        w.week,
        greatest(w.week, date_trunc('month', c.day))::DATE AS first_day
    FROM mart_coverage AS c
    INNER JOIN comparable AS w ON date_trunc('week', c.day)::DATE = w.week
),
comparable_part AS (
    SELECT r.day_id_0 + (d.first_day - DATE '2000-01-01') AS part_id, r.resource_id, d.week
    FROM mart_resource AS r
    INNER JOIN part_day AS d ON r.source = d.source
    WHERE r.resource_kind = 'member'
),
comparable_work AS (
    SELECT * FROM all_work WHERE part_id IN (SELECT part_id FROM comparable_part)
),
hours AS (
    SELECT r.source, r.person_key, p.project_key, d.week, w.ms
    FROM comparable_part AS d
    INNER JOIN comparable_work AS w ON d.part_id = w.part_id
    INNER JOIN mart_resource AS r ON d.resource_id = r.resource_id
    INNER JOIN mart_project AS p ON w.project_id = p.project_id
),
-- Ruddr's rows renamed to 10,000ft's keys where both know the person (project); own keys are kept apart.
named AS (
    SELECT
        h.source,
        h.week,
        h.ms,
        if(h.source = 'tenthousandft', 'a' || h.person_key, coalesce('a' || p.a_key, 'b' || h.person_key)) AS person,
        if(h.source = 'tenthousandft', 'a' || h.project_key, coalesce('a' || j.a_key, 'b' || h.project_key)) AS project
    FROM hours AS h
    LEFT JOIN planner_person AS p ON h.source = 'ruddr' AND h.person_key = p.b_key
    LEFT JOIN planner_project AS j ON h.source = 'ruddr' AND h.project_key = j.b_key
),
side AS (
    SELECT
        person,
        project,
        week,
        coalesce(sum(ms) FILTER (source = 'tenthousandft'), 0)::BIGINT AS tenthousandft_ms,
        coalesce(sum(ms) FILTER (source = 'ruddr'), 0)::BIGINT AS ruddr_ms
    FROM named
    GROUP BY ALL
)
SELECT
    p.name AS person,
    p.email,
    j.name AS project,
    j.code AS project_code,
    s.week,
    CASE
        WHEN s.ruddr_ms = 0 THEN 'only tenthousandft'
        WHEN s.tenthousandft_ms = 0 THEN 'only ruddr'
        WHEN abs(s.tenthousandft_ms - s.ruddr_ms) < 60000 THEN 'agree'
        ELSE 'disagree'
    END AS status,
    s.tenthousandft_ms,
    s.ruddr_ms
FROM side AS s
INNER JOIN core_person_now AS p
    ON p.source = if(s.person[1] = 'a', 'tenthousandft', 'ruddr') AND p.person_key = s.person[2:]
INNER JOIN core_project_now AS j
    ON j.source = if(s.project[1] = 'a', 'tenthousandft', 'ruddr') AND j.project_key = s.project[2:]
ORDER BY person, email, project, week;
