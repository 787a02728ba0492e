-- Takes the hours on days off from the bookings in temp `group_booking`: what is left of each are rows of one day.
CREATE OR REPLACE TEMP TABLE dropped AS
SELECT * FROM spread WHERE booking_id IN (SELECT booking_id FROM group_booking);

DELETE FROM spread WHERE booking_id IN (SELECT booking_id FROM group_booking);

INSERT INTO spread BY NAME
WITH
expanded AS (
    SELECT *, unnest(range(first_id, last_id + 1))::INTEGER AS weight_id
    FROM dropped
)
SELECT
    e.* EXCLUDE (weight_id) REPLACE (
        w.running_ms - w.weight_ms - e.base AS before,
        w.running_ms - e.base AS through,
        e.weight_id AS first_id,
        e.weight_id AS last_id,
        e.first_stretch + s.stretch - f.stretch AS first_stretch,
        e.first_stretch + s.stretch - f.stretch AS last_stretch
    )
FROM expanded AS e
INNER JOIN weight AS w ON e.weight_id = w.weight_id
INNER JOIN calendar AS c ON w.day_id = c.day_id
INNER JOIN source_day AS s ON c.source_day_id = s.source_day_id
INNER JOIN source_day AS f ON c.source_day_id + e.first_id - e.weight_id = f.source_day_id
WHERE w.weight_ms > 0 AND c.spread_ms > 0;
