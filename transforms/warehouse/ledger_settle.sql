-- Record what came of some changes: temp ledger_outcome (plan_sha256, position, status, error, noted_at). Grain:
-- change. Leaves those that are done in temp ledger_done, for ledger_create.sql, _update and _delete in the same
-- transaction: the changes and what we own move together.

UPDATE push_change AS c
SET status = o.status, error = o.error, finished_at = o.noted_at
FROM ledger_outcome AS o
WHERE c.plan_sha256 = o.plan_sha256 AND c.position = o.position;

CREATE OR REPLACE TEMP TABLE ledger_done AS
SELECT
    p.server,
    c.plan_sha256,
    c.action,
    c.kind,
    c.record_id,
    c.after,
    c.ms,
    from_json(
        c.origin,
        '{"source": "VARCHAR", "source_key": "VARCHAR", "run": "INTEGER", "content_key": "VARCHAR",
          "person_key": "VARCHAR", "project_key": "VARCHAR", "work_item_key": "VARCHAR",
          "about_user_id": "VARCHAR", "about_project_id": "VARCHAR"}'
    ) AS origin
FROM push_change AS c
INNER JOIN ledger_outcome AS o USING (plan_sha256, position)
INNER JOIN push_plan AS p USING (plan_sha256)
WHERE o.status = 'done';
