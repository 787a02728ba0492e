-- What changes with the day, even when nothing else does.

-- Grain: source, member. first_free_day: the first covered day from the day of this build on with capacity
-- and nothing booked; NULL when there is none.
CREATE OR REPLACE TABLE mart_person AS
WITH
free AS (
    SELECT resource_id, min(day) AS first_free_day
    FROM mart_person_day_fact
    WHERE is_shown AND day >= getvariable('known')::DATE AND capacity_ms > 0 AND booked_ms = 0 AND leave_ms = 0
    GROUP BY resource_id
)
SELECT r.source, r.person_key, r.person, r.email, r.discipline, r.is_active, f.first_free_day
FROM mart_resource AS r
LEFT JOIN free AS f USING (resource_id)
WHERE r.resource_kind = 'member'
ORDER BY r.resource_id;
