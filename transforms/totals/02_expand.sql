-- Expand the bookings in temp `expand_booking` over their days, by the weights in temp `expand_weight`
-- (resource_id, day_id, weight_ms), into `mart_booking_day_fact`. Grain: booking, day with hours. Unit: milliseconds.
--
-- percent, ratio_of_capacity  amount x weight
-- hours_per_day               the amount on every day with weight
-- hours_total                 the amount over the span, in proportion to weight
-- hours_per_week, _month      the amount over the whole week (month), in proportion to weight; the days of
--                             the span get their part of it
-- Parts of a spread are differences of rounded running sums, so they add up to the whole to the millisecond.

-- Running sums of weight over the days of the resources that need them.
CREATE OR REPLACE TEMP TABLE expand_running AS
SELECT
    day_id,
    weight_ms,
    (sum(weight_ms) OVER (ORDER BY day_id ROWS UNBOUNDED PRECEDING))::BIGINT AS running_ms
FROM expand_weight
WHERE resource_id IN (SELECT resource_id FROM expand_booking);

-- Grain: booking; with hours per week (month), week (month) of a booking. The hours of the days first_id to last_id;
-- where they are spread, over whole_ms of weight that begin after before_ms on the running sums. way: 0 a share of the
-- weight, 1 the same every day, 2 and 3 spread.
CREATE OR REPLACE TEMP TABLE expand_part AS
WITH
week AS (
    SELECT *, unnest(generate_series(date_trunc('week', start_date), end_date, INTERVAL 7 DAY))::DATE AS first_day
    FROM expand_booking
    WHERE effort_unit = 'hours_per_week'
),
month AS (
    SELECT *, unnest(generate_series(date_trunc('month', start_date), end_date, INTERVAL 1 MONTH))::DATE AS first_day
    FROM expand_booking
    WHERE effort_unit = 'hours_per_month'
),
spread AS (
    SELECT *, start_date AS first_day, end_date AS last_day FROM expand_booking WHERE effort_unit = 'hours_total'
    UNION ALL
    SELECT *, first_day + 6 FROM week
    UNION ALL
    SELECT *, last_day(first_day) FROM month
),
-- MATERIALIZED, or the two joins would become one of every day of a resource with every other.
opened AS MATERIALIZED (
    SELECT s.*, r.running_ms - r.weight_ms AS before_ms
    FROM spread AS s
    INNER JOIN expand_running AS r ON s.day_id_0 + (s.first_day - DATE '2000-01-01') = r.day_id
),
closed AS (
    SELECT o.*, r.running_ms - o.before_ms AS whole_ms
    FROM opened AS o
    INNER JOIN expand_running AS r ON o.day_id_0 + (o.last_day - DATE '2000-01-01') = r.day_id
),
part AS (
    SELECT
        booking_id,
        counts_as,
        -- The products fit 64 bits for all but absurd amounts; those take the slower 128.
        if(amount::DOUBLE * whole_ms < 2e18, 2, 3)::UTINYINT AS way,
        amount,
        day_id_0 + (greatest(start_date, first_day) - DATE '2000-01-01') AS first_id,
        day_id_0 + (least(end_date, last_day) - DATE '2000-01-01') AS last_id,
        before_ms,
        whole_ms
    FROM closed
    UNION ALL
    SELECT
        booking_id,
        counts_as,
        if(effort_unit = 'hours_per_day', 1, 0)::UTINYINT,
        amount,
        day_id_0 + (start_date - DATE '2000-01-01'),
        day_id_0 + (end_date - DATE '2000-01-01'),
        NULL,
        NULL
    FROM expand_booking
    WHERE effort_unit IN ('percent', 'ratio_of_capacity', 'hours_per_day')
)
-- In calendar order, in which the days are found several times faster.
FROM part WHERE amount > 0 ORDER BY booking_id, first_id;

INSERT INTO mart_booking_day_fact
WITH
expanded AS (
    SELECT
        booking_id,
        counts_as,
        way,
        amount,
        before_ms,
        whole_ms,
        unnest(range(first_id, last_id + 1))::INTEGER AS day_id
    FROM expand_part
),
counted AS (
    SELECT
        e.booking_id,
        e.day_id,
        e.counts_as,
        CASE e.way
            WHEN 0 THEN (e.amount * w.weight_ms + 500000) // 1000000
            WHEN 1 THEN e.amount
            WHEN 2
                THEN (2 * e.amount * (w.running_ms - e.before_ms) + e.whole_ms) // (2 * e.whole_ms)
                - (2 * e.amount * (w.running_ms - w.weight_ms - e.before_ms) + e.whole_ms) // (2 * e.whole_ms)
            ELSE (
                (2 * e.amount::HUGEINT * (w.running_ms - e.before_ms) + e.whole_ms) // (2 * e.whole_ms)
                - (2 * e.amount::HUGEINT * (w.running_ms - w.weight_ms - e.before_ms) + e.whole_ms) // (2 * e.whole_ms)
            )::BIGINT
        END AS ms
    FROM expanded AS e
    INNER JOIN expand_running AS w ON e.day_id = w.day_id
    WHERE w.weight_ms > 0
)
SELECT booking_id, day_id, counts_as, ms
FROM counted;

-- Shares of less than half a millisecond. A filter above would count every row twice.
DELETE FROM mart_booking_day_fact WHERE ms = 0;
