-- Changes that ftrack refused before wait before they are asked for again: in rec_diff they become `blocked`,
-- with the error and the time in words. Only that time is in the plan, not the clock's: the bytes stay the same.

-- Changes whose last word is `failed`. Grain: record of this server. `failures`: refusals of the same change
-- without another change or a success in between.
CREATE OR REPLACE TEMP TABLE rec_failed AS
WITH
settled AS (
    SELECT
        c.*,
        p.started_at,
        coalesce(
            c.status = 'done'
            OR concat_ws('|', c.action, c.after) <> lag(concat_ws('|', c.action, c.after)) OVER word,
            true
        ) AS is_new
    FROM push_change AS c
    INNER JOIN push_plan AS p USING (plan_sha256)
    INNER JOIN rec_setting AS s USING (server)
    SEMI JOIN rec_diff AS d ON c.record_id = d.record_id AND d.verdict IN ('create', 'update', 'delete')
    WHERE c.status IN ('done', 'failed')
    WINDOW word AS (PARTITION BY c.record_id ORDER BY p.started_at, c.plan_sha256)
),
streak AS (
    SELECT *, sum(is_new::INTEGER) OVER (PARTITION BY record_id ORDER BY started_at, plan_sha256) AS streak
    FROM settled
)
SELECT
    record_id,
    action,
    after,
    error,
    finished_at,
    count(*) FILTER (status = 'failed') OVER (PARTITION BY record_id, streak) AS failures
FROM streak
QUALIFY
    status = 'failed'
    AND row_number() OVER (PARTITION BY record_id ORDER BY started_at DESC, plan_sha256 DESC) = 1;

-- Those of them that are wanted again just as they were. Grain: record. Fields that differ are in `after`, so
-- what is there, changed by it, must be what is wanted now.
CREATE OR REPLACE TEMP TABLE rec_wait AS
WITH
again AS (
    SELECT
        f.*,
        d.after AS wanted,
        from_json(
            json_merge_patch(
                coalesce(
                    to_json({
                        user_id: d.before.user_id,
                        project_id: d.before.project_id,
                        task_id: d.before.task_id,
                        assignment_type: d.before.assignment_type,
                        allocation_type: d.before.allocation_type,
                        name: d.before.name,
                        start: d.before.start,
                        "end": d.before."end",
                        value: d.before.value_millionths / 1000000,
                        leave: d.before.leave,
                        forecast: d.before.forecast
                    }),
                    '{}'
                ),
                coalesce(f.after, '{}')
            ),
            '{"user_id": "VARCHAR", "project_id": "VARCHAR", "task_id": "VARCHAR", "assignment_type": "VARCHAR",
              "allocation_type": "VARCHAR", "name": "VARCHAR", "start": "DATE", "end": "DATE",
              "value": "DECIMAL(18,6)", "leave": "BOOLEAN", "forecast": "BOOLEAN"}'
        ) AS j
    FROM rec_failed AS f
    INNER JOIN rec_diff AS d ON f.record_id = d.record_id AND f.action = d.verdict
)
SELECT
    a.record_id,
    a.failures,
    a.error,
    a.finished_at
    + to_minutes(least(s.retry_first_minutes * 2 ** least(a.failures - 1, 30), s.retry_longest_minutes)::BIGINT)
        AS next_try
FROM again AS a
CROSS JOIN rec_setting AS s
WHERE
    next_try > s.now
    AND (
        a.action = 'delete'
        OR a.wanted IS NOT DISTINCT FROM {
            user_id: a.j.user_id,
            project_id: a.j.project_id,
            task_id: a.j.task_id,
            assignment_type: a.j.assignment_type,
            allocation_type: a.j.allocation_type,
            name: a.j.name,
            start: a.j.start,
            "end": a.j."end",
            value_millionths: (a.j.value * 1000000)::BIGINT,
            leave: a.j.leave,
            forecast: a.j.forecast
        }
    );

UPDATE rec_diff AS d
SET
    verdict = 'blocked',
    rule = concat(
        'failed ', w.failures, if(w.failures = 1, ' time', ' times'),
        ', last: ', left(regexp_replace(coalesce(w.error, 'no reason given'), '\s+', ' ', 'g'), 200),
        '; tried again after ', strftime(w.next_try, '%Y-%m-%d %H:%M:%S'), ' UTC'
    )
FROM rec_wait AS w
WHERE d.record_id = w.record_id;
