-- Current bookings behind an assignment or a team membership: of the same person on the same work, or project.
-- Grain: booking. Parameters: server, record_id.
SELECT b.source, b.source_key
FROM core_booking_now AS b
INNER JOIN push_record AS r ON b.source = r.source AND b.person_key = r.person_key
WHERE
    r.server = $server
    AND r.record_id = $record_id
    AND r.state = 'live'
    AND (
        (r.kind = 'assignment' AND b.work_item_key = r.work_item_key)
        OR (r.kind = 'team' AND b.project_key = r.project_key)
    )
ORDER BY b.source, b.source_key
