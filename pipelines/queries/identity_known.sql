-- The name of one row of a planner, and of one of ftrack; NULL for what is not there.
-- Parameters: kind, source, source_key, ftrack_id.
SELECT
    CASE $kind
        WHEN 'person' THEN (
            SELECT coalesce(name, person_key) FROM core_person_now WHERE source = $source AND person_key = $source_key
        )
        WHEN 'project' THEN (
            SELECT coalesce(name, project_key) FROM core_project_now WHERE source = $source AND project_key = $source_key
        )
        ELSE (
            SELECT coalesce(name, work_item_key) FROM core_work_item_now
            WHERE source = $source AND work_item_key = $source_key
        )
    END AS name,
    (
        SELECT coalesce(nullif(label, ''), ftrack_id) FROM rec_candidate WHERE kind = $kind AND ftrack_id = $ftrack_id
    ) AS ftrack_name;
