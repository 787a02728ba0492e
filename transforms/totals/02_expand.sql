-- Expand the bookings in temp `expand_booking` over their days, by the weights in temp `expand_weight`
-- (source, resource_key, day, weight_ms), into temp `booking_day`. Grain: booking, day. Unit: milliseconds.
--
-- percent, ratio_of_capacity  amount x weight
-- hours_per_day               the amount on every day with weight
-- hours_total                 the amount over the span, in proportion to weight
-- hours_per_week, _month      the amount over the whole week (month), in proportion to weight; the days of
--                             the span get their part of it
-- Parts of a spread are differences of rounded running sums, so they add up to the whole to the millisecond.

CREATE OR REPLACE TEMP TABLE expand_row AS
SELECT
    source,
    source_key,
    coalesce(person_key, '') AS resource_key,
    effort_unit,
    -- percent and ratio in millionths, hours in milliseconds: integers from here on
    CASE
        WHEN effort_unit IN ('percent', 'ratio_of_capacity') THEN (effort_amount * 1000000)::BIGINT
        ELSE round(effort_amount * 3600000)::BIGINT
    END AS amount,
    unnest(generate_series(start_date, end_date, INTERVAL 1 DAY))::DATE AS day
FROM expand_booking;

-- Running sums of weight over weeks and months, for the resources that need them.
CREATE OR REPLACE TEMP TABLE expand_running AS
SELECT
    source,
    resource_key,
    day,
    weight_ms,
    sum(weight_ms) OVER week_so_far AS week_cum,
    sum(weight_ms) OVER whole_week AS week_ms,
    sum(weight_ms) OVER month_so_far AS month_cum,
    sum(weight_ms) OVER whole_month AS month_ms
FROM expand_weight
SEMI JOIN (
    SELECT DISTINCT source, resource_key
    FROM expand_row
    WHERE effort_unit IN ('hours_per_week', 'hours_per_month')
) AS needed USING (source, resource_key)
WINDOW
    whole_week AS (PARTITION BY source, resource_key, date_trunc('week', day)),
    week_so_far AS (PARTITION BY source, resource_key, date_trunc('week', day) ORDER BY day),
    whole_month AS (PARTITION BY source, resource_key, date_trunc('month', day)),
    month_so_far AS (PARTITION BY source, resource_key, date_trunc('month', day) ORDER BY day);

INSERT INTO booking_day
WITH
direct AS (
    SELECT
        e.source,
        e.source_key,
        e.day,
        CASE
            WHEN e.effort_unit = 'hours_per_day' THEN e.amount
            ELSE (e.amount * w.weight_ms + 500000) // 1000000
        END AS ms
    FROM expand_row AS e
    INNER JOIN expand_weight AS w USING (source, resource_key, day)
    WHERE e.effort_unit IN ('percent', 'ratio_of_capacity', 'hours_per_day') AND w.weight_ms > 0
),
over_span AS (
    SELECT
        e.source,
        e.source_key,
        e.day,
        e.amount::HUGEINT AS amount,
        w.weight_ms,
        sum(w.weight_ms) OVER (PARTITION BY e.source, e.source_key ORDER BY e.day) AS cum,
        sum(w.weight_ms) OVER (PARTITION BY e.source, e.source_key) AS whole
    FROM expand_row AS e
    INNER JOIN expand_weight AS w USING (source, resource_key, day)
    WHERE e.effort_unit = 'hours_total'
),
over_period AS (
    SELECT
        e.source,
        e.source_key,
        e.day,
        e.amount::HUGEINT AS amount,
        w.weight_ms,
        if(e.effort_unit = 'hours_per_week', w.week_cum, w.month_cum) AS cum,
        if(e.effort_unit = 'hours_per_week', w.week_ms, w.month_ms) AS whole
    FROM expand_row AS e
    INNER JOIN expand_running AS w USING (source, resource_key, day)
    WHERE e.effort_unit IN ('hours_per_week', 'hours_per_month')
),
spread AS (
    SELECT * FROM over_span WHERE weight_ms > 0
    UNION ALL
    SELECT * FROM over_period WHERE weight_ms > 0
),
parts AS (
    SELECT
        source,
        source_key,
        day,
        (2 * amount * cum + whole) // (2 * whole)
        - (2 * amount * (cum - weight_ms) + whole) // (2 * whole) AS ms
    FROM spread
)
SELECT source, source_key, day, ms
FROM direct
WHERE ms > 0
UNION ALL
SELECT source, source_key, day, ms::BIGINT
FROM parts
WHERE ms > 0;
