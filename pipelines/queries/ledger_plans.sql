-- Plans whose apply began, the last first. Grain: plan.
SELECT plan_sha256, server, dialect, status, started_at, finished_at, allowed_trips
FROM push_plan
ORDER BY started_at DESC, plan_sha256;
