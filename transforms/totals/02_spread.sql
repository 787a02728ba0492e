-- Spread the bookings in temp `group_booking` over the weights in temp `group_weight` (resource_id, day_id, weight_ms),
-- into temp `fresh_weight_fact`, `fresh_stretch_fact` and `spread` (01_bookings.sql). Variables weight_0 and stretch_0 are what the ids of
-- this group are counted from.
--
-- percent, ratio_of_capacity  amount x weight
-- hours_per_day               the amount on every day with weight
-- hours_total                 the amount over the span, in proportion to weight
-- hours_per_week, _month      the amount over the whole week (month), in proportion to weight; the days of
--                             the span get their part of it

INSERT INTO fresh_weight_fact
WITH
in_order AS (
    SELECT day_id, weight_ms
    FROM group_weight
    WHERE resource_id IN (SELECT resource_id FROM group_booking)
    ORDER BY day_id
)
SELECT
    getvariable('weight_0') + day_id,
    day_id,
    weight_ms,
    sum(weight_ms) OVER in_a_row,
    sum((weight_ms > 0)::INTEGER) OVER in_a_row
FROM in_order
WINDOW in_a_row AS (ROWS UNBOUNDED PRECEDING);

INSERT INTO fresh_stretch_fact
SELECT
    getvariable('stretch_0') + r.resource_id * s.stretches + s.stretch,
    r.resource_id,
    date_trunc('week', s.part_day),
    date_trunc('month', s.part_day),
    f.running_ms - f.weight_ms,
    l.running_ms,
    f.running_days - (f.weight_ms > 0)::INTEGER,
    l.running_days
FROM redone AS r
INNER JOIN stretch AS s ON r.source = s.source
INNER JOIN fresh_weight_fact AS f ON weight_at(r.day_id_0, s.first_day) = f.weight_id
INNER JOIN fresh_weight_fact AS l ON weight_at(r.day_id_0, s.last_day) = l.weight_id;

INSERT INTO spread
WITH
-- MATERIALIZED here and below, or the joins would be taken apart, and put together as every day with every other.
opened AS MATERIALIZED (
    SELECT p.*, w.running_ms - w.weight_ms AS base
    FROM in_periods('group_booking') AS p
    INNER JOIN weight AS w ON weight_at(p.day_id_0, p.first_day) = w.weight_id
),
closed AS (
    SELECT o.*, w.running_ms - o.base AS whole
    FROM opened AS o
    INNER JOIN weight AS w ON weight_at(o.day_id_0, o.last_day) = w.weight_id
),
part AS (
    SELECT
        * EXCLUDE (first_day, last_day) REPLACE (
            greatest(start_date, first_day) AS start_date, least(end_date, last_day) AS end_date
        )
    FROM closed
    UNION ALL BY NAME
    SELECT
        *,
        CASE
            WHEN effort_unit = 'hours_per_day' THEN 1
            WHEN effort_unit IN ('percent', 'ratio_of_capacity') THEN 1000000
        END AS whole
    FROM group_booking
    WHERE effort_unit NOT IN ('hours_per_week', 'hours_per_month')
),
entered AS MATERIALIZED (
    SELECT
        p.*,
        w.weight_id AS first_id,
        CASE p.effort_unit
            WHEN 'hours_per_day' THEN w.running_days - (w.weight_ms > 0)::INTEGER
            ELSE w.running_ms - w.weight_ms
        END AS running_before
    FROM part AS p
    INNER JOIN weight AS w ON weight_at(p.day_id_0, p.start_date) = w.weight_id
),
departed AS MATERIALIZED (
    SELECT
        e.*,
        w.weight_id AS last_id,
        if(e.effort_unit = 'hours_per_day', w.running_days, w.running_ms) AS running_through
    FROM entered AS e
    INNER JOIN weight AS w ON weight_at(e.day_id_0, e.end_date) = w.weight_id
),
measured AS (
    SELECT
        * EXCLUDE (base, whole),
        coalesce(base, running_before) AS base,
        coalesce(whole, running_through - running_before) AS whole
    FROM departed
    WHERE amount > 0 AND running_through > running_before
)
SELECT
    m.booking_id,
    m.project_id,
    m.counts_as,
    CASE
        WHEN m.effort_unit = 'hours_per_day' THEN 1
        -- Absurd amounts only.
        WHEN m.amount::DOUBLE * greatest(m.whole, m.running_through - m.base) > 2e18 THEN 2
        ELSE 0
    END,
    m.amount,
    m.whole,
    m.base,
    m.running_before - m.base,
    m.running_through - m.base,
    m.first_id,
    m.last_id,
    getvariable('stretch_0') + m.resource_id * f.stretches + f.stretch,
    getvariable('stretch_0') + m.resource_id * l.stretches + l.stretch
FROM measured AS m
INNER JOIN source_day AS f ON m.source_day_0 + (m.start_date - DATE '2000-01-01') = f.source_day_id
INNER JOIN source_day AS l ON m.source_day_0 + (m.end_date - DATE '2000-01-01') = l.source_day_id
-- In calendar order, in which the days are found several times faster.
ORDER BY m.booking_id, m.first_id;
