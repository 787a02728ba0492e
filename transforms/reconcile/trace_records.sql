-- Records of ours behind which some bookings stand. Grain: booking, record. Parameters: source, bookings (a JSON list
-- of their keys). An allocation is of one booking; assignments and teams are shared by those of one person.
WITH
wanted AS (
    SELECT unnest(from_json($bookings, '["VARCHAR"]')) AS asked
),
asked AS (
    SELECT
        w.asked,
        arg_max(b.person_key, b.known_from) AS person_key,
        arg_max(b.work_item_key, b.known_from) AS work_item_key,
        arg_max(b.project_key, b.known_from) AS project_key
    FROM wanted AS w
    INNER JOIN core_booking AS b ON w.asked = b.source_key
    WHERE b.source = $source
    GROUP BY w.asked
),
behind AS (
    SELECT a.asked, r.server, r.record_id
    FROM asked AS a
    INNER JOIN push_record AS r ON a.asked = r.source_key
    WHERE r.source = $source
    UNION
    SELECT a.asked, r.server, r.record_id
    FROM asked AS a
    INNER JOIN push_record AS r ON a.person_key = r.person_key AND a.work_item_key = r.work_item_key
    WHERE r.source = $source AND r.kind = 'assignment'
    UNION
    SELECT a.asked, r.server, r.record_id
    FROM asked AS a
    INNER JOIN push_record AS r ON a.person_key = r.person_key AND a.project_key = r.project_key
    WHERE r.source = $source AND r.kind = 'team'
)
SELECT
    x.asked,
    r.record_id,
    r.kind,
    r.server,
    r.state,
    r.image::VARCHAR AS written,
    r.source,
    r.source_key AS booking,
    r.run,
    r.made_by,
    r.changed_by
FROM behind AS x
INNER JOIN push_record AS r ON x.server = r.server AND x.record_id = r.record_id
ORDER BY x.asked, r.kind <> 'allocation', r.kind, r.run, r.record_id
