-- The changes of a plan that is in push_plan, each intended. Grain: change, in the plan's order.
-- Parameters: plan_sha256, ms_per_hour.
INSERT INTO push_change
SELECT
    plan_sha256,
    position,
    change.action,
    change.kind,
    change.id,
    change.before,
    change.after,
    change.origin,
    round(change.hours.after * $ms_per_hour)::BIGINT,
    'intended',
    NULL,
    NULL,
    NULL
FROM (
    SELECT plan_sha256, unnest(changes) AS change, generate_subscripts(changes, 1) - 1 AS position
    FROM (
        SELECT
            plan_sha256,
            from_json(
                document,
                '{"plan": {"changes": [{
                    "action": "VARCHAR", "kind": "VARCHAR", "id": "VARCHAR", "before": "JSON", "after": "JSON",
                    "origin": "JSON", "hours": {"after": "DOUBLE"}
                }]}}'
            ).plan.changes AS changes
        FROM push_plan
        WHERE plan_sha256 = $plan_sha256
    )
);
