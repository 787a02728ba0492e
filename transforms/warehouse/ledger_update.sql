-- What we own after some updates were carried out: temp ledger_done of ledger_fold.sql. Grain: record.

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
