-- Expand the bookings in temp `expand_booking` over their days, by the weights in temp `expand_weight`
-- (resource_id, day, weight_ms), into `booking_day`. Grain: booking, day with hours. Unit: milliseconds.
--
-- percent, ratio_of_capacity  amount x weight
-- hours_per_day               the amount on every day with weight
-- hours_total                 the amount over the span, in proportion to weight
-- hours_per_week, _month      the amount over the whole week (month), in proportion to weight; the days of
--                             the span get their part of it
-- Parts of a spread are differences of rounded running sums, so they add up to the whole to the millisecond.

INSERT INTO booking_day
WITH
expanded AS (
    SELECT
        booking_id,
        resource_id,
        effort_unit = 'hours_per_day' AS is_flat,
        amount,
        unnest(generate_series(start_date, end_date, INTERVAL 1 DAY))::DATE AS day
    FROM expand_booking
    WHERE effort_unit IN ('percent', 'ratio_of_capacity', 'hours_per_day')
),
counted AS (
    SELECT
        e.booking_id,
        e.resource_id,
        e.day,
        if(e.is_flat, e.amount, (e.amount * w.weight_ms + 500000) // 1000000) AS ms
    FROM expanded AS e
    INNER JOIN expand_weight AS w ON e.resource_id = w.resource_id AND e.day = w.day
    WHERE w.weight_ms > 0
)
SELECT booking_id, resource_id, day, ms
FROM counted
WHERE ms > 0;

-- Running sums of weight over all days, weeks and months, for the resources that need them.
CREATE OR REPLACE TEMP TABLE expand_running AS
SELECT
    resource_id,
    day,
    weight_ms,
    (sum(weight_ms) OVER (PARTITION BY resource_id ORDER BY day))::BIGINT AS all_cum,
    (sum(weight_ms) OVER (PARTITION BY resource_id, date_trunc('week', day) ORDER BY day))::BIGINT AS week_cum,
    (sum(weight_ms) OVER (PARTITION BY resource_id, date_trunc('week', day)))::BIGINT AS week_ms,
    (sum(weight_ms) OVER (PARTITION BY resource_id, date_trunc('month', day) ORDER BY day))::BIGINT AS month_cum,
    (sum(weight_ms) OVER (PARTITION BY resource_id, date_trunc('month', day)))::BIGINT AS month_ms
FROM expand_weight
WHERE resource_id IN (
    SELECT resource_id
    FROM expand_booking
    WHERE effort_unit IN ('hours_total', 'hours_per_week', 'hours_per_month')
);

-- Where each spread booking starts on those running sums. MATERIALIZED, or the two joins would become one of
-- every day of a resource with every other. Unnested only afterwards (decision 0002).
CREATE OR REPLACE TEMP TABLE expand_spread AS
WITH
started AS MATERIALIZED (
    SELECT b.*, r.all_cum - r.weight_ms AS before_ms
    FROM expand_booking AS b
    INNER JOIN expand_running AS r ON b.resource_id = r.resource_id AND b.start_date = r.day
    WHERE b.effort_unit IN ('hours_total', 'hours_per_week', 'hours_per_month')
)
SELECT
    s.booking_id,
    s.resource_id,
    s.effort_unit,
    s.amount,
    s.start_date,
    s.end_date,
    s.before_ms,
    r.all_cum - s.before_ms AS span_ms
FROM started AS s
INNER JOIN expand_running AS r ON s.resource_id = r.resource_id AND s.end_date = r.day;

INSERT INTO booking_day
WITH
spanned AS (
    SELECT
        booking_id,
        resource_id,
        effort_unit,
        amount,
        before_ms,
        span_ms,
        unnest(generate_series(start_date, end_date, INTERVAL 1 DAY))::DATE AS day
    FROM expand_spread
),
spread AS (
    SELECT
        s.booking_id,
        s.resource_id,
        s.day,
        s.amount,
        w.weight_ms,
        CASE s.effort_unit
            WHEN 'hours_total' THEN w.all_cum - s.before_ms
            WHEN 'hours_per_week' THEN w.week_cum
            ELSE w.month_cum
        END AS cum,
        CASE s.effort_unit
            WHEN 'hours_total' THEN s.span_ms
            WHEN 'hours_per_week' THEN w.week_ms
            ELSE w.month_ms
        END AS whole
    FROM spanned AS s
    INNER JOIN expand_running AS w ON s.resource_id = w.resource_id AND s.day = w.day
    WHERE w.weight_ms > 0
),
-- The products fit 64 bits for all but absurd amounts; those take the slower 128.
parts AS (
    SELECT
        booking_id,
        resource_id,
        day,
        if(
            amount::DOUBLE * whole < 2e18,
            (2 * amount * cum + whole) // (2 * whole) - (2 * amount * (cum - weight_ms) + whole) // (2 * whole),
            (
                (2 * amount::HUGEINT * cum + whole) // (2 * whole)
                - (2 * amount::HUGEINT * (cum - weight_ms) + whole) // (2 * whole)
            )::BIGINT
        ) AS ms
    FROM spread
)
SELECT booking_id, resource_id, day, ms
FROM parts
WHERE ms > 0;
