-- The marts. Sums are integers (milliseconds); hours appear only at the edge (totals.py).

-- Days that a pull has covered. A total is shown for these only: elsewhere bookings may be missing.
-- Grain: source, day.
CREATE OR REPLACE TABLE mart_coverage AS
SELECT DISTINCT source, unnest(generate_series(window_start, window_end, INTERVAL 1 DAY))::DATE AS day
FROM (SELECT DISTINCT source, window_start, window_end FROM raw_snapshot WHERE scope = 'all')
WHERE window_start IS NOT NULL
ORDER BY source, day;

-- Grain: source, person (NULL: unassigned), day covered. Active members have every day; archived people,
-- placeholders and unassigned work the days of the weeks in which they have hours.
CREATE OR REPLACE TABLE mart_person_day AS
WITH
hours AS (
    SELECT
        source,
        coalesce(person_key, '') AS resource_key,
        day,
        sum(ms) FILTER (kind = 'work') AS booked_ms,
        sum(ms) FILTER (kind = 'work' AND is_tentative) AS tentative_ms,
        sum(ms) FILTER (kind = 'work' AND is_billable) AS billable_ms,
        sum(ms) FILTER (kind = 'leave') AS leave_ms
    FROM mart_booking_day
    GROUP BY ALL
),
week_with_hours AS (
    SELECT DISTINCT source, coalesce(person_key, '') AS resource_key, date_trunc('week', day)::DATE AS week
    FROM mart_booking_day
    SEMI JOIN mart_coverage USING (source, day)
),
shown AS (
    SELECT c.*, coalesce(c.person_key, '') AS resource_key
    FROM mart_calendar AS c
    SEMI JOIN mart_coverage USING (source, day)
    LEFT JOIN core_person_now AS p ON c.source = p.source AND c.person_key = p.person_key
    LEFT JOIN week_with_hours AS w
        ON c.source = w.source
        AND coalesce(c.person_key, '') = w.resource_key
        AND date_trunc('week', c.day)::DATE = w.week
    WHERE w.week IS NOT NULL OR (c.resource_kind = 'member' AND p.is_active)
)
SELECT
    s.source,
    s.person_key,
    s.resource_kind,
    s.day,
    coalesce(h.booked_ms, 0)::BIGINT AS booked_ms,
    coalesce(h.tentative_ms, 0)::BIGINT AS tentative_ms,
    coalesce(h.billable_ms, 0)::BIGINT AS billable_ms,
    coalesce(h.leave_ms, 0)::BIGINT AS leave_ms,
    s.contracted_ms - s.work_ms AS holiday_ms,
    s.contracted_ms,
    s.effective_ms AS capacity_ms
FROM shown AS s
LEFT JOIN hours AS h USING (source, resource_key, day)
ORDER BY s.source, s.resource_key, s.day;

-- Grain: source, person, ISO week (its Monday). over_days: days booked above capacity, which a weekly sum hides.
CREATE OR REPLACE TABLE mart_person_week AS
SELECT
    source,
    person_key,
    resource_kind,
    date_trunc('week', day)::DATE AS week,
    sum(booked_ms)::BIGINT AS booked_ms,
    sum(tentative_ms)::BIGINT AS tentative_ms,
    sum(billable_ms)::BIGINT AS billable_ms,
    sum(leave_ms)::BIGINT AS leave_ms,
    sum(holiday_ms)::BIGINT AS holiday_ms,
    sum(contracted_ms)::BIGINT AS contracted_ms,
    sum(capacity_ms)::BIGINT AS capacity_ms,
    count(*) FILTER (resource_kind = 'member' AND booked_ms > capacity_ms) AS over_days
FROM mart_person_day
GROUP BY ALL
ORDER BY source, person_key, week;

-- Grain: source, project, ISO week. people: members and placeholders with hours, unassigned work is nobody.
CREATE OR REPLACE TABLE mart_project_week AS
SELECT
    source,
    project_key,
    date_trunc('week', day)::DATE AS week,
    sum(ms)::BIGINT AS booked_ms,
    coalesce(sum(ms) FILTER (is_tentative), 0)::BIGINT AS tentative_ms,
    count(DISTINCT person_key) AS people
FROM mart_booking_day
SEMI JOIN mart_coverage USING (source, day)
WHERE kind = 'work'
GROUP BY ALL
ORDER BY source, project_key, week;

-- Grain: booking. total_ms over the whole span; a fixed amount that has no working day to stand on keeps its
-- total and is flagged. drift_ms: ours less the vendor's figure.
CREATE OR REPLACE TABLE mart_booking AS
WITH
placed AS (
    SELECT source, source_key, sum(ms)::BIGINT AS ms
    FROM booking_day
    GROUP BY ALL
),
counted AS (
    SELECT
        b.*,
        coalesce(
            p.ms,
            if(b.effort_unit = 'hours_total', round(b.effort_amount * 3600000)::BIGINT, 0)
        ) AS total_ms,
        p.ms IS NULL AND b.effort_unit = 'hours_total' AND b.effort_amount > 0 AS is_unplaceable
    FROM core_booking_now AS b
    LEFT JOIN placed AS p USING (source, source_key)
)
SELECT
    source,
    source_key,
    person_key,
    resource_kind,
    kind,
    project_key,
    work_item_key,
    leave_type_key,
    start_date,
    end_date,
    effort_unit,
    effort_amount,
    total_ms,
    vendor_hours,
    total_ms - round(vendor_hours * 3600000)::BIGINT AS drift_ms,
    CASE
        WHEN is_unplaceable THEN 'no working day in the span'
        WHEN abs(total_ms - vendor_hours * 3600000) >= 60000 THEN 'differs from the vendor''s total'
    END AS flag
FROM counted
ORDER BY source, source_key;
