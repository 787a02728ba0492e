-- What each resource can work, before holidays and time off. Grain: resource, day. Unit: milliseconds.
-- Rules: apis of both sources, "Hours". Contracted = own week, else the account's (workspace's) week.
-- Integers stand for keys from here to the marts: resource_id a person (unassigned work is a resource of its
-- own, key ''), project_id a project, booking_id a booking, day_id a day of a resource. They are numbered in key
-- order, anew in each full build.

-- Days we need: every week and month that a booking or a pulled window touches, whole, because the hours
-- of a week (month) spread over the capacity of the whole week (month).
CREATE OR REPLACE TEMP TABLE calendar_range AS
WITH
touched AS (
    SELECT source, start_date AS first_day, end_date AS last_day FROM core_booking_now
    UNION ALL
    SELECT source, window_start, window_end FROM raw_snapshot
    WHERE stream IN ('assignments', 'allocations')
)
SELECT
    source,
    least(date_trunc('week', min(first_day)), date_trunc('month', min(first_day)))::DATE AS first_day,
    greatest(date_trunc('week', max(last_day)) + INTERVAL 6 DAY, last_day(max(last_day)))::DATE AS last_day
FROM touched
GROUP BY source;

CREATE OR REPLACE TEMP TABLE calendar_day AS
SELECT source, unnest(generate_series(first_day, last_day, INTERVAL 1 DAY))::DATE AS day
FROM calendar_range;

-- day_id = day_id_0 + (day - 2000-01-01): the days of one resource follow each other, and those of the next resource
-- follow them, so that one integer stands for both and neighbours lie together.
CREATE OR REPLACE TABLE mart_resource AS
WITH
known AS (
    SELECT
        source,
        person_key AS resource_key,
        kind AS resource_kind,
        name AS person,
        email,
        discipline,
        is_active,
        active_from,
        active_to
    FROM core_person_now
    UNION ALL
    SELECT DISTINCT source, '', 'unassigned', NULL, NULL, NULL, true, NULL::DATE, NULL::DATE
    FROM core_booking_now
    WHERE resource_kind = 'unassigned'
),
numbered AS (
    SELECT
        (row_number() OVER by_key)::INTEGER AS resource_id,
        k.*,
        sum(c.last_day - c.first_day + 1) OVER by_key - (c.last_day - DATE '2000-01-01') AS day_id_0
    FROM known AS k
    LEFT JOIN calendar_range AS c USING (source)
    WINDOW by_key AS (ORDER BY source, resource_key)
)
SELECT
    resource_id,
    source,
    nullif(resource_key, '') AS person_key,
    person,
    email,
    resource_kind,
    discipline,
    is_active,
    active_from,
    active_to,
    day_id_0::INTEGER AS day_id_0
FROM numbered
ORDER BY resource_id;

-- A person's own blocks, numbered so that of overlapping blocks the highest number wins: the one that starts last;
-- an open start is the earliest of all; of the same start the higher precedence. In 10,000ft another may, by policy.
CREATE OR REPLACE TEMP TABLE block AS
WITH
named AS (
    SELECT
        r.resource_id,
        r.day_id_0,
        greatest(a.start_date, c.first_day) AS first_day,
        least(a.end_date, c.last_day) AS last_day,
        a.hours_per_day,
        coalesce(a.start_date, DATE '0001-01-01') - DATE '0001-01-01' AS started,
        if(a.source = 'tenthousandft', getvariable('overlapping_blocks'), 'starts_last') AS winner,
        a.precedence,
        a.availability_key
    FROM core_availability_now AS a
    INNER JOIN calendar_range AS c ON a.source = c.source
    INNER JOIN mart_resource AS r ON a.source = r.source AND a.person_key = r.person_key
)
SELECT
    (row_number() OVER (
        ORDER BY
            resource_id,
            CASE winner WHEN 'starts_last' THEN started WHEN 'starts_first' THEN -started ELSE 0 END,
            precedence,
            availability_key
    ))::INTEGER AS block,
    *
FROM named;

CREATE OR REPLACE TEMP TABLE block_week AS
SELECT block, unnest(range(1, 8)) AS weekday, (unnest(hours_per_day) * 3600000)::BIGINT AS work_ms
FROM block;

