-- Changes that failed, and changes that are neither done nor failed. Grain: plan, change; the last plan first.
-- tries: how often ftrack refused this record so far. is_open: no later plan has dealt with the record.
WITH
word AS (
    SELECT
        c.*,
        p.server,
        p.started_at,
        count(*) FILTER (c.status = 'failed') OVER earlier AS tries,
        row_number() OVER (
            PARTITION BY p.server, c.record_id ORDER BY p.started_at DESC, c.plan_sha256, c.position DESC
        ) = 1 AS is_open
    FROM push_change AS c
    INNER JOIN push_plan AS p USING (plan_sha256)
    WINDOW earlier AS (PARTITION BY p.server, c.record_id ORDER BY p.started_at)
)
SELECT
    plan_sha256,
    position,
    server,
    action,
    kind,
    record_id,
    origin ->> 'source' AS source,
    origin ->> 'source_key' AS booking,
    status,
    error,
    coalesce(finished_at, sent_at) AS last_try,
    tries::INTEGER AS tries,
    is_open
FROM word
WHERE status <> 'done'
ORDER BY started_at DESC, plan_sha256, position;
