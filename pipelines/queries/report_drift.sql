-- Fields and values that the contract does not know, in each stream's last pull. Grain: source, stream, field.
SELECT s.source, s.stream, d.field, sum(d.rows)::INTEGER AS rows
FROM raw_drift AS d
INNER JOIN raw_snapshot AS s USING (snapshot_id)
SEMI JOIN (
    SELECT arg_max(snapshot_id, finished_at) AS snapshot_id FROM raw_snapshot GROUP BY source, stream, scope
) AS last ON s.snapshot_id = last.snapshot_id
GROUP BY ALL
ORDER BY rows DESC, s.source, s.stream, d.field;
