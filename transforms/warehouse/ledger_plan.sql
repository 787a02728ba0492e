-- A plan whose apply begins. Grain: plan.
-- Parameters: plan_sha256, server, dialect, file (where its document is), trips, started_at, changes (their number).
INSERT INTO push_plan (plan_sha256, server, dialect, document, allowed_trips, status, started_at, changes)
SELECT $plan_sha256, $server, $dialect, content, $trips, 'applying', $started_at, $changes
FROM read_text($file);
