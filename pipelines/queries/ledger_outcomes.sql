-- What came of the changes. Grain: plan, action, status.
SELECT plan_sha256, action, status, count(*)::INTEGER AS changes
FROM push_ledger
GROUP BY ALL
ORDER BY ALL;
