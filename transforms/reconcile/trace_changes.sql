-- What plans did to a record, the first first. Grain: plan, change. Parameters: server, record_id. Names and reasons
-- stand in the plan's document only.
WITH
touched AS (
    SELECT
        c.*,
        p.started_at,
        json_extract(p.document, '$.plan.changes[' || c.position || ']') AS said
    FROM push_ledger AS c
    INNER JOIN push_plan AS p USING (plan_sha256)
    WHERE p.server = $server AND c.record_id = $record_id
)
SELECT
    plan_sha256,
    position,
    action,
    status,
    error,
    sent_at,
    finished_at,
    before::VARCHAR AS before,
    after::VARCHAR AS after,
    said ->> 'rule' AS rule,
    said ->> 'person' AS person,
    said ->> 'project' AS project,
    said ->> 'moved_from' AS moved_from,
    said ->> 'moved_to' AS moved_to,
    origin ->> 'source' AS source,
    origin ->> 'source_key' AS booking
FROM touched
ORDER BY started_at, plan_sha256, position
