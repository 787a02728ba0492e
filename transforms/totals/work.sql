-- Project work on covered days, from tables `spreads` and `stretches` (build.py names them). Grain: booking, covered stretch
-- of days it has weight in (01_calendar.sql). Of the stretches of a booking, the first may begin with the booking, and the
-- last may end with it. Less than half a millisecond is 0 ms.
piece AS (
    SELECT *, unnest(range(first_stretch, last_stretch + 1))::INTEGER AS stretch_id
    FROM spreads
    WHERE counts_as >= 4 AND project_id IS NOT NULL
),
weighed AS (
    SELECT
        p.*,
        s.resource_id,
        s.week,
        s.month,
        if(stretch_id = first_stretch, before, if(way = 1, before_days, before_ms) - base) AS entered,
        if(stretch_id = last_stretch, through, if(way = 1, through_days, through_ms) - base) AS departed
    FROM piece AS p
    INNER JOIN stretches AS s USING (stretch_id)
)
SELECT
    booking_id,
    resource_id,
    project_id,
    week,
    month,
    counts_as IN (5, 7) AS is_tentative,
    spread_until(way, amount, departed, whole) - spread_until(way, amount, entered, whole) AS ms
FROM weighed
WHERE departed > entered
