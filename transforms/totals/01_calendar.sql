-- What each resource can work, before holidays and time off. Grain: resource, day. Unit: milliseconds.
-- Rules: apis of both sources, "Hours". Contracted = own week, else the account's (workspace's) week.
-- Integers stand for keys from here to the marts: resource_id a person (unassigned work is a resource of its
-- own, key ''), project_id a project, booking_id a booking. They are numbered in key order, anew in each run.

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

CREATE OR REPLACE TEMP TABLE resource AS
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
)
SELECT (row_number() OVER (ORDER BY source, resource_key))::INTEGER AS resource_id, *
FROM known;

-- One working day of a person's own blocks. Of overlapping blocks the one that starts last wins; an open
-- start is the earliest of all; of the same start the higher precedence wins. In 10,000ft another may, by policy.
CREATE OR REPLACE TEMP TABLE block_day AS
WITH
expanded AS (
    SELECT
        p.resource_id,
        unnest(generate_series(
            greatest(coalesce(a.start_date, r.first_day), r.first_day),
            least(coalesce(a.end_date, r.last_day), r.last_day),
            INTERVAL 1 DAY
        ))::DATE AS day,
        [(hours * 3600000)::BIGINT FOR hours IN a.hours_per_day] AS week_ms,
        coalesce(a.start_date, DATE '0001-01-01') - DATE '0001-01-01' AS started,
        if(a.source = 'tenthousandft', getvariable('overlapping_blocks'), 'starts_last') AS winner,
        a.precedence
    FROM core_availability_now AS a
    INNER JOIN calendar_range AS r ON a.source = r.source
    INNER JOIN resource AS p ON a.source = p.source AND a.person_key = p.resource_key
)
SELECT
    resource_id,
    day,
    arg_max(
        week_ms[isodow(day)],
        row(CASE winner WHEN 'starts_last' THEN started WHEN 'starts_first' THEN -started ELSE 0 END, precedence)
    ) AS block_ms
FROM expanded
GROUP BY resource_id, day;

-- 10,000ft: work(p, d) = own block, else 0 on an account holiday, else the account's week.
-- Ruddr: a member's period inside the active dates, else 0; a placeholder has the workspace default.
CREATE OR REPLACE TEMP TABLE calendar_contracted AS
SELECT
    r.resource_id,
    d.day,
    CASE
        WHEN r.source = 'tenthousandft' THEN coalesce(b.block_ms, w.work_ms)
        WHEN r.resource_kind = 'placeholder' THEN w.work_ms
        WHEN d.day < r.active_from OR d.day > r.active_to THEN 0
        ELSE coalesce(b.block_ms, 0)
    END AS contracted_ms,
    r.source = 'tenthousandft' AND b.block_ms IS NULL AND h.holiday_date IS NOT NULL AS on_holiday
FROM resource AS r
INNER JOIN calendar_day AS d ON r.source = d.source
INNER JOIN policy_week AS w ON r.source = w.source AND isodow(d.day) = w.weekday
LEFT JOIN block_day AS b ON r.resource_id = b.resource_id AND d.day = b.day
LEFT JOIN (SELECT DISTINCT source, holiday_date FROM core_holiday_now) AS h
    ON r.source = h.source AND d.day = h.holiday_date;

CREATE OR REPLACE TEMP TABLE project AS
SELECT
    (row_number() OVER (ORDER BY source, project_key))::INTEGER AS project_id,
    source,
    project_key,
    name AS project,
    code AS project_code,
    is_tentative
FROM core_project_now;

-- The current bookings with their numbers. A tentative project (or phase) makes its bookings tentative.
CREATE OR REPLACE TEMP TABLE booking AS
SELECT
    (row_number() OVER (ORDER BY b.source, b.source_key))::INTEGER AS booking_id,
    r.resource_id,
    p.project_id,
    b.source,
    b.source_key,
    b.kind,
    b.work_item_key,
    w.name AS work_item,
    b.leave_type_key,
    b.vendor_hours,
    b.effort_amount,
    b.is_billable,
    b.is_tentative OR coalesce(p.is_tentative, false) OR coalesce(w.is_tentative, false) AS is_tentative,
    b.allocate_on_time_off,
    b.start_date,
    b.end_date,
    b.effort_unit,
    -- percent and ratio in millionths, hours in milliseconds: integers from here on
    CASE
        WHEN b.effort_unit IN ('percent', 'ratio_of_capacity') THEN (b.effort_amount * 1000000)::BIGINT
        ELSE (b.effort_amount * 3600000)::BIGINT
    END AS amount
FROM core_booking_now AS b
INNER JOIN resource AS r ON b.source = r.source AND coalesce(b.person_key, '') = r.resource_key
LEFT JOIN project AS p ON b.source = p.source AND b.project_key = p.project_key
LEFT JOIN core_work_item_now AS w ON b.source = w.source AND b.work_item_key = w.work_item_key;
