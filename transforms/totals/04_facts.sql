-- The two base facts of every number.

-- mart_booking_day: hours of each current booking on each day, over its whole span. Grain: booking, day with
-- hours. Unit: milliseconds. A tentative project (or phase) makes its bookings tentative.
CREATE OR REPLACE TABLE mart_booking_day AS
SELECT
    d.source,
    d.source_key,
    b.person_key,
    b.resource_kind,
    b.kind,
    b.project_key,
    b.work_item_key,
    b.leave_type_key,
    d.day,
    d.ms,
    b.is_billable,
    b.is_tentative OR coalesce(p.is_tentative, false) OR coalesce(w.is_tentative, false) AS is_tentative
FROM booking_day AS d
INNER JOIN core_booking_now AS b USING (source, source_key)
LEFT JOIN core_project_now AS p ON b.source = p.source AND b.project_key = p.project_key
LEFT JOIN core_work_item_now AS w ON b.source = w.source AND b.work_item_key = w.work_item_key
ORDER BY d.source, b.person_key, d.day, d.source_key;

-- mart_calendar: capacity of each person on each day. Grain: source, person (NULL: unassigned), day.
-- effective_ms is work_ms, 0 on a day whose time off reaches the capacity; a partial day off leaves it alone.
CREATE OR REPLACE TABLE mart_calendar AS
WITH
leave_day AS (
    SELECT source, coalesce(person_key, '') AS resource_key, day, sum(ms) AS leave_ms
    FROM mart_booking_day
    WHERE kind = 'leave'
    GROUP BY ALL
)
SELECT
    c.source,
    nullif(c.resource_key, '') AS person_key,
    c.resource_kind,
    c.day,
    c.contracted_ms,
    c.work_ms,
    CASE
        WHEN c.source = 'ruddr' AND c.spread_ms = 0 THEN 0
        WHEN c.source = 'tenthousandft' AND l.leave_ms >= c.work_ms THEN 0
        ELSE c.work_ms
    END AS effective_ms
FROM calendar AS c
LEFT JOIN leave_day AS l USING (source, resource_key, day)
ORDER BY c.source, c.resource_key, c.day;
