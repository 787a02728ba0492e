-- The weights of the last build hold for those who are not counted again: what they had and have on the days of the bookings
-- that are. Hours per week (month) need the whole week (month).

CREATE OR REPLACE TEMP TABLE apart_booking AS
FROM booking ANTI JOIN redo USING (resource_id);

CREATE OR REPLACE TEMP TABLE kept_weight AS
WITH
span AS (
    SELECT resource_id, effort_unit, start_date, end_date FROM apart_booking
    UNION ALL
    SELECT resource_id, effort_unit, start_date, end_date
    FROM mart_booking_fact
    WHERE booking_id IN (SELECT booking_id FROM former_booking WHERE is_apart)
),
wider AS (
    SELECT
        resource_id,
        CASE effort_unit
            WHEN 'hours_per_week' THEN date_trunc('week', start_date)
            WHEN 'hours_per_month' THEN date_trunc('month', start_date)
            ELSE start_date
        END::DATE - DATE '2000-01-01' AS first_n,
        CASE effort_unit
            WHEN 'hours_per_week' THEN date_trunc('week', end_date) + INTERVAL 6 DAY
            WHEN 'hours_per_month' THEN last_day(end_date)
            ELSE end_date
        END::DATE - DATE '2000-01-01' AS last_n
    FROM span
),
day AS (
    SELECT DISTINCT r.day_id_0 + n.n AS day_id
    FROM (SELECT resource_id, unnest(range(first_n, last_n + 1)) AS n FROM wider) AS n
    INNER JOIN resource AS r USING (resource_id)
)
FROM mart_weight_fact SEMI JOIN day USING (day_id);

CREATE OR REPLACE TEMP VIEW weight AS
FROM temp.fresh_weight_fact
UNION ALL BY NAME
FROM kept_weight;

CREATE OR REPLACE TEMP VIEW stretch_sum AS
FROM temp.fresh_stretch_fact
UNION ALL BY NAME
FROM mart_stretch_fact ANTI JOIN redo USING (resource_id);
