-- The lists of a plan, with the names people know. Tables are made in the order the plan has.

CREATE OR REPLACE TEMP TABLE plan_user AS
SELECT user_id, coalesce(nullif(trim(name), ''), username, user_id) AS person FROM ft_user;

CREATE OR REPLACE TEMP TABLE plan_project AS
SELECT project_id, coalesce(nullif(concat_ws(' ', code, nullif(name, code)), ''), project_id) AS project
FROM ft_project;

-- The latest pull of each stream of the configured planners. Grain: source, stream, scope.
CREATE OR REPLACE TEMP TABLE plan_snapshot AS
SELECT
    source,
    stream,
    scope,
    window_start::VARCHAR AS window_start,
    window_end::VARCHAR AS window_end,
    complete,
    content_sha256
FROM raw_snapshot
SEMI JOIN rec_source USING (source)
QUALIFY row_number() OVER (PARTITION BY source, stream, scope ORDER BY finished_at DESC, snapshot_id DESC) = 1
ORDER BY source, stream, scope;

-- Grain: record to create, update, delete, or blocked. Unit: milliseconds.
CREATE OR REPLACE TEMP VIEW plan_record AS
SELECT
    d.verdict,
    d.kind,
    d.record_id,
    d.before,
    d.after,
    d.rule,
    d.before_ms,
    d.after_ms,
    d.source,
    d.source_key,
    d.run,
    d.content_key,
    d.person_key,
    d.project_key,
    d.work_item_key,
    d.about_user_id,
    d.about_project_id,
    coalesce(u.person, d.about_user_id, '') AS person,
    coalesce(p.project, d.about_project_id, 'leave') AS project,
    t.name AS task,
    moved_from.person AS moved_from,
    moved_to.person AS moved_to
FROM rec_diff AS d
LEFT JOIN plan_user AS u ON d.about_user_id = u.user_id
LEFT JOIN plan_project AS p ON d.about_project_id = p.project_id
LEFT JOIN ft_task AS t ON coalesce(d.after.task_id, d.before.task_id) = t.task_id
LEFT JOIN rec_move AS gone ON d.record_id = gone.deleted_id
LEFT JOIN plan_user AS moved_to ON gone.to_user_id = moved_to.user_id
LEFT JOIN rec_move AS made ON d.record_id = made.created_id
LEFT JOIN plan_user AS moved_from ON made.from_user_id = moved_from.user_id
WHERE d.verdict IN ('create', 'update', 'delete', 'blocked');

-- Hours that move, by person. Grain: ftrack user with an allocation to create, update or delete. Unit: ms.
CREATE OR REPLACE TEMP TABLE plan_moved AS
WITH
side AS (
    SELECT old_user_id AS user_id, record_id, -before_ms AS ms
    FROM rec_diff
    WHERE kind = 'allocation' AND verdict IN ('update', 'delete')
    UNION ALL
    SELECT about_user_id, record_id, after_ms
    FROM rec_diff
    WHERE kind = 'allocation' AND verdict IN ('create', 'update')
),
balance AS (
    SELECT user_id, record_id, sum(ms) AS ms FROM side GROUP BY user_id, record_id
)
SELECT
    coalesce(u.person, b.user_id) AS person,
    sum(greatest(b.ms, 0))::BIGINT AS added_ms,
    sum(greatest(-b.ms, 0))::BIGINT AS removed_ms
FROM balance AS b
LEFT JOIN plan_user AS u USING (user_id)
GROUP BY b.user_id, u.person
HAVING bool_or(b.ms <> 0)
ORDER BY person, b.user_id;

-- Bookings that are not pushed at all, and days of bookings that no share can say. Grain: booking, reason.
CREATE OR REPLACE TEMP TABLE plan_blocked_booking AS
SELECT source, source_key, person, about AS project, status AS reason, ms
FROM rec_booking
WHERE status <> 'ok'
UNION ALL
SELECT
    d.source,
    d.source_key,
    any_value(b.person),
    any_value(b.about),
    'hours on days without contracted hours',
    sum(d.ms)::BIGINT
FROM rec_day AS d
INNER JOIN rec_booking AS b USING (source, source_key)
WHERE d.value_millionths IS NULL AND NOT d.is_suppressed
GROUP BY d.source, d.source_key
UNION ALL
SELECT b.source, b.source_key, p.name, j.name, 'no working day in its span', (b.effort_amount::DECIMAL(38, 6) * 3600000)::BIGINT
FROM core_booking_now AS b
SEMI JOIN rec_source USING (source)
ANTI JOIN rec_booking AS r ON b.source = r.source AND b.source_key = r.source_key
LEFT JOIN core_person_now AS p ON b.source = p.source AND b.person_key = p.person_key
LEFT JOIN core_project_now AS j ON b.source = j.source AND b.project_key = j.project_key
WHERE b.kind <> 'holiday' AND b.effort_unit = 'hours_total' AND b.effort_amount > 0
ORDER BY reason, source, source_key;

-- Grain: user, project (or leave), week, losing planner. Unit: milliseconds.
CREATE OR REPLACE TEMP TABLE plan_conflict AS
SELECT
    coalesce(u.person, c.user_id) AS person,
    coalesce(p.project, 'leave') AS project,
    c.week::VARCHAR AS week,
    c.winner,
    c.loser,
    c.days,
    c.winner_ms,
    c.loser_ms,
    c.agrees
FROM rec_conflict AS c
LEFT JOIN plan_user AS u USING (user_id)
LEFT JOIN plan_project AS p USING (project_id)
ORDER BY person, project, c.week, c.user_id, c.project_id, c.loser;

-- Grain: ftrack project. Unit: milliseconds from the plan's day on.
CREATE OR REPLACE TEMP TABLE plan_impact_project AS
SELECT coalesce(p.project, i.project_id) AS project, i.records, i.before_ms, i.after_ms
FROM rec_impact_project AS i
LEFT JOIN plan_project AS p USING (project_id)
ORDER BY project, i.project_id;

-- Grain: ftrack user with work of ours ahead.
CREATE OR REPLACE TEMP TABLE plan_impact_user AS
SELECT coalesce(u.person, i.user_id) AS person, i.before_ms, i.after_ms
FROM rec_impact_user AS i
LEFT JOIN plan_user AS u USING (user_id)
ORDER BY person, i.user_id;
