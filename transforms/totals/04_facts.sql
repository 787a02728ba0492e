-- The facts every number is summed from, for the resources in temp `redo`: views `fresh_X` of what then stands in
-- the tables `mart_X`.

-- Expanded is expanded: its memory is for the sums now.
DROP TABLE expand_part;
DROP TABLE expand_running;
DROP TABLE calendar_contracted;

-- temp day_sum: hours of each resource on each day, over all days. Grain: resource, day with hours.
CREATE OR REPLACE TEMP TABLE day_sum AS
SELECT
    day_id,
    coalesce(sum(ms) FILTER (counts_as >= 4), 0)::BIGINT AS booked_ms,
    coalesce(sum(ms) FILTER (counts_as IN (5, 7)), 0)::BIGINT AS tentative_ms,
    coalesce(sum(ms) FILTER (counts_as IN (6, 7)), 0)::BIGINT AS billable_ms,
    coalesce(sum(ms) FILTER (counts_as = 1), 0)::BIGINT AS leave_ms
FROM mart_booking_day_fact
WHERE booking_id > getvariable('last_booking_id')
GROUP BY day_id;

-- temp covered: the days a total may be shown for. Grain: source, day. after_first: days since the first day of the
-- same week and month.
CREATE OR REPLACE TEMP TABLE covered AS
SELECT
    source,
    day,
    date_trunc('week', day)::DATE AS week,
    (day - greatest(date_trunc('week', day), date_trunc('month', day))::DATE)::INTEGER AS after_first
FROM mart_coverage;

-- temp covered_day: the same for each resource. part_id is the day_id of the first day of the same week and month:
-- what lies between is a part of one week and of one month, so both are summed from it. Grain: resource, day covered.
CREATE OR REPLACE TEMP TABLE covered_day AS
SELECT c.day_id, c.resource_id, v.week, c.day_id - v.after_first AS part_id
FROM calendar AS c
INNER JOIN mart_resource AS r ON c.resource_id = r.resource_id
INNER JOIN covered AS v ON r.source = v.source AND c.day = v.day;

-- temp busy_week: weeks with hours of those who are shown in such weeks only: archived people, placeholders,
-- unassigned work. Grain: resource, ISO week.
CREATE OR REPLACE TEMP TABLE busy_week AS
SELECT DISTINCT c.resource_id, c.week
FROM covered_day AS c
INNER JOIN mart_resource AS r ON c.resource_id = r.resource_id
SEMI JOIN day_sum AS h ON c.day_id = h.day_id
WHERE NOT (r.resource_kind = 'member' AND r.is_active);

-- Hours and capacity of every resource on every day a booking or a window touches. Grain: resource, day.
-- effective_ms: work_ms, but 0 on a day whose time off reaches the capacity; a partial day off leaves it alone.
-- is_shown: the day is covered, and the person is an active member (who has every day) or has hours that week
-- (archived people, placeholders, unassigned work).
CREATE OR REPLACE TEMP VIEW fresh_person_day_fact AS
WITH
counted AS (
    SELECT
        c.day_id,
        c.resource_id,
        c.day,
        r.source,
        v.week IS NOT NULL AND (w.week IS NOT NULL OR (r.resource_kind = 'member' AND r.is_active)) AS is_shown,
        coalesce(h.booked_ms, 0) AS booked_ms,
        coalesce(h.tentative_ms, 0) AS tentative_ms,
        coalesce(h.billable_ms, 0) AS billable_ms,
        coalesce(h.leave_ms, 0) AS leave_ms,
        c.contracted_ms,
        c.work_ms,
        CASE
            WHEN r.source = 'ruddr' AND c.spread_ms = 0 THEN 0
            WHEN r.source = 'tenthousandft' AND h.leave_ms + 10 >= c.work_ms THEN 0
            ELSE c.work_ms
        END AS effective_ms
    FROM calendar AS c
    INNER JOIN mart_resource AS r ON c.resource_id = r.resource_id
    LEFT JOIN day_sum AS h ON c.day_id = h.day_id
    LEFT JOIN covered AS v ON r.source = v.source AND c.day = v.day
    LEFT JOIN busy_week AS w ON c.resource_id = w.resource_id AND v.week = w.week
),
-- Leave that leaves part of a day counts beside the bookings (policy); after a full day there is no capacity left.
taken AS (
    SELECT
        *,
        booked_ms
        + if(effective_ms > 0 AND getvariable('partial_leave_counts'), leave_ms, 0) AS taken_ms
    FROM counted
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
    f.work_ms AS full_time_ms
FROM taken AS t
INNER JOIN policy_week AS f ON t.source = f.source AND isodow(t.day) = f.weekday;

-- The current bookings with their hours over the whole span. An amount that has no working day to stand on keeps its
-- total and is flagged. drift_ms: ours less the vendor's figure. Grain: booking.
CREATE OR REPLACE TEMP VIEW fresh_booking_fact AS
WITH
placed AS (
    SELECT booking_id, sum(ms)::BIGINT AS ms
    FROM mart_booking_day_fact
    WHERE booking_id > getvariable('last_booking_id')
    GROUP BY booking_id
),
counted AS (
    SELECT
        b.* EXCLUDE (day_id_0, allocate_on_time_off, amount, counts_as),
        coalesce(p.ms, if(b.effort_unit = 'hours_total', b.amount, 0)) AS total_ms,
        p.ms IS NULL AND b.effort_unit = 'hours_total' AND b.amount > 0 AS is_unplaceable
    FROM booking AS b
    LEFT JOIN placed AS p ON b.booking_id = p.booking_id
)
SELECT
    * EXCLUDE (is_unplaceable),
    total_ms - (vendor_hours * 3600000)::BIGINT AS drift_ms,
    CASE
        WHEN is_unplaceable THEN 'no working day in the span'
        WHEN abs(total_ms - vendor_hours * 3600000) >= 60000 THEN 'differs from the vendor''s total'
    END AS flag
FROM counted;

-- Project work on covered days. Grain: project, person, part of an ISO week that lies in one month; part_id is the
-- day_id of its first day (see mart_person_day_fact).
CREATE OR REPLACE TEMP VIEW fresh_work_fact AS
SELECT
    b.project_id,
    v.part_id,
    sum(d.ms)::BIGINT AS booked_ms,
    coalesce(sum(d.ms) FILTER (b.is_tentative), 0)::BIGINT AS tentative_ms
FROM mart_booking_day_fact AS d
INNER JOIN booking AS b ON d.booking_id = b.booking_id
INNER JOIN covered_day AS v ON d.day_id = v.day_id
WHERE d.booking_id > getvariable('last_booking_id') AND b.counts_as >= 4 AND b.project_id IS NOT NULL
GROUP BY b.project_id, v.part_id;
