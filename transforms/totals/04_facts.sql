-- The facts every number is summed from.

-- Days that a pull has covered. A total is shown for these only: elsewhere bookings may be missing.
-- Grain: source, day.
CREATE OR REPLACE TABLE mart_coverage AS
SELECT DISTINCT source, unnest(generate_series(window_start, window_end, INTERVAL 1 DAY))::DATE AS day
FROM (
    SELECT DISTINCT source, window_start, window_end
    FROM raw_snapshot
    WHERE scope = 'all' AND stream IN ('assignments', 'allocations')
)
ORDER BY source, day;

-- temp resource_day: hours of each resource on each day, over all days. Grain: resource, day with hours.
CREATE OR REPLACE TEMP TABLE resource_day AS
SELECT
    d.resource_id,
    d.day,
    coalesce(sum(d.ms) FILTER (b.kind = 'work'), 0)::BIGINT AS booked_ms,
    coalesce(sum(d.ms) FILTER (b.kind = 'work' AND b.is_tentative), 0)::BIGINT AS tentative_ms,
    coalesce(sum(d.ms) FILTER (b.kind = 'work' AND b.is_billable), 0)::BIGINT AS billable_ms,
    coalesce(sum(d.ms) FILTER (b.kind = 'leave'), 0)::BIGINT AS leave_ms,
    if(getvariable('partial_leave_counts'), leave_ms, 0) AS partial_leave_ms  -- policy: what counts as taken
FROM booking_day AS d
INNER JOIN booking AS b ON d.booking_id = b.booking_id
GROUP BY d.resource_id, d.day;

-- temp work_day: project work on covered days. Grain: resource, project, day.
CREATE OR REPLACE TEMP TABLE work_day AS
SELECT
    b.resource_id,
    b.project_id,
    d.day,
    sum(d.ms)::BIGINT AS ms,
    coalesce(sum(d.ms) FILTER (b.is_tentative), 0)::BIGINT AS tentative_ms
FROM booking_day AS d
INNER JOIN booking AS b ON d.booking_id = b.booking_id
SEMI JOIN mart_coverage AS v ON b.source = v.source AND d.day = v.day
WHERE b.kind = 'work'
GROUP BY ALL;

-- The same by ISO week (its Monday) and by calendar month (its first day).
CREATE OR REPLACE TEMP TABLE work_week AS
SELECT
    resource_id,
    project_id,
    date_trunc('week', day)::DATE AS week,
    sum(ms)::BIGINT AS ms,
    sum(tentative_ms)::BIGINT AS tentative_ms
FROM work_day
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE work_month AS
SELECT
    resource_id,
    project_id,
    date_trunc('month', day)::DATE AS month,
    sum(ms)::BIGINT AS ms,
    sum(tentative_ms)::BIGINT AS tentative_ms
FROM work_day
GROUP BY ALL;

-- effective_ms: work_ms, but 0 on a day whose time off reaches the capacity; a partial day off leaves it alone.
-- Grain: resource, day.
CREATE OR REPLACE TEMP TABLE calendar_effective AS
SELECT
    c.resource_id,
    c.day,
    c.contracted_ms,
    c.work_ms,
    CASE
        WHEN r.source = 'ruddr' AND c.spread_ms = 0 THEN 0
        WHEN r.source = 'tenthousandft' AND h.leave_ms + 10 >= c.work_ms THEN 0
        ELSE c.work_ms
    END AS effective_ms
FROM calendar AS c
INNER JOIN resource AS r ON c.resource_id = r.resource_id
LEFT JOIN resource_day AS h ON c.resource_id = h.resource_id AND c.day = h.day
ORDER BY c.resource_id, c.day;

-- The capacity of every resource on every day a booking or a window touches. Grain: resource, day.
CREATE OR REPLACE TABLE mart_calendar_fact AS
SELECT * FROM calendar_effective;

-- Hours of each current booking on each day with hours, over its whole span. booking_id: see mart_booking.
CREATE OR REPLACE TABLE mart_booking_day_fact AS
SELECT booking_id, day, ms FROM booking_day;
