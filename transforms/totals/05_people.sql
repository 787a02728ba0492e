-- People's weeks and months, for those in temp `redo`: temp `fresh_X` is what then stands in `mart_X`.

-- Sums by period of those who are shown. over_days and over_ms: days booked above capacity, which a sum hides.
-- Grain: resource, period (week: ISO, from its Monday; month: covered days only).
CREATE OR REPLACE TEMP MACRO period_sum(period) AS TABLE
SELECT
    resource_id,
    date_trunc(period, day)::DATE AS first_day,
    sum(booked_ms)::BIGINT AS booked_ms,
    sum(tentative_ms)::BIGINT AS tentative_ms,
    sum(billable_ms)::BIGINT AS billable_ms,
    sum(leave_ms)::BIGINT AS leave_ms,
    sum(holiday_ms)::BIGINT AS holiday_ms,
    sum(contracted_ms)::BIGINT AS contracted_ms,
    sum(capacity_ms)::BIGINT AS capacity_ms,
    sum(over_ms)::BIGINT AS over_ms,
    sum(free_ms)::BIGINT AS free_ms,
    sum(full_time_ms)::BIGINT AS full_time_ms,
    count(*) FILTER (over_ms > 0) AS over_days
FROM fresh_person_day_fact
WHERE is_shown
GROUP BY ALL;

CREATE OR REPLACE TEMP VIEW week_sum AS FROM period_sum('week');

CREATE OR REPLACE TEMP VIEW month_sum AS FROM period_sum('month');

-- The rows of such a table with names and shares. is_over_allocated: the sum itself (over less free is, day by day, what is
-- taken less capacity).
CREATE OR REPLACE TEMP MACRO person_period(sums) AS TABLE
SELECT
    r.* EXCLUDE (resource_id, is_active, active_from, active_to, first_day, last_day, day_id_0),
    t.* EXCLUDE (resource_id),
    over_ms > free_ms AS is_over_allocated,
    round(booked_ms / nullif(capacity_ms, 0), 6) AS utilisation,
    round((booked_ms - tentative_ms) / nullif(capacity_ms, 0), 6) AS firm_utilisation,
    round(billable_ms / nullif(capacity_ms, 0), 6) AS billable_utilisation,
    round(booked_ms / nullif(contracted_ms, 0), 6) AS contracted_utilisation,
    round(booked_ms / nullif(full_time_ms, 0), 6) AS value_fte
FROM query_table(sums) AS t
INNER JOIN resource AS r USING (resource_id)
ORDER BY source, person, person_key, first_day;

CREATE OR REPLACE TEMP TABLE fresh_person_week AS
SELECT * RENAME (first_day AS week) FROM person_period('week_sum');

CREATE OR REPLACE TEMP VIEW counted_week AS FROM fresh_person_week;

CREATE OR REPLACE TEMP TABLE fresh_person_month AS
SELECT * RENAME (first_day AS month) FROM person_period('month_sum');