-- One working day of a person's own blocks. Grain: day of a resource inside a block.
CREATE OR REPLACE TEMP TABLE block_day AS
WITH
expanded AS (
    SELECT block, day_id_0, unnest(generate_series(first_day, last_day, INTERVAL 1 DAY))::DATE AS day
    FROM block
),
weighed AS (
    SELECT (e.day_id_0 + (e.day - DATE '2000-01-01'))::INTEGER AS day_id, e.block, w.work_ms
    FROM expanded AS e
    INNER JOIN block_week AS w ON e.block = w.block AND isodow(e.day) = w.weekday
)
SELECT day_id, arg_max(work_ms, block) AS block_ms
FROM weighed
GROUP BY day_id;

-- 10,000ft: work(p, d) = own block, else 0 on an account holiday, else the account's week.
-- Ruddr: a member's period inside the active dates, else 0; a placeholder has the workspace default.
CREATE OR REPLACE TEMP TABLE calendar_contracted AS
WITH
numbered AS (
    SELECT
        (r.day_id_0 + (d.day - DATE '2000-01-01'))::INTEGER AS day_id,
        r.resource_id,
        d.day,
        r.source,
        r.resource_kind,
        d.day < r.active_from OR d.day > r.active_to AS is_outside
    FROM mart_resource AS r
    INNER JOIN calendar_day AS d ON r.source = d.source
)
SELECT
    n.day_id,
    n.resource_id,
    n.day,
    CASE
        WHEN n.source = 'tenthousandft' THEN coalesce(b.block_ms, w.work_ms)
        WHEN n.resource_kind = 'placeholder' THEN w.work_ms
        WHEN n.is_outside THEN 0
        ELSE coalesce(b.block_ms, 0)
    END AS contracted_ms,
    n.source = 'tenthousandft' AND b.block_ms IS NULL AND h.holiday_date IS NOT NULL AS on_holiday
FROM numbered AS n
INNER JOIN policy_week AS w ON n.source = w.source AND isodow(n.day) = w.weekday
LEFT JOIN block_day AS b ON n.day_id = b.day_id
LEFT JOIN (SELECT DISTINCT source, holiday_date FROM core_holiday_now) AS h
    ON n.source = h.source AND n.day = h.holiday_date
ORDER BY n.day_id;

CREATE OR REPLACE TABLE mart_project AS
SELECT
    (row_number() OVER (ORDER BY source, project_key))::INTEGER AS project_id,
    source,
    project_key,
    name AS project,
    code AS project_code,
    is_tentative
FROM core_project_now
ORDER BY project_id;

-- The current bookings with their numbers, in the order in which their days lie in the calendar. A tentative
-- project (or phase) makes its bookings tentative. counts_as: 0 holiday, 1 leave, 4 work (+ 1 tentative, + 2 billable).
CREATE OR REPLACE TEMP TABLE booking AS
WITH
named AS (
    SELECT
        r.resource_id,
        r.day_id_0,
        p.project_id,
        b.source,
        b.source_key,
        b.kind,
        b.work_item_key,
        w.name AS work_item,
        b.leave_type_key,
        l.name AS leave_type,
        b.start_date,
        b.end_date,
        b.effort_unit,
        b.effort_amount,
        b.is_billable,
        b.is_tentative OR coalesce(p.is_tentative, false) OR coalesce(w.is_tentative, false) AS is_tentative,
        b.allocate_on_time_off,
        b.vendor_hours,
        -- percent and ratio in millionths, hours in milliseconds: integers from here on
        CASE
            WHEN b.effort_unit IN ('percent', 'ratio_of_capacity') THEN (b.effort_amount * 1000000)::BIGINT
            ELSE (b.effort_amount * 3600000)::BIGINT
        END AS amount
    FROM core_booking_now AS b
    INNER JOIN mart_resource AS r ON b.source = r.source AND b.person_key IS NOT DISTINCT FROM r.person_key
    LEFT JOIN mart_project AS p ON b.source = p.source AND b.project_key = p.project_key
    LEFT JOIN core_work_item_now AS w ON b.source = w.source AND b.work_item_key = w.work_item_key
    LEFT JOIN core_leave_type_now AS l ON b.source = l.source AND b.leave_type_key = l.leave_type_key
)
SELECT
    (row_number() OVER (ORDER BY resource_id, project_id, start_date, source_key))::INTEGER AS booking_id,
    *,
    CASE kind
        WHEN 'work' THEN 4 + is_tentative::INTEGER + 2 * is_billable::INTEGER
        WHEN 'leave' THEN 1
        ELSE 0
    END::UTINYINT AS counts_as
FROM named;
