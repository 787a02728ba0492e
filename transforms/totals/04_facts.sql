-- The facts every number is summed from, for the resources in temp `redo`: temp `fresh_X` is what then stands in the
-- table `mart_X`.

DROP TABLE calendar_contracted;

-- Hours of each resource on each day, over all days. In temp `whole_spread` are all bookings of the resources in temp `redo`. Grain: resource, day with hours.
-- DuckDB takes the days of bookings for as few as the bookings, and would build its hash table of them.
SET disabled_optimizers = 'build_side_probe_side';

CREATE OR REPLACE TEMP TABLE day_sum AS
SELECT
    day_id,
    coalesce(sum(ms) FILTER (counts_as >= 4), 0)::BIGINT AS booked_ms,
    coalesce(sum(ms) FILTER (counts_as IN (5, 7)), 0)::BIGINT AS tentative_ms,
    coalesce(sum(ms) FILTER (counts_as IN (6, 7)), 0)::BIGINT AS billable_ms,
    coalesce(sum(ms) FILTER (counts_as = 1), 0)::BIGINT AS leave_ms
FROM days_of('whole_spread')
GROUP BY day_id
HAVING sum(ms) > 0;

RESET disabled_optimizers;

-- Weeks with hours of those who are shown in such weeks only: archived people, placeholders, unassigned work.
-- Grain: resource, ISO week.
CREATE OR REPLACE TEMP TABLE busy_week AS
SELECT DISTINCT c.resource_id, s.week
FROM calendar AS c
INNER JOIN source_day AS s ON c.source_day_id = s.source_day_id
INNER JOIN redone AS r ON c.resource_id = r.resource_id
SEMI JOIN day_sum AS h ON c.day_id = h.day_id
WHERE s.is_covered AND NOT (r.resource_kind = 'member' AND r.is_active);

-- What a person does on a day, in milliseconds. Leave that leaves part of a day counts beside the bookings (policy); after
-- a full day there is no capacity left.
CREATE OR REPLACE TEMP MACRO taken_of(booked_ms, leave_ms, capacity_ms) AS
booked_ms + if(capacity_ms > 0 AND getvariable('partial_leave_counts'), leave_ms, 0);

-- Hours and capacity of every resource on every day a booking or a window touches. Grain: resource, day.
-- effective_ms: work_ms, but 0 on a day whose time off reaches the capacity; a partial day off leaves it alone.
-- is_shown: the day is covered, and the person is an active member (who has every day) or has hours that week
-- (archived people, placeholders, unassigned work).
CREATE OR REPLACE TEMP TABLE fresh_person_day_fact AS
WITH
counted AS (
    SELECT
        c.day_id,
        c.resource_id,
        s.day,
        s.is_covered AND (w.week IS NOT NULL OR (r.resource_kind = 'member' AND r.is_active)) AS is_shown,
        coalesce(h.booked_ms, 0) AS booked_ms,
        coalesce(h.tentative_ms, 0) AS tentative_ms,
        coalesce(h.billable_ms, 0) AS billable_ms,
        coalesce(h.leave_ms, 0) AS leave_ms,
        c.contracted_ms,
        c.work_ms,
        CASE
            WHEN s.source = 'ruddr' AND c.spread_ms = 0 THEN 0
            WHEN s.source = 'tenthousandft' AND h.leave_ms + 10 >= c.work_ms THEN 0
            ELSE c.work_ms
        END AS effective_ms,
        s.default_ms
    FROM calendar AS c
    INNER JOIN source_day AS s ON c.source_day_id = s.source_day_id
    INNER JOIN redone AS r ON c.resource_id = r.resource_id
    LEFT JOIN day_sum AS h ON c.day_id = h.day_id
    LEFT JOIN busy_week AS w ON c.resource_id = w.resource_id AND s.week = w.week
),
taken AS (
    SELECT *, taken_of(booked_ms, leave_ms, effective_ms) AS taken_ms FROM counted
)
SELECT
    t.day_id,
    t.resource_id,
    t.day,
    t.is_shown,
    t.booked_ms,
    t.tentative_ms,
    t.billable_ms,
    t.leave_ms,
    t.contracted_ms - t.work_ms AS holiday_ms,
    t.contracted_ms,
    t.work_ms,
    t.effective_ms AS capacity_ms,
    greatest(t.taken_ms - t.effective_ms, 0) AS over_ms,
    greatest(t.effective_ms - t.taken_ms, 0) AS free_ms,
    t.default_ms AS full_time_ms
FROM taken AS t;

DROP TABLE calendar;

DROP TABLE day_sum;

-- The current bookings with their hours over the whole span. An amount that has no working day to stand on keeps its
-- total and is flagged. drift_ms: ours less the vendor's figure. Grain: booking.
CREATE OR REPLACE TEMP VIEW fresh_booking_fact AS
WITH
placed AS (
    SELECT
        booking_id,
        sum(spread_until(way, amount, through, whole) - spread_until(way, amount, before, whole))::BIGINT AS ms
    FROM spread
    GROUP BY booking_id
),
counted AS (
    SELECT
        b.* EXCLUDE (source, day_id_0, source_day_0, allocate_on_time_off, amount, counts_as),
        coalesce(p.ms, if(b.effort_unit = 'hours_total', b.amount, 0)) AS total_ms,
        (b.vendor_hours::DECIMAL(38, 6) * 3600000)::BIGINT AS vendor_ms,
        p.ms IS NULL AND b.effort_unit = 'hours_total' AND b.amount > 0 AS is_unplaceable
    FROM booking AS b
    LEFT JOIN placed AS p ON b.booking_id = p.booking_id
)
SELECT
    * EXCLUDE (is_unplaceable, vendor_ms),
    total_ms - vendor_ms AS drift_ms,
    CASE
        WHEN is_unplaceable THEN 'no working day in the span'
        WHEN abs(total_ms - vendor_ms) >= 60000 THEN 'differs from the vendor''s total'
    END AS flag
FROM counted;

CREATE OR REPLACE TEMP VIEW fresh_spread_fact AS FROM spread;
