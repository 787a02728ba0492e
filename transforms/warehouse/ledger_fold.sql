-- What was noted while a push was under way becomes the changes' own: all in the caller's transaction, and after
-- ledger_complete.sql. Leaves temp ledger_done for ledger_create.sql, _update and _delete: the changes that were carried
-- out, and what we own after them. Grain: change.
CREATE OR REPLACE TEMP TABLE ledger_noted AS
FROM push_noted;

UPDATE push_change AS c
SET
    status = n.status,
    error = n.error,
    sent_at = coalesce(n.sent_at, c.sent_at),
    finished_at = coalesce(n.finished_at, c.finished_at)
FROM ledger_noted AS n
WHERE c.plan_sha256 = n.plan_sha256 AND c.position = n.position;

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
INNER JOIN push_plan AS p USING (plan_sha256)
INNER JOIN ledger_noted AS n USING (plan_sha256, position)
WHERE n.status = 'done';

DELETE FROM push_note;
