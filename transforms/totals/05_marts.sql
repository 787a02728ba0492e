-- The marts. Sums are integers (milliseconds); hours appear only at the edge (by_*.sql).

-- Grain: person (unassigned work is one of its own, without a key). resource_id numbers them within one build.
CREATE OR REPLACE TABLE mart_resource AS
SELECT
    resource_id,
    source,
    nullif(resource_key, '') AS person_key,
    person,
    email,
    resource_kind,
    discipline,
    is_active
FROM resource
ORDER BY resource_id;

-- Grain: resource, day covered. Active members have every day; archived people, placeholders and unassigned
-- work the days of the weeks in which they have hours.
CREATE OR REPLACE TABLE mart_person_day_fact AS
WITH
week_with_hours AS (
    SELECT DISTINCT h.resource_id, date_trunc('week', h.day)::DATE AS week
    FROM resource_day AS h
    INNER JOIN resource AS r ON h.resource_id = r.resource_id
    SEMI JOIN mart_coverage AS v ON r.source = v.source AND h.day = v.day
)
SELECT
    c.resource_id,
    c.day,
    coalesce(h.booked_ms, 0) AS booked_ms,
    coalesce(h.tentative_ms, 0) AS tentative_ms,
    coalesce(h.billable_ms, 0) AS billable_ms,
    coalesce(h.leave_ms, 0) AS leave_ms,
    c.contracted_ms - c.work_ms AS holiday_ms,
    c.contracted_ms,
    c.effective_ms AS capacity_ms,
    -- Leave that leaves part of a day counts beside the bookings; after a full day there is no capacity left.
    greatest(coalesce(h.booked_ms + if(c.effective_ms > 0, h.partial_leave_ms, 0), 0) - c.effective_ms, 0) AS over_ms,
    greatest(c.effective_ms - coalesce(h.booked_ms + if(c.effective_ms > 0, h.partial_leave_ms, 0), 0), 0) AS free_ms,
    f.work_ms AS full_time_ms
FROM calendar_effective AS c
INNER JOIN resource AS r ON c.resource_id = r.resource_id
INNER JOIN policy_week AS f ON r.source = f.source AND isodow(c.day) = f.weekday
SEMI JOIN mart_coverage AS v ON r.source = v.source AND c.day = v.day
LEFT JOIN resource_day AS h ON c.resource_id = h.resource_id AND c.day = h.day
LEFT JOIN week_with_hours AS w ON c.resource_id = w.resource_id AND date_trunc('week', c.day)::DATE = w.week
WHERE w.week IS NOT NULL OR (r.resource_kind = 'member' AND r.is_active);

CREATE OR REPLACE VIEW mart_calendar AS
SELECT r.source, r.person_key, r.resource_kind, c.* EXCLUDE (resource_id)
FROM mart_calendar_fact AS c
INNER JOIN mart_resource AS r USING (resource_id);

CREATE OR REPLACE VIEW mart_person_day AS
SELECT r.* EXCLUDE (resource_id, is_active), d.* EXCLUDE (resource_id)
FROM mart_person_day_fact AS d
INNER JOIN mart_resource AS r USING (resource_id);

-- Grain: source, person, ISO week (its Monday). over_days and over_ms: days booked above
-- capacity, which a weekly sum hides; is_over_allocated: the weekly sum itself (over less free is, day by day,
-- what is taken less capacity).
CREATE OR REPLACE TABLE mart_person_week AS
WITH
summed AS (
    SELECT
        resource_id,
        date_trunc('week', day)::DATE AS week,
        sum(booked_ms)::BIGINT AS booked_ms,
        sum(tentative_ms)::BIGINT AS tentative_ms,
        sum(billable_ms)::BIGINT AS billable_ms,
        sum(leave_ms)::BIGINT AS leave_ms,
        sum(holiday_ms)::BIGINT AS holiday_ms,
        sum(contracted_ms)::BIGINT AS contracted_ms,
        sum(capacity_ms)::BIGINT AS capacity_ms,
        sum(over_ms)::BIGINT AS over_ms,
        sum(free_ms)::BIGINT AS free_ms,
        sum(full_time_ms)::BIGINT AS full_time_ms,
        count(*) FILTER (over_ms > 0) AS over_days
    FROM mart_person_day_fact
    GROUP BY ALL
)
SELECT
    r.* EXCLUDE (resource_id, is_active),
    t.* EXCLUDE (resource_id),
    over_ms > free_ms AS is_over_allocated,
    round(booked_ms / nullif(capacity_ms, 0), 6) AS utilisation,
    round((booked_ms - tentative_ms) / nullif(capacity_ms, 0), 6) AS firm_utilisation,
    round(billable_ms / nullif(capacity_ms, 0), 6) AS billable_utilisation,
    round(booked_ms / nullif(contracted_ms, 0), 6) AS contracted_utilisation,
    round(booked_ms / nullif(full_time_ms, 0), 6) AS value_fte
FROM summed AS t
INNER JOIN mart_resource AS r USING (resource_id)
ORDER BY source, person, person_key, week;

