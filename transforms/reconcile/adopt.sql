-- Take into the ledger what is provably ours: a record in ftrack under the id that a booking's record has by
-- derivation, and equal to what the booking says in every field. Grain: record.
DELETE FROM push_record AS r
USING rec_diff AS d, rec_setting AS s
WHERE r.server = s.server AND r.record_id = d.record_id AND r.state = 'deleted' AND d.is_there AND d.is_right;

INSERT INTO push_record
SELECT
    s.server,
    d.record_id,
    d.kind,
    'live',
    -- Without the empty fields, as plans write images.
    json_merge_patch(
        '{}',
        json_object(
            'user_id', d.after.user_id,
            'project_id', d.after.project_id,
            'task_id', d.after.task_id,
            'assignment_type', d.after.assignment_type,
            'allocation_type', d.after.allocation_type,
            'name', d.after.name,
            'start', d.after.start::VARCHAR,
            'end', d.after."end"::VARCHAR,
            'value', d.after.value_millionths / 1000000.0,
            'leave', d.after.leave,
            'forecast', d.after.forecast
        )
    ),
    d.source,
    d.source_key,
    d.run,
    d.content_key,
    d.person_key,
    d.project_key,
    d.work_item_key,
    d.about_user_id,
    d.about_project_id,
    d.after_ms,
    'rebuilt',
    'rebuilt'
FROM rec_diff AS d
CROSS JOIN rec_setting AS s
WHERE d.is_wanted AND d.is_there AND d.is_right AND NOT d.is_ours;
