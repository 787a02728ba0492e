-- The versions of one booking, oldest first, each with the raw page it was first seen on.
-- Grain: version. Parameters: source, source_key.
SELECT
    c.known_from,
    c.known_to,
    c.snapshot_id,
    c.closed_by,
    c.start_date,
    c.end_date,
    c.effort_unit,
    c.effort_amount::DOUBLE AS effort_amount,
    c.page_sha256,
    c.page_position,
    p.url,
    p.fetched_at
FROM core_booking AS c
LEFT JOIN raw_page AS p ON c.snapshot_id = p.snapshot_id AND c.page_sha256 = p.sha256
WHERE c.source = $source AND c.source_key = $source_key
ORDER BY c.known_from, p.page
