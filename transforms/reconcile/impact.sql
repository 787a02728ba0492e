-- What a plan does to the work ahead, in hours. Leave does not count as work.
-- Hours of a record that has begun count from today on, in proportion to its calendar days. Unit: ms.

CREATE OR REPLACE TEMP MACRO future_ms(first_day, last_day, ms, today) AS
    CASE
        WHEN last_day < today THEN 0
        WHEN first_day >= today THEN ms
        ELSE ms * (last_day - today + 1) // (last_day - first_day + 1)
    END;

-- Grain: record of ours that is in ftrack.
CREATE OR REPLACE TEMP TABLE rec_held AS
SELECT
    o.record_id,
    o.kind,
    o.source,
    o.source_key,
    o.about_user_id AS user_id,
    o.about_project_id AS project_id,
    future_ms(a.image.start, a.image."end", o.ms, s.today) AS future_ms
FROM rec_ours AS o
INNER JOIN rec_actual AS a USING (record_id)
CROSS JOIN rec_setting AS s;

-- Grain: record and side (before, after) of work that is ours before or after the plan.
CREATE OR REPLACE TEMP TABLE rec_future AS
SELECT
    h.user_id,
    h.project_id,
    h.future_ms AS before_ms,
    if(d.record_id IS NULL, h.future_ms, 0) AS after_ms
FROM rec_held AS h
LEFT JOIN (SELECT record_id FROM rec_diff WHERE verdict IN ('update', 'delete')) AS d USING (record_id)
WHERE h.kind = 'allocation' AND h.project_id IS NOT NULL
UNION ALL
SELECT
    d.about_user_id,
    d.about_project_id,
    0,
    future_ms(d.after.start, d.after."end", d.after_ms, s.today)
FROM rec_diff AS d
CROSS JOIN rec_setting AS s
WHERE d.kind = 'allocation' AND d.verdict IN ('create', 'update') AND d.about_project_id IS NOT NULL;

-- Grain: ftrack project with work of ours ahead or records of ours.
CREATE OR REPLACE TEMP TABLE rec_impact_project AS
WITH
owned AS (
    SELECT project_id, count(*) AS records FROM rec_held WHERE project_id IS NOT NULL GROUP BY project_id
),
hours AS (
    SELECT project_id, sum(before_ms)::BIGINT AS before_ms, sum(after_ms)::BIGINT AS after_ms
    FROM rec_future
    GROUP BY project_id
)
SELECT
    project_id,
    coalesce(o.records, 0) AS records,
    coalesce(h.before_ms, 0) AS before_ms,
    coalesce(h.after_ms, 0) AS after_ms
FROM hours AS h
FULL OUTER JOIN owned AS o USING (project_id);

-- Grain: ftrack user with work of ours ahead.
CREATE OR REPLACE TEMP TABLE rec_impact_user AS
SELECT user_id, sum(before_ms)::BIGINT AS before_ms, sum(after_ms)::BIGINT AS after_ms
FROM rec_future
GROUP BY user_id;

-- Grain: source. Bookings that made records of ours which are still there, how many of them are gone from the
-- source, and how many bookings the source has now.
CREATE OR REPLACE TEMP TABLE rec_impact_source AS
WITH
pushed AS (
    SELECT DISTINCT source, source_key FROM rec_held WHERE kind = 'allocation'
),
pushed_count AS (
    SELECT p.source, count(*) AS pushed, count(*) FILTER (b.source IS NULL) AS lost
    FROM pushed AS p
    LEFT JOIN core_booking_now AS b ON p.source = b.source AND p.source_key = b.source_key
    GROUP BY p.source
),
booking_count AS (
    SELECT source, count(*) AS bookings FROM core_booking_now GROUP BY source
)
SELECT
    s.source,
    coalesce(p.pushed, 0) AS pushed,
    coalesce(p.lost, 0) AS lost,
    coalesce(b.bookings, 0) AS bookings
FROM rec_source AS s
LEFT JOIN pushed_count AS p USING (source)
LEFT JOIN booking_count AS b USING (source);
