-- How fresh is this copy, and is it whole?
-- Grain: source, stream. Units: hours since the last complete pull ended; rows left out for breaking the contract.
-- Variables: now (UTC; default: the present).
WITH
asked AS (
    SELECT coalesce(getvariable('now')::TIMESTAMP, current_timestamp AT TIME ZONE 'UTC') AS now
),
last_pull AS (
    SELECT source, stream, sum(quarantined) AS quarantined
    FROM (
        SELECT source, stream, scope, arg_max(quarantined, finished_at) AS quarantined
        FROM raw_snapshot
        GROUP BY ALL
    )
    GROUP BY ALL
)
SELECT
    f.source,
    f.stream,
    f.last_complete_pull,
    round(date_diff('second', f.last_complete_pull, asked.now) / 3600, 1) AS age_hours,
    f.is_complete,
    f.incomplete_reason,
    f.window_start,
    f.window_end,
    l.quarantined
FROM meta_freshness AS f
CROSS JOIN asked
LEFT JOIN last_pull AS l USING (source, stream)
ORDER BY f.source, f.stream
