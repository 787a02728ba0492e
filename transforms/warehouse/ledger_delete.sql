-- What we own after some deletes were carried out: temp ledger_done of ledger_fold.sql. Grain: record.

UPDATE push_record AS r
SET state = 'deleted', changed_by = d.plan_sha256
FROM ledger_done AS d
WHERE d.action = 'delete' AND r.server = d.server AND r.record_id = d.record_id;
