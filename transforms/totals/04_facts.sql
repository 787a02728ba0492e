-- The facts every number is summed from.

-- Days that a pull has covered. A total is shown for these only: elsewhere bookings may be missing.
-- Grain: source, day.
CREATE OR REPLACE TABLE mart_coverage AS
SELECT DISTINCT source, unnest(generate_series(window_start, window_end, INTERVAL 1 DAY))::DATE AS day
FROM (SELECT DISTINCT source, window_start, window_end FROM raw_snapshot WHERE scope = 'all')
WHERE window_start IS NOT NULL
ORDER BY source, day;

-- temp resource_day: hours of each resource on each day, over all days. Grain: resource, day with hours.
CREATE OR REPLACE TEMP TABLE resource_day AS
SELECT
    d.resource_id,
    d.day,
    coalesce(sum(d.ms) FILTER (b.kind = 'work'), 0)::BIGINT AS booked_ms,
    coalesce(sum(d.ms) FILTER (b.kind = 'work' AND b.is_tentative), 0)::BIGINT AS tentative_ms,
    coalesce(sum(d.ms) FILTER (b.kind = 'work' AND b.is_billable), 0)::BIGINT AS billable_ms,
    coalesce(sum(d.ms) FILTER (b.kind = 'leave'), 0)::BIGINT AS leave_ms
FROM booking_day AS d
INNER JOIN booking AS b ON d.booking_id = b.booking_id
GROUP BY d.resource_id, d.day;

-- temp work_week: project work on covered days. Grain: resource, project, ISO week.
CREATE OR REPLACE TEMP TABLE work_week AS
SELECT
    b.resource_id,
    b.project_id,
    date_trunc('week', d.day)::DATE AS week,
    sum(d.ms)::BIGINT AS ms,
    coalesce(sum(d.ms) FILTER (b.is_tentative), 0)::BIGINT AS tentative_ms
FROM booking_day AS d
INNER JOIN booking AS b ON d.booking_id = b.booking_id
SEMI JOIN mart_coverage AS v ON b.source = v.source AND d.day = v.day
WHERE b.kind = 'work'
GROUP BY ALL;

-- mart_calendar: capacity of each person on each day. Grain: source, person (NULL: unassigned), day.
-- effective_ms is work_ms, 0 on a day whose time off reaches the capacity; a partial day off leaves it alone.
CREATE OR REPLACE TABLE mart_calendar AS
SELECT
    r.source,
    nullif(r.resource_key, '') AS person_key,
    r.resource_kind,
    c.day,
    c.contracted_ms,
    c.work_ms,
    CASE
        WHEN r.source = 'ruddr' AND c.spread_ms = 0 THEN 0
        WHEN r.source = 'tenthousandft' AND h.leave_ms >= c.work_ms THEN 0
        ELSE c.work_ms
    END AS effective_ms
FROM calendar AS c
INNER JOIN resource AS r ON c.resource_id = r.resource_id
LEFT JOIN resource_day AS h ON c.resource_id = h.resource_id AND c.day = h.day
ORDER BY c.resource_id, c.day;

-- Hours of each current booking on each day with hours, over its whole span. booking_id: see mart_booking.
CREATE OR REPLACE TABLE mart_booking_day_fact AS
SELECT booking_id, day, ms FROM booking_day;
