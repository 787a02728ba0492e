-- temp calendar: contracted capacity, and what holidays and full-day time off leave of it.
-- Grain: resource, day. Unit: milliseconds. Needs calendar_contracted and, in temp `spread`, Ruddr's time off (build.py
-- says in which order).
--
-- work_ms       contracted less holidays (10,000ft: 0 on an account holiday no block covers;
--               Ruddr: less the hours of the person's holiday rows)
-- spread_ms     what project work spreads over by default. 10,000ft: work_ms, leave does not shrink it.
--               Ruddr: contracted, but 0 on a day of full-day time off (hours >= the day's capacity; 10 ms
--               allow for several rounded shares that make up a day). 10,000ft the same where a policy says
--               that leave shrinks work: then its leave too stands there by now.
CREATE OR REPLACE TEMP TABLE calendar AS
WITH
time_off AS (
    SELECT
        day_id,
        sum(ms) AS off_ms,
        sum(ms) FILTER (counts_as = 0) AS holiday_ms
    FROM days_of('spread')
    GROUP BY day_id
)
SELECT
    c.day_id,
    c.resource_id,
    c.source_day_id,
    c.contracted_ms,
    CASE
        WHEN c.on_holiday THEN 0
        ELSE c.contracted_ms - least(coalesce(t.holiday_ms, 0), c.contracted_ms)
    END::BIGINT AS work_ms,
    CASE
        WHEN c.on_holiday OR (c.contracted_ms > 0 AND t.off_ms + 10 >= c.contracted_ms) THEN 0
        ELSE c.contracted_ms
    END::BIGINT AS spread_ms
FROM calendar_contracted AS c
LEFT JOIN time_off AS t ON c.day_id = t.day_id;
