-- Rows that broke the contract in each stream's last pull. Grain: rejected row.
SELECT q.source, q.stream, q.source_key, q.reason
FROM raw_quarantine AS q
SEMI JOIN (
    SELECT arg_max(snapshot_id, finished_at) AS snapshot_id FROM raw_snapshot GROUP BY source, stream, scope
) AS last USING (snapshot_id)
ORDER BY q.source, q.stream, q.source_key, q.page_position;
