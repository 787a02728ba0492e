-- What some policies choose instead of the defaults: views, so that nothing is computed unless one does.

-- The account's own working days (10,000ft), whatever the blocks of a person say. Grain: resource, day.
CREATE OR REPLACE TEMP VIEW account_day AS
SELECT c.resource_id, c.day_id, if(s.on_holiday, 0, s.default_ms) AS weight_ms
FROM calendar_contracted AS c
INNER JOIN source_day AS s ON c.source_day_id = s.source_day_id;

-- Bookings by week (month) cut into one piece per week (month), each an amount of its own over the days it has.
-- Grain: booking, week (month).
CREATE OR REPLACE TEMP VIEW booking_piece AS
WITH
cut AS (
    SELECT *, unnest(generate_series(date_trunc('week', start_date), end_date, INTERVAL 7 DAY))::DATE AS first_day
    FROM booking
    WHERE effort_unit = 'hours_per_week'
    UNION ALL
    SELECT *, unnest(generate_series(date_trunc('month', start_date), end_date, INTERVAL 1 MONTH))::DATE AS first_day
    FROM booking
    WHERE effort_unit = 'hours_per_month'
)
SELECT
    * EXCLUDE (first_day) REPLACE (
        'hours_total' AS effort_unit,
        greatest(start_date, first_day) AS start_date,
        least(
            end_date,
            CASE effort_unit WHEN 'hours_per_week' THEN first_day + 6 ELSE last_day(first_day) END
        ) AS end_date
    )
FROM cut;
