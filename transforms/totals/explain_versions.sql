-- The versions of some bookings, oldest first, each with the raw page it was first seen on.
-- Grain: booking, version. Parameters: source, source_keys.
SELECT
    c.source_key,
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
WHERE c.source = $source AND list_contains($source_keys::VARCHAR[], c.source_key)
-- Two pages of a listing can be the same bytes: the first stands for both.
QUALIFY row_number() OVER (PARTITION BY c.source_key, c.known_from, c.snapshot_id ORDER BY p.page) = 1
ORDER BY c.source_key, c.known_from
