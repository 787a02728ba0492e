-- Integers stand for keys from here to the marts: resource_id a person (unassigned work is a resource of its own,
-- without a key), project_id a project, booking_id a booking, day_id a day of a resource. They are numbered in key
-- order, anew in each full build; a build of some people only keeps the numbers there are (00_kept.sql).

-- first_day to last_day are counted. day_id = day_id_0 + (day - 2000-01-01): the days of one resource follow each
-- other, and those of the next resource follow them, so that one integer stands for both and neighbours lie together.
CREATE OR REPLACE TEMP TABLE resource AS
WITH
known AS (
    SELECT
        source,
        person_key AS resource_key,
        kind AS resource_kind,
        name AS person,
        email,
        discipline,
        is_active,
        active_from,
        active_to
    FROM core_person_now
    UNION ALL
    SELECT DISTINCT source, '', 'unassigned', NULL, NULL, NULL, true, NULL::DATE, NULL::DATE
    FROM core_booking_now
    WHERE resource_kind = 'unassigned'
),
numbered AS (
    SELECT
        (row_number() OVER by_key)::INTEGER AS resource_id,
        k.*,
        c.first_day,
        c.last_day,
        sum(c.last_day - c.first_day + 1) OVER by_key - (c.last_day - DATE '2000-01-01') AS day_id_0
    FROM known AS k
    LEFT JOIN calendar_range AS c USING (source)
    WINDOW by_key AS (ORDER BY source, resource_key)
)
SELECT
    resource_id,
    source,
    nullif(resource_key, '') AS person_key,
    person,
    email,
    resource_kind,
    discipline,
    is_active,
    active_from,
    active_to,
    first_day,
    last_day,
    day_id_0::INTEGER AS day_id_0
FROM numbered
ORDER BY resource_id;

CREATE OR REPLACE TEMP TABLE project AS
SELECT
    (row_number() OVER (ORDER BY source, project_key))::INTEGER AS project_id,
    source,
    project_key,
    name AS project,
    code AS project_code,
    is_tentative
FROM core_project_now
ORDER BY project_id;

-- Everybody is counted, and nothing was counted before.
CREATE OR REPLACE TEMP TABLE redo AS SELECT resource_id FROM resource;

CREATE OR REPLACE TEMP VIEW counted_booking AS FROM core_booking_now;

CREATE OR REPLACE TEMP TABLE recounted_week (source VARCHAR, person_key VARCHAR, week DATE);

SET VARIABLE last_booking_id = 0;
