-- Plans begun before a moment whose changes are forgotten now; the last one of each server never is. Grain: plan.
-- Parameter: before.
CREATE OR REPLACE TEMP TABLE ledger_old AS
SELECT plan_sha256
FROM push_plan
WHERE status <> 'forgotten'
QUALIFY started_at < $before AND started_at < max(started_at) OVER (PARTITION BY server);
