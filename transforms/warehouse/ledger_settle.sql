-- Record what came of some changes of one plan: temp ledger_outcome (plan_sha256, position, status, error,
-- noted_at). Grain: change. Run inside a transaction: the changes and what we own move together.

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

-- A record made again under its old id replaces what the ledger knew of it.
DELETE FROM push_record AS r
USING ledger_done AS d
WHERE d.action = 'create' AND r.server = d.server AND r.record_id = d.record_id;

INSERT INTO push_record
SELECT
    server,
    record_id,
    kind,
    'live',
    after,
    origin.source,
    origin.source_key,
    origin.run,
    origin.content_key,
    origin.person_key,
    origin.project_key,
    origin.work_item_key,
    origin.about_user_id,
    origin.about_project_id,
    ms,
    plan_sha256,
    plan_sha256
FROM ledger_done
WHERE action = 'create';

UPDATE push_record AS r
SET
    image = json_merge_patch(r.image, d.after),
    source = d.origin.source,
    source_key = d.origin.source_key,
    run = d.origin.run,
    content_key = d.origin.content_key,
    person_key = d.origin.person_key,
    project_key = d.origin.project_key,
    work_item_key = d.origin.work_item_key,
    about_user_id = d.origin.about_user_id,
    about_project_id = d.origin.about_project_id,
    ms = d.ms,
    changed_by = d.plan_sha256
FROM ledger_done AS d
WHERE d.action = 'update' AND r.server = d.server AND r.record_id = d.record_id;

UPDATE push_record AS r
SET state = 'deleted', changed_by = d.plan_sha256
FROM ledger_done AS d
WHERE d.action = 'delete' AND r.server = d.server AND r.record_id = d.record_id;
