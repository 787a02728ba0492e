-- What we own where an update was done in part: the fields that were written are what we last wrote. Grain: record.
-- Reads temp ledger_noted of ledger_fold.sql.
UPDATE push_record AS r
SET image = json_merge_patch(r.image, h.wrote), changed_by = h.plan_sha256
FROM (
    SELECT p.server, c.record_id, n.plan_sha256, n.wrote
    FROM ledger_noted AS n
    INNER JOIN push_change AS c USING (plan_sha256, position)
    INNER JOIN push_plan AS p USING (plan_sha256)
    WHERE n.wrote IS NOT NULL AND n.status <> 'done'
) AS h
WHERE r.server = h.server AND r.record_id = h.record_id;
