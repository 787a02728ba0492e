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

CREATE OR REPLACE TEMP TABLE settled AS
SELECT
    resource_id,
    project_id,
    week,
    sum(tenthousandft_ms)::BIGINT AS tenthousandft_ms,
    sum(ruddr_ms)::BIGINT AS ruddr_ms
FROM mart_planner_fact
SEMI JOIN fresh_planner_fact USING (resource_id, project_id, week)
GROUP BY ALL
HAVING sum(tenthousandft_ms) > 0 OR sum(ruddr_ms) > 0;

DELETE FROM mart_planner_fact AS t
USING fresh_planner_fact AS f
WHERE t.resource_id = f.resource_id AND t.project_id = f.project_id AND t.week = f.week;

INSERT INTO mart_planner_fact BY NAME FROM settled;
