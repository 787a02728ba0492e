-- What is left out of the numbers, and why?
-- Grain: source, stream, row in quarantine in the stream's last pull.
-- Such a row counts nowhere. If it was sound before, its last sound version still counts (is_counted).
WITH last_pull AS (
    SELECT arg_max(snapshot_id, finished_at) AS snapshot_id
    FROM raw_snapshot
    GROUP BY source, stream, scope
)
SELECT
    q.source,
    q.stream,
    q.source_key,
    q.reason,
    b.source_key IS NOT NULL AS is_counted,
    b.person,
    b.project,
    q.raw
FROM raw_quarantine AS q
SEMI JOIN last_pull USING (snapshot_id)
LEFT JOIN mart_booking AS b
    ON q.source = b.source AND q.source_key = b.source_key AND q.stream IN ('assignments', 'allocations')
ORDER BY q.source, q.stream, q.source_key, q.page_sha256, q.page_position
