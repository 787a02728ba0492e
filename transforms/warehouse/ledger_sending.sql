-- Record that some changes are about to leave: temp ledger_leaving (plan_sha256, position, noted_at). Grain: change.
UPDATE push_change AS c
SET status = 'sending', sent_at = o.noted_at
FROM ledger_leaving AS o
WHERE c.plan_sha256 = o.plan_sha256 AND c.position = o.position;
