-- Add up what was taken off projects and put on again when some people were counted anew.
CREATE OR REPLACE TABLE mart_project_fact AS
SELECT
    project_id,
    period,
    first_day,
    sum(booked_ms)::BIGINT AS booked_ms,
    sum(tentative_ms)::BIGINT AS tentative_ms,
    sum(people)::BIGINT AS people
FROM mart_project_fact
GROUP BY project_id, period, first_day
HAVING sum(booked_ms) > 0;
