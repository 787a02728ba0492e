-- How far each planner's clock was from ours at its last pull. Grain: source. Seconds; positive: theirs is ahead.
-- A pull keeps the largest it has met so far, so its last listing speaks for all of it.
SELECT source, clock_skew_seconds
FROM raw_snapshot
WHERE source <> 'ftrack' AND clock_skew_seconds IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY source ORDER BY finished_at DESC, snapshot_id DESC) = 1
ORDER BY source;
