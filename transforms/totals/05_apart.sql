-- Where some of a person's bookings have changed, and nothing else has: what they add to the person's numbers, and what their
-- former versions take away. Hours are integers, so the numbers are those of a full build, to the millisecond. Temp
-- `apart_day`, `apart_week` and `apart_month`: the days, weeks and months that differ, as they are now (06_apart.sql).

CREATE OR REPLACE TEMP TABLE former_spread AS
SELECT * FROM mart_spread_fact WHERE booking_id IN (SELECT booking_id FROM former_booking WHERE is_apart);

-- former_X: what the last build had. Grain: resource, day whose hours differ.
CREATE OR REPLACE TEMP TABLE apart_day AS
WITH
signed_day AS (
    SELECT 1 AS sign, * FROM days_of('apart_spread')
    UNION ALL
    SELECT -1, * FROM days_of('former_spread')
),
differing AS (
    SELECT
        day_id,
        sum(sign * ms) AS booked_ms,
        coalesce(sum(sign * ms) FILTER (counts_as IN (5, 7)), 0) AS tentative_ms,
        coalesce(sum(sign * ms) FILTER (counts_as IN (6, 7)), 0) AS billable_ms
    FROM signed_day
    GROUP BY day_id
),
counted AS (
    SELECT
        d.* REPLACE (
            (d.booked_ms + n.booked_ms)::BIGINT AS booked_ms,
            (d.tentative_ms + n.tentative_ms)::BIGINT AS tentative_ms,
            (d.billable_ms + n.billable_ms)::BIGINT AS billable_ms
        ),
        d.booked_ms AS former_booked_ms,
        d.tentative_ms AS former_tentative_ms,
        d.billable_ms AS former_billable_ms,
        d.over_ms AS former_over_ms,
        d.free_ms AS former_free_ms
    FROM mart_person_day_fact AS d
    INNER JOIN differing AS n ON d.day_id = n.day_id
    WHERE n.booked_ms <> 0 OR n.tentative_ms <> 0 OR n.billable_ms <> 0
)
SELECT
    * REPLACE (
        greatest(taken_of(booked_ms, leave_ms, capacity_ms) - capacity_ms, 0) AS over_ms,
        greatest(capacity_ms - taken_of(booked_ms, leave_ms, capacity_ms), 0) AS free_ms
    )
FROM counted;

-- What mart_person_week and mart_person_month said (table `former`), with the difference. Grain: resource, period.
CREATE OR REPLACE TEMP MACRO apart_sum(period, former) AS TABLE
WITH
differing AS (
    SELECT
        resource_id,
        date_trunc(period, day)::DATE AS first_day,
        sum(booked_ms - former_booked_ms) AS booked_ms,
        sum(tentative_ms - former_tentative_ms) AS tentative_ms,
        sum(billable_ms - former_billable_ms) AS billable_ms,
        sum(over_ms - former_over_ms) AS over_ms,
        sum(free_ms - former_free_ms) AS free_ms,
        sum((over_ms > 0)::INTEGER - (former_over_ms > 0)::INTEGER) AS over_days
    FROM apart_day
    WHERE is_shown
    GROUP BY ALL
)
SELECT
    r.resource_id,
    f.first_day,
    (f.booked_ms + n.booked_ms)::BIGINT AS booked_ms,
    (f.tentative_ms + n.tentative_ms)::BIGINT AS tentative_ms,
    (f.billable_ms + n.billable_ms)::BIGINT AS billable_ms,
    f.leave_ms,
    f.holiday_ms,
    f.contracted_ms,
    f.capacity_ms,
    (f.over_ms + n.over_ms)::BIGINT AS over_ms,
    (f.free_ms + n.free_ms)::BIGINT AS free_ms,
    f.full_time_ms,
    (f.over_days + n.over_days)::BIGINT AS over_days
FROM query_table(former) AS f
INNER JOIN resource AS r ON f.source = r.source AND f.person_key = r.person_key
INNER JOIN differing AS n ON r.resource_id = n.resource_id AND f.first_day = n.first_day;

CREATE OR REPLACE TEMP VIEW former_week AS SELECT * RENAME (week AS first_day) FROM mart_person_week;

CREATE OR REPLACE TEMP VIEW former_month AS SELECT * RENAME (month AS first_day) FROM mart_person_month;

CREATE OR REPLACE TEMP TABLE apart_week_sum AS FROM apart_sum('week', 'former_week');

CREATE OR REPLACE TEMP TABLE apart_month_sum AS FROM apart_sum('month', 'former_month');

CREATE OR REPLACE TEMP TABLE apart_week AS
SELECT * RENAME (first_day AS week) FROM person_period('apart_week_sum');

CREATE OR REPLACE TEMP TABLE apart_month AS
SELECT * RENAME (first_day AS month) FROM person_period('apart_month_sum');

CREATE OR REPLACE TEMP VIEW counted_week AS
FROM fresh_person_week
UNION ALL BY NAME
FROM apart_week;

CREATE OR REPLACE TEMP VIEW recounted_week AS SELECT source, person_key, week FROM apart_week;

-- Where they have worked on a project, all they have there is looked at: its people are counted once, whatever number of
-- bookings they have in it.
CREATE OR REPLACE TEMP TABLE kept_booking AS
WITH
pair AS (
    SELECT resource_id, project_id FROM former_booking WHERE is_apart
    UNION
    SELECT resource_id, project_id FROM apart_booking
)
SELECT booking_id
FROM mart_booking_fact
SEMI JOIN pair USING (resource_id, project_id)
ANTI JOIN former_booking USING (booking_id);