-- Grain: source, person, calendar month (its first day), covered days only.
CREATE OR REPLACE TABLE mart_person_month AS
WITH
summed AS (
    SELECT
        resource_id,
        date_trunc('month', day)::DATE AS month,
        sum(booked_ms)::BIGINT AS booked_ms,
        sum(tentative_ms)::BIGINT AS tentative_ms,
        sum(billable_ms)::BIGINT AS billable_ms,
        sum(leave_ms)::BIGINT AS leave_ms,
        sum(holiday_ms)::BIGINT AS holiday_ms,
        sum(contracted_ms)::BIGINT AS contracted_ms,
        sum(capacity_ms)::BIGINT AS capacity_ms,
        sum(over_ms)::BIGINT AS over_ms,
        sum(free_ms)::BIGINT AS free_ms,
        sum(full_time_ms)::BIGINT AS full_time_ms,
        count(*) FILTER (over_ms > 0) AS over_days
    FROM mart_person_day_fact
    GROUP BY ALL
)
SELECT
    r.* EXCLUDE (resource_id, is_active),
    t.* EXCLUDE (resource_id),
    over_ms > free_ms AS is_over_allocated,
    round(booked_ms / nullif(capacity_ms, 0), 6) AS utilisation,
    round((booked_ms - tentative_ms) / nullif(capacity_ms, 0), 6) AS firm_utilisation,
    round(billable_ms / nullif(capacity_ms, 0), 6) AS billable_utilisation,
    round(booked_ms / nullif(contracted_ms, 0), 6) AS contracted_utilisation,
    round(booked_ms / nullif(full_time_ms, 0), 6) AS value_fte
FROM summed AS t
INNER JOIN mart_resource AS r USING (resource_id)
ORDER BY source, person, person_key, month;

-- Grain: source, project, ISO week. people: members and placeholders with hours, unassigned work is nobody.
CREATE OR REPLACE TABLE mart_project_week AS
SELECT
    p.source,
    p.project_key,
    p.project,
    p.project_code,
    t.week,
    sum(t.ms)::BIGINT AS booked_ms,
    sum(t.tentative_ms)::BIGINT AS tentative_ms,
    count(*) FILTER (r.resource_kind <> 'unassigned') AS people
FROM work_week AS t
INNER JOIN project AS p ON t.project_id = p.project_id
INNER JOIN resource AS r ON t.resource_id = r.resource_id
GROUP BY ALL
ORDER BY p.source, p.project, p.project_key, t.week;

-- Grain: source, project, calendar month, covered days only. people: members and placeholders with hours, unassigned work is nobody.
CREATE OR REPLACE TABLE mart_project_month AS
SELECT
    p.source,
    p.project_key,
    p.project,
    p.project_code,
    t.month,
    sum(t.ms)::BIGINT AS booked_ms,
    sum(t.tentative_ms)::BIGINT AS tentative_ms,
    count(*) FILTER (r.resource_kind <> 'unassigned') AS people
FROM work_month AS t
INNER JOIN project AS p ON t.project_id = p.project_id
INNER JOIN resource AS r ON t.resource_id = r.resource_id
GROUP BY ALL
ORDER BY p.source, p.project, p.project_key, t.month;

-- Grain: source, discipline (NULL: the source names none), ISO week. Members only.
CREATE OR REPLACE TABLE mart_discipline_week AS
SELECT
    source,
    discipline,
    week,
    count(*) AS people,
    sum(booked_ms)::BIGINT AS booked_ms,
    sum(tentative_ms)::BIGINT AS tentative_ms,
    sum(capacity_ms)::BIGINT AS capacity_ms,
    sum(free_ms)::BIGINT AS free_ms,
    round(sum(booked_ms) / nullif(sum(capacity_ms), 0), 6) AS utilisation
FROM mart_person_week
WHERE resource_kind = 'member'
GROUP BY ALL
ORDER BY source, discipline, week;

-- The bench. Grain: source, member with free time, ISO week.
CREATE OR REPLACE TABLE mart_bench_week AS
SELECT source, person_key, person, email, discipline, week, free_ms, capacity_ms, booked_ms
FROM mart_person_week
WHERE resource_kind = 'member' AND free_ms > 0
ORDER BY source, discipline, week, free_ms DESC, person, person_key;

-- Grain: source, member. first_free_day: the first covered day from the day of this build on with capacity
-- and nothing booked; NULL when there is none.
CREATE OR REPLACE TABLE mart_person AS
WITH
free AS (
    SELECT resource_id, min(day) AS first_free_day
    FROM mart_person_day_fact
    WHERE day >= getvariable('known')::DATE AND capacity_ms > 0 AND booked_ms = 0 AND leave_ms = 0
    GROUP BY resource_id
)
SELECT r.source, r.person_key, r.person, r.email, r.discipline, r.is_active, f.first_free_day
FROM mart_resource AS r
LEFT JOIN free AS f USING (resource_id)
WHERE r.resource_kind = 'member'
ORDER BY r.resource_id;

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
        b.*,
        coalesce(p.ms, if(b.effort_unit = 'hours_total', b.amount, 0)) AS total_ms,
        p.ms IS NULL AND b.effort_unit = 'hours_total' AND b.amount > 0 AS is_unplaceable
    FROM booking AS b
    LEFT JOIN placed AS p USING (booking_id)
)
SELECT
    t.booking_id,
    t.source,
    t.source_key,
    r.person_key,
    r.person,
    r.email,
    r.resource_kind,
    t.kind,
    j.project_key,
    j.project,
    j.project_code,
    t.work_item_key,
    t.work_item,
    t.leave_type_key,
    l.name AS leave_type,
    t.start_date,
    t.end_date,
    t.effort_unit,
    t.effort_amount,
    t.is_billable,
    t.is_tentative,
    t.total_ms,
    t.vendor_hours,
    t.total_ms - (t.vendor_hours * 3600000)::BIGINT AS drift_ms,
    CASE
        WHEN t.is_unplaceable THEN 'no working day in the span'
        WHEN abs(t.total_ms - t.vendor_hours * 3600000) >= 60000 THEN 'differs from the vendor''s total'
    END AS flag
FROM counted AS t
INNER JOIN mart_resource AS r USING (resource_id)
LEFT JOIN project AS j USING (project_id)
LEFT JOIN core_leave_type_now AS l ON t.source = l.source AND t.leave_type_key = l.leave_type_key
ORDER BY t.booking_id;

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
