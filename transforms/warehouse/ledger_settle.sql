-- Record what came of some changes. Grain: change.
-- Parameters: plan_sha256, runs (JSON: positions in the plan, first and last), status, error, noted_at.
UPDATE push_change AS c
SET status = $status, error = $error, finished_at = $noted_at
FROM (
    SELECT unnest(range(run.first, run.last + 1)) AS position
    FROM (SELECT unnest(from_json($runs, '[{"first": "BIGINT", "last": "BIGINT"}]')) AS run)
) AS o
WHERE c.plan_sha256 = $plan_sha256 AND c.position = o.position;
