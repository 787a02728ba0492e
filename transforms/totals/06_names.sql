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
    r.* EXCLUDE (resource_id, is_active, active_from, active_to, first_day, last_day, day_id_0),
    d.* EXCLUDE (day_id, resource_id, is_shown)
FROM mart_person_day_fact AS d
INNER JOIN mart_resource AS r USING (resource_id)
WHERE d.is_shown;

-- Grain: booking.
CREATE OR REPLACE VIEW mart_booking AS
SELECT
    r.source,
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

-- Hours of each current booking on each day, with what is booked: a day gets the difference of two rounded running sums
-- (02_spread.sql). Grain: booking, day with hours.
CREATE OR REPLACE VIEW mart_booking_day AS
WITH
expanded AS (
    SELECT *, unnest(range(first_id, last_id + 1))::INTEGER AS weight_id
    FROM mart_spread_fact
),
counted AS (
    SELECT
        e.booking_id,
        w.day_id,
        CASE
            WHEN e.way = 1 THEN e.amount
            ELSE
                spread_until(e.way, e.amount, w.running_ms - e.base, e.whole)
                - spread_until(e.way, e.amount, w.running_ms - w.weight_ms - e.base, e.whole)
        END AS ms
    FROM expanded AS e
    INNER JOIN mart_weight_fact AS w USING (weight_id)
    WHERE w.weight_ms > 0
)
SELECT
    d.booking_id,
    r.source,
    b.source_key,
    r.person_key,
    r.resource_kind,
    b.kind,
    p.project_key,
    b.work_item_key,
    b.leave_type_key,
    DATE '2000-01-01' + (d.day_id - r.day_id_0) AS day,
    d.ms,
    hours(d.ms) AS hours,
    b.is_billable,
    b.is_tentative
FROM counted AS d
INNER JOIN mart_booking_fact AS b USING (booking_id)
INNER JOIN mart_resource AS r USING (resource_id)
LEFT JOIN mart_project AS p USING (project_id)
WHERE d.ms > 0;

-- Grain: source, project, ISO week. people: members and placeholders with hours, unassigned work is nobody.
CREATE OR REPLACE VIEW mart_project_week AS
SELECT
    p.source,
    p.project_key,
    p.project,
    p.project_code,
    t.first_day AS week,
    t.* EXCLUDE (project_id, period, first_day)
FROM mart_project_fact AS t
INNER JOIN mart_project AS p USING (project_id)
WHERE t.period = 'week';

-- Grain: source, project, calendar month, covered days only.
CREATE OR REPLACE VIEW mart_project_month AS
SELECT
    p.source,
    p.project_key,
    p.project,
    p.project_code,
    t.first_day AS month,
    t.* EXCLUDE (project_id, period, first_day)
FROM mart_project_fact AS t
INNER JOIN mart_project AS p USING (project_id)
WHERE t.period = 'month';

-- The two planners side by side. Grain: person, project, ISO week, over weeks both have covered.
CREATE OR REPLACE VIEW mart_planner_week AS
SELECT
    r.person,
    r.email,
    p.project,
    p.project_code,
    t.week,
    CASE
        WHEN t.ruddr_ms = 0 THEN 'only tenthousandft'
        WHEN t.tenthousandft_ms = 0 THEN 'only ruddr'
        WHEN abs(t.tenthousandft_ms - t.ruddr_ms) < 60000 THEN 'agree'
        ELSE 'disagree'
    END AS status,
    t.* EXCLUDE (resource_id, project_id, week)
FROM mart_planner_fact AS t
INNER JOIN mart_resource AS r USING (resource_id)
INNER JOIN mart_project AS p USING (project_id);
