-- The marts. Sums are integers (milliseconds); hours appear only at the edge (by_*.sql).

-- The names beside the facts: views, so that names are stored once and not a million times.

-- Capacity. Grain: source, person, day that a booking or a window touches.
CREATE OR REPLACE VIEW mart_calendar AS
SELECT
    r.source,
    r.person_key,
    r.resource_kind,
    d.day,
    d.contracted_ms,
    d.work_ms,
    d.capacity_ms AS effective_ms
FROM mart_person_day_fact AS d
INNER JOIN mart_resource AS r USING (resource_id);

-- Grain: source, person, day covered.
CREATE OR REPLACE VIEW mart_person_day AS
SELECT
    r.* EXCLUDE (resource_id, is_active, active_from, active_to, day_id_0),
    d.* EXCLUDE (day_id, resource_id, is_shown)
FROM mart_person_day_fact AS d
INNER JOIN mart_resource AS r USING (resource_id)
WHERE d.is_shown;

-- Grain: booking.
CREATE OR REPLACE VIEW mart_booking AS
SELECT
    r.person_key,
    r.person,
    r.email,
    r.resource_kind,
    p.project_key,
    p.project,
    p.project_code,
    b.* EXCLUDE (resource_id, project_id)
FROM mart_booking_fact AS b
INNER JOIN mart_resource AS r USING (resource_id)
LEFT JOIN mart_project AS p USING (project_id);

-- Hours of each current booking on each day, with what is booked. Grain: booking, day with hours.
CREATE OR REPLACE VIEW mart_booking_day AS
SELECT
    d.booking_id,
    b.source,
    b.source_key,
    r.person_key,
    r.resource_kind,
    b.kind,
    p.project_key,
    b.work_item_key,
    b.leave_type_key,
    DATE '2000-01-01' + (d.day_id - r.day_id_0) AS day,
    d.* EXCLUDE (booking_id, day_id, counts_as),
    b.is_billable,
    b.is_tentative
FROM mart_booking_day_fact AS d
INNER JOIN mart_booking_fact AS b USING (booking_id)
INNER JOIN mart_resource AS r USING (resource_id)
LEFT JOIN mart_project AS p USING (project_id);

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
    WHERE is_shown
    GROUP BY ALL
)
SELECT
    r.* EXCLUDE (resource_id, is_active, active_from, active_to, day_id_0),
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
    WHERE is_shown
    GROUP BY ALL
)
SELECT
    r.* EXCLUDE (resource_id, is_active, active_from, active_to, day_id_0),
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
WITH
summed AS (
    SELECT
        w.project_id,
        c.week,
        sum(w.booked_ms)::BIGINT AS booked_ms,
        sum(w.tentative_ms)::BIGINT AS tentative_ms,
        count(DISTINCT c.person_id) AS people
    FROM mart_work_fact AS w
    INNER JOIN covered_part AS c ON w.part_id = c.part_id
    GROUP BY ALL
)
SELECT
    p.source,
    p.project_key,
    p.project,
    p.project_code,
    t.week,
    t.booked_ms,
    t.tentative_ms,
    t.people
FROM summed AS t
INNER JOIN mart_project AS p ON t.project_id = p.project_id
ORDER BY p.source, p.project, p.project_key, t.week;

-- Grain: source, project, calendar month, covered days only. people: members and placeholders with hours, unassigned work is nobody.
CREATE OR REPLACE TABLE mart_project_month AS
WITH
summed AS (
    SELECT
        w.project_id,
        c.month,
        sum(w.booked_ms)::BIGINT AS booked_ms,
        sum(w.tentative_ms)::BIGINT AS tentative_ms,
        count(DISTINCT c.person_id) AS people
    FROM mart_work_fact AS w
    INNER JOIN covered_part AS c ON w.part_id = c.part_id
    GROUP BY ALL
)
SELECT
    p.source,
    p.project_key,
    p.project,
    p.project_code,
    t.month,
    t.booked_ms,
    t.tentative_ms,
    t.people
FROM summed AS t
INNER JOIN mart_project AS p ON t.project_id = p.project_id
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
    WHERE is_shown AND day >= getvariable('known')::DATE AND capacity_ms > 0 AND booked_ms = 0 AND leave_ms = 0
    GROUP BY resource_id
)
SELECT r.source, r.person_key, r.person, r.email, r.discipline, r.is_active, f.first_free_day
FROM mart_resource AS r
LEFT JOIN free AS f USING (resource_id)
WHERE r.resource_kind = 'member'
ORDER BY r.resource_id;
