-- Forget what the plans in temp ledger_old did. Stays: that they were pushed, so that none is pushed again, and every
-- live record with what we last wrote of it.
DELETE FROM push_change
WHERE plan_sha256 IN (SELECT plan_sha256 FROM ledger_old);

UPDATE push_plan
SET status = 'forgotten', document = ''
WHERE plan_sha256 IN (SELECT plan_sha256 FROM ledger_old);

DELETE FROM push_record
WHERE state = 'deleted' AND changed_by IN (SELECT plan_sha256 FROM push_plan WHERE status = 'forgotten');
