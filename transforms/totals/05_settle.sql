-- Add up what was taken off projects and put on again when some people were counted anew.

CREATE OR REPLACE TABLE mart_project_week_fact AS
SELECT
    project_id,
    week,
    sum(booked_ms)::BIGINT AS booked_ms,
    sum(tentative_ms)::BIGINT AS tentative_ms,
    sum(people)::BIGINT AS people
FROM mart_project_week_fact
GROUP BY project_id, week
HAVING sum(booked_ms) > 0;

CREATE OR REPLACE TABLE mart_project_month_fact AS
SELECT
    project_id,
    month,
    sum(booked_ms)::BIGINT AS booked_ms,
    sum(tentative_ms)::BIGINT AS tentative_ms,
    sum(people)::BIGINT AS people
FROM mart_project_month_fact
GROUP BY project_id, month
HAVING sum(booked_ms) > 0;
