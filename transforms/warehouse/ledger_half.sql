-- What we own where an update was done in part: the fields that were written are what we last wrote. Grain: record.
-- Parameter: halves, JSON.

UPDATE push_record AS r
SET image = json_merge_patch(r.image, h.wrote), changed_by = h.plan_sha256
FROM (
    SELECT p.server, c.record_id, c.plan_sha256, o.half.wrote AS wrote
    FROM (
        SELECT
            unnest(
                from_json($halves, '[{"plan_sha256": "VARCHAR", "position": "INTEGER", "wrote": "JSON"}]')
            ) AS half
    ) AS o
    INNER JOIN push_change AS c ON o.half.plan_sha256 = c.plan_sha256 AND o.half.position = c.position
    INNER JOIN push_plan AS p ON c.plan_sha256 = p.plan_sha256
) AS h
WHERE r.server = h.server AND r.record_id = h.record_id;
