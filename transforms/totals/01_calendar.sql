-- temp calendar: what each resource can work. Grain: source, resource, day. Unit: milliseconds.
-- `resource_key` is the person's key, or '' for unassigned work.
-- Rules: apis of both sources, "Hours". Contracted = own week or account week, before holidays and time off.

-- Days we need: every week and month that a booking or a pulled window touches, whole, because the hours
-- of a week (month) spread over the capacity of the whole week (month).
CREATE OR REPLACE TEMP TABLE calendar_range AS
WITH
touched AS (
    SELECT source, start_date AS first_day, end_date AS last_day FROM core_booking_now
    UNION ALL
    SELECT source, window_start, window_end FROM raw_snapshot WHERE window_start IS NOT NULL
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
SELECT source, person_key AS resource_key, kind AS resource_kind, is_active, active_from, active_to
FROM core_person_now
UNION ALL
SELECT DISTINCT source, '', 'unassigned', true, NULL::DATE, NULL::DATE
FROM core_booking_now
WHERE resource_kind = 'unassigned';

-- One working day of a person's own blocks. Of overlapping blocks the one that starts last wins; an open
-- start is the earliest of all; of the same start the higher precedence wins.
CREATE OR REPLACE TEMP TABLE block_day AS
WITH
expanded AS (
    SELECT
        a.source,
        a.person_key AS resource_key,
        unnest(generate_series(
            greatest(coalesce(a.start_date, r.first_day), r.first_day),
            least(coalesce(a.end_date, r.last_day), r.last_day),
            INTERVAL 1 DAY
        ))::DATE AS day,
        a.hours_per_day,
        coalesce(a.start_date, DATE '0001-01-01') AS start_date,
        a.precedence
    FROM core_availability_now AS a
    INNER JOIN calendar_range AS r ON a.source = r.source
)
SELECT
    source,
    resource_key,
    day,
    (arg_max(hours_per_day[isodow(day)], row(start_date, precedence)) * 3600000)::BIGINT AS block_ms
FROM expanded
GROUP BY source, resource_key, day;

-- 10,000ft: work(p, d) = own block, else 0 on an account holiday, else the account's week.
-- Ruddr: a member's period inside the active dates, else 0; a placeholder has the workspace default.
CREATE OR REPLACE TEMP TABLE calendar_contracted AS
SELECT
    r.source,
    r.resource_key,
    r.resource_kind,
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
LEFT JOIN block_day AS b ON r.source = b.source AND r.resource_key = b.resource_key AND d.day = b.day
LEFT JOIN (SELECT DISTINCT source, holiday_date FROM core_holiday_now) AS h
    ON r.source = h.source AND d.day = h.holiday_date;
