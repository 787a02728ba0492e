-- The marts. Sums are integers (milliseconds); hours appear only at the edge (by_*.sql).

-- Grain: source, person (NULL: unassigned), day covered. Active members have every day; archived people,
-- placeholders and unassigned work the days of the weeks in which they have hours.
CREATE OR REPLACE TABLE mart_person_day AS
WITH
week_with_hours AS (
    SELECT DISTINCT h.resource_id, date_trunc('week', h.day)::DATE AS week
    FROM resource_day AS h
    INNER JOIN resource AS r ON h.resource_id = r.resource_id
    SEMI JOIN mart_coverage AS v ON r.source = v.source AND h.day = v.day
)
SELECT
    r.source,
    nullif(r.resource_key, '') AS person_key,
    r.resource_kind,
    c.day,
    coalesce(h.booked_ms, 0) AS booked_ms,
    coalesce(h.tentative_ms, 0) AS tentative_ms,
    coalesce(h.billable_ms, 0) AS billable_ms,
    coalesce(h.leave_ms, 0) AS leave_ms,
    c.contracted_ms - c.work_ms AS holiday_ms,
    c.contracted_ms,
    CASE
        WHEN r.source = 'ruddr' AND c.spread_ms = 0 THEN 0
        WHEN r.source = 'tenthousandft' AND h.leave_ms >= c.work_ms THEN 0
        ELSE c.work_ms
    END AS capacity_ms
FROM calendar AS c
INNER JOIN resource AS r ON c.resource_id = r.resource_id
SEMI JOIN mart_coverage AS v ON r.source = v.source AND c.day = v.day
LEFT JOIN resource_day AS h ON c.resource_id = h.resource_id AND c.day = h.day
LEFT JOIN week_with_hours AS w ON c.resource_id = w.resource_id AND date_trunc('week', c.day)::DATE = w.week
WHERE w.week IS NOT NULL OR (r.resource_kind = 'member' AND r.is_active)
ORDER BY c.resource_id, c.day;

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
    p.source,
    p.project_key,
    t.week,
    sum(t.ms)::BIGINT AS booked_ms,
    coalesce(sum(t.tentative_ms), 0)::BIGINT AS tentative_ms,
    count(*) FILTER (r.resource_kind <> 'unassigned') AS people
FROM work_week AS t
INNER JOIN project AS p ON t.project_id = p.project_id
INNER JOIN resource AS r ON t.resource_id = r.resource_id
GROUP BY p.source, p.project_key, t.week
ORDER BY p.source, p.project_key, t.week;

-- Grain: booking. total_ms over the whole span; a fixed amount that has no working day to stand on keeps its
-- total and is flagged. drift_ms: ours less the vendor's figure.
CREATE OR REPLACE TABLE mart_booking AS
WITH
placed AS (
    SELECT booking_id, sum(ms)::BIGINT AS ms
    FROM booking_day
    GROUP BY booking_id
),
counted AS (
    SELECT
        n.booking_id,
        b.*,
        n.is_tentative AS counts_tentative,
        coalesce(p.ms, if(b.effort_unit = 'hours_total', n.amount, 0)) AS total_ms,
        p.ms IS NULL AND b.effort_unit = 'hours_total' AND n.amount > 0 AS is_unplaceable
    FROM core_booking_now AS b
    INNER JOIN booking AS n USING (source, source_key)
    LEFT JOIN placed AS p ON n.booking_id = p.booking_id
)
SELECT
    booking_id,
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
    is_billable,
    counts_tentative AS is_tentative,
    total_ms,
    vendor_hours,
    total_ms - (vendor_hours * 3600000)::BIGINT AS drift_ms,
    CASE
        WHEN is_unplaceable THEN 'no working day in the span'
        WHEN abs(total_ms - vendor_hours * 3600000) >= 60000 THEN 'differs from the vendor''s total'
    END AS flag
FROM counted
ORDER BY booking_id;

-- Hours of each current booking on each day, with what is booked. Grain: booking, day with hours.
CREATE OR REPLACE VIEW mart_booking_day AS
SELECT
    b.source,
    b.source_key,
    b.person_key,
    b.resource_kind,
    b.kind,
    b.project_key,
    b.work_item_key,
    b.leave_type_key,
    d.day,
    d.ms,
    b.is_billable,
    b.is_tentative
FROM mart_booking_day_fact AS d
INNER JOIN mart_booking AS b USING (booking_id);
