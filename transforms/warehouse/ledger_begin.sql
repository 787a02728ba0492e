-- The first changes of a plan, each intended. Grain: change, in the plan's order.
-- Parameters: plan_sha256, file (JSON in the shape of a plan's, with these changes), ms_per_hour.
INSERT INTO push_change
SELECT
    $plan_sha256,
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
    SELECT unnest(listed) AS change, generate_subscripts(listed, 1) - 1 AS position
    FROM (SELECT push_changes_of(content) AS listed FROM read_text($file))
);
