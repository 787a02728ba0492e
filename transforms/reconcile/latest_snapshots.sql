-- The latest pull of each stream. Grain: source, stream, scope.
SELECT source, stream, scope, content_sha256, complete
FROM raw_snapshot
WHERE source <> 'ftrack'  -- what was worked there changes all day, and no plan depends on it
QUALIFY row_number() OVER (PARTITION BY source, stream, scope ORDER BY finished_at DESC, snapshot_id DESC) = 1
ORDER BY source, stream, scope;
