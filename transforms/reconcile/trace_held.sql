-- A record of ours as we last wrote it. Grain: record (one or none). Parameters: server, record_id.
SELECT
    record_id,
    kind,
    server,
    state,
    image::VARCHAR AS written,
    source,
    source_key AS booking,
    run,
    made_by,
    changed_by
FROM push_record
WHERE server = $server AND record_id = $record_id
