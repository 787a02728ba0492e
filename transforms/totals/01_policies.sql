-- What some policies choose instead of the defaults: views, so that nothing is computed unless one does.

-- The account's own working days (10,000ft), whatever the blocks of a person say. Grain: resource, day.
CREATE OR REPLACE TEMP VIEW account_day AS
SELECT c.resource_id, c.day_id, if(s.on_holiday, 0, s.default_ms) AS weight_ms
FROM calendar_contracted AS c
INNER JOIN source_day AS s ON c.source_day_id = s.source_day_id;

-- Bookings by week (month) cut into one piece per week (month), each an amount of its own over the days it has.
-- Grain: booking, week (month).
CREATE OR REPLACE TEMP VIEW booking_piece AS
SELECT
    * EXCLUDE (first_day, last_day) REPLACE (
        'hours_total' AS effort_unit,
        greatest(start_date, first_day) AS start_date,
        least(end_date, last_day) AS end_date
    )
FROM in_periods('booking');
