-- What we own after some creates were carried out: temp ledger_done of ledger_fold.sql. Grain: record.

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
