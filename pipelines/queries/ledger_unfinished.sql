-- Changes that failed, and changes that are neither done nor failed. Grain: plan, change; the last plan first.
-- tries: how often ftrack refused this very change so far, as transforms/reconcile/backoff.sql counts.
-- is_open: no later plan has dealt with the record.
WITH
word AS (
    SELECT
        c.*,
        p.server,
        p.started_at,
        row_number() OVER (
            PARTITION BY p.server, c.record_id ORDER BY p.started_at DESC, c.plan_sha256 DESC
        ) = 1 AS is_open
    FROM push_ledger AS c
    INNER JOIN push_plan AS p USING (plan_sha256)
),
settled AS (
    SELECT
        *,
        coalesce(
            status = 'done' OR concat_ws('|', action, after) <> lag(concat_ws('|', action, after)) OVER earlier,
            true
        ) AS is_new
    FROM word
    WHERE status IN ('done', 'failed')
    WINDOW earlier AS (PARTITION BY server, record_id ORDER BY started_at, plan_sha256)
),
streak AS (
    SELECT *, sum(is_new::INTEGER) OVER (PARTITION BY server, record_id ORDER BY started_at, plan_sha256) AS streak
    FROM settled
),
counted AS (
    SELECT
        plan_sha256,
        position,
        count(*) FILTER (status = 'failed') OVER (
            PARTITION BY server, record_id, streak ORDER BY started_at, plan_sha256
        ) AS tries
    FROM streak
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
    coalesce(tries, 0)::INTEGER AS tries,
    is_open
FROM word
LEFT JOIN counted USING (plan_sha256, position)
WHERE status <> 'done'
ORDER BY started_at DESC, plan_sha256, position;
