-- Take into the ledger what is provably ours: a record in ftrack under the id that a booking's record has by
-- derivation. Nobody else derives ids so. What the booking says is noted as last written: where the record says
-- something else, that counts as a person's edit, and is treated as one. Grain: record.
CREATE OR REPLACE TEMP TABLE rec_adopted AS
SELECT w.*
FROM rec_want AS w
INNER JOIN ft_record AS a ON w.record_id = a.record_id AND w.kind = a.kind
ANTI JOIN rec_ours AS o ON w.record_id = o.record_id
WHERE a.user_id IS NOT NULL;

DELETE FROM push_record AS r
USING rec_adopted AS k, rec_setting AS s
WHERE r.server = s.server AND r.record_id = k.record_id AND r.state = 'deleted';

INSERT INTO push_record
SELECT
    s.server,
    w.record_id,
    w.kind,
    'live',
    -- Without the empty fields, as plans write images.
    json_merge_patch(
        '{}',
        json_object(
            'user_id', w.image.user_id,
            'project_id', w.image.project_id,
            'task_id', w.image.task_id,
            'assignment_type', w.image.assignment_type,
            'allocation_type', w.image.allocation_type,
            'name', w.image.name,
            'start', w.image.start::VARCHAR,
            'end', w.image."end"::VARCHAR,
            'value', w.image.value_millionths / 1000000.0,
            'leave', w.image.leave,
            'forecast', w.image.forecast
        )
    ),
    w.source,
    w.source_key,
    w.run,
    w.content_key,
    w.person_key,
    w.project_key,
    w.work_item_key,
    w.about_user_id,
    w.about_project_id,
    w.ms,
    'rebuilt',
    'rebuilt'
FROM rec_adopted AS w
CROSS JOIN rec_setting AS s;
