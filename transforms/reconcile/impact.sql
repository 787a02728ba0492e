-- What a plan does to the work ahead, in hours. Leave does not count as work.

-- Records of ours that are in ftrack. Grain: kind, user, project (NULL: leave).
CREATE OR REPLACE TEMP VIEW rec_held AS
SELECT kind, user_id, project_id, records, future_ms FROM rec_standing WHERE records > 0;

-- Work that is ours before the plan, what the plan takes of it, and what it adds. Grain: none, rows add up.
CREATE OR REPLACE TEMP TABLE rec_future AS
SELECT user_id, project_id, future_ms AS before_ms, future_ms AS after_ms
FROM rec_held
WHERE kind = 'allocation' AND project_id IS NOT NULL
UNION ALL
SELECT d.old_user_id, d.old_project_id, 0, -future_ms(d.before.start, d.before."end", d.before_ms, s.today)
FROM rec_diff AS d
CROSS JOIN rec_setting AS s
WHERE d.kind = 'allocation' AND d.verdict IN ('update', 'delete') AND d.old_project_id IS NOT NULL
UNION ALL
SELECT d.about_user_id, d.about_project_id, 0, future_ms(d.after.start, d.after."end", d.after_ms, s.today)
FROM rec_diff AS d
CROSS JOIN rec_setting AS s
WHERE d.kind = 'allocation' AND d.verdict IN ('create', 'update') AND d.about_project_id IS NOT NULL;

-- Grain: ftrack project with work of ours ahead or records of ours.
CREATE OR REPLACE TEMP TABLE rec_impact_project AS
WITH
owned AS (
    SELECT project_id, sum(records)::BIGINT AS records FROM rec_held WHERE project_id IS NOT NULL GROUP BY project_id
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
made AS (
    SELECT source, count(DISTINCT source_key) AS made FROM rec_ours WHERE kind = 'allocation' GROUP BY source
),
-- Bookings with a record that is not there any more, and of those the ones that have another which is.
missing AS (
    SELECT DISTINCT source, source_key
    FROM rec_ours_left
    SEMI JOIN rec_gone USING (record_id)
    WHERE kind = 'allocation'
),
others AS (
    SELECT DISTINCT o.source, o.source_key
    FROM rec_ours AS o
    SEMI JOIN missing AS m ON o.source = m.source AND o.source_key = m.source_key
    ANTI JOIN rec_gone AS g ON o.record_id = g.record_id
    WHERE o.kind = 'allocation'
),
vanished AS (
    SELECT source, count(*) AS vanished FROM missing ANTI JOIN others USING (source, source_key) GROUP BY source
),
pushed AS (
    SELECT m.source, m.made - coalesce(v.vanished, 0) AS pushed FROM made AS m LEFT JOIN vanished AS v USING (source)
),
-- A booking that is gone has no record that is still wanted.
lost AS (
    SELECT o.source, count(DISTINCT o.source_key) AS lost
    FROM rec_loose AS o
    SEMI JOIN rec_actual_left AS a ON o.record_id = a.record_id
    ANTI JOIN (FROM rec_loose_booking WHERE is_there) AS b ON o.source = b.source AND o.source_key = b.source_key
    WHERE o.kind = 'allocation'
    GROUP BY o.source
),
booking_count AS (
    SELECT source, count(*) AS bookings FROM core_booking_now GROUP BY source
)
SELECT
    s.source,
    coalesce(p.pushed, 0) AS pushed,
    coalesce(l.lost, 0) AS lost,
    coalesce(b.bookings, 0) AS bookings
FROM rec_source AS s
LEFT JOIN pushed AS p USING (source)
LEFT JOIN lost AS l USING (source)
LEFT JOIN booking_count AS b USING (source);
