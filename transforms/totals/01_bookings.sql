-- The current bookings of the resources in temp `redo` with their numbers, in the order in which their days lie in the
-- calendar. A tentative project (or phase) makes its bookings tentative. counts_as: 0 holiday, 1 leave, 4 work
-- (+ 1 tentative, + 2 billable).
CREATE OR REPLACE TEMP TABLE booking AS
WITH
named AS (
    SELECT
        r.resource_id,
        r.day_id_0,
        r.source_day_0,
        p.project_id,
        b.source,
        b.source_key,
        b.kind,
        b.work_item_key,
        w.name AS work_item,
        b.leave_type_key,
        l.name AS leave_type,
        b.start_date,
        b.end_date,
        b.effort_unit,
        b.effort_amount,
        b.is_billable,
        b.is_tentative OR coalesce(p.is_tentative, false) OR coalesce(w.is_tentative, false) AS is_tentative,
        b.allocate_on_time_off,
        b.vendor_hours,
        -- percent and ratio in millionths, hours in milliseconds: integers from here on. The widest decimal, or the
        -- product of a large amount would not fit.
        CASE
            WHEN b.effort_unit IN ('percent', 'ratio_of_capacity') THEN (b.effort_amount::DECIMAL(38, 6) * 1000000)::BIGINT
            ELSE (b.effort_amount::DECIMAL(38, 6) * 3600000)::BIGINT
        END AS amount
    FROM counted_booking AS b
    INNER JOIN dated_resource AS r ON b.source = r.source AND b.person_key IS NOT DISTINCT FROM r.person_key
    LEFT JOIN project AS p ON b.source = p.source AND b.project_key = p.project_key
    LEFT JOIN core_work_item_now AS w ON b.source = w.source AND b.work_item_key = w.work_item_key
    LEFT JOIN core_leave_type_now AS l ON b.source = l.source AND b.leave_type_key = l.leave_type_key
),
-- Sorted first and numbered then: a window that sorts takes one thread, and twice the time.
in_order AS (
    FROM named ORDER BY resource_id, project_id, start_date, source_key
)
SELECT
    (getvariable('last_booking_id') + row_number() OVER ())::INTEGER AS booking_id,
    *,
    CASE kind
        WHEN 'work' THEN 4 + is_tentative::INTEGER + 2 * is_billable::INTEGER
        WHEN 'leave' THEN 1
        ELSE 0
    END::UTINYINT AS counts_as
FROM in_order;

-- Those of table or view `bookings` that have hours per week (month), once for each week (month) they touch: first_day to
-- last_day.
CREATE OR REPLACE TEMP MACRO in_periods(bookings) AS TABLE
WITH
begun AS (
    SELECT
        *,
        unnest(
            CASE effort_unit
                WHEN 'hours_per_week'
                    THEN generate_series(date_trunc('week', start_date), end_date, INTERVAL 7 DAY)
                ELSE generate_series(date_trunc('month', start_date), end_date, INTERVAL 1 MONTH)
            END
        )::DATE AS first_day
    FROM query_table(bookings)
    WHERE effort_unit IN ('hours_per_week', 'hours_per_month')
)
SELECT *, CASE effort_unit WHEN 'hours_per_week' THEN first_day + 6 ELSE last_day(first_day) END AS last_day
FROM begun;

-- What 02_spread.sql fills, group by group.

-- Weights of days, and their running sums: in milliseconds, and in days that have any. The weight_ids of each group are
-- its own. Grain: group, day of a resource that the group needs.
CREATE OR REPLACE TEMP TABLE fresh_weight_fact (
    weight_id INTEGER,
    day_id INTEGER,
    weight_ms BIGINT,
    running_ms BIGINT,
    running_days BIGINT
);

-- The running sums before and through covered stretches (01_calendar.sql). Grain: group, resource, stretch.
CREATE OR REPLACE TEMP TABLE fresh_stretch_fact (
    stretch_id INTEGER,
    resource_id INTEGER,
    week DATE,
    month DATE,
    before_ms BIGINT,
    through_ms BIGINT,
    before_days BIGINT,
    through_days BIGINT
);

-- The days first_id to last_id (weight_ids) of bookings. Grain: booking; with hours per week (month), week (month) of a
-- booking.
--
-- way                1: the amount on every day with weight. 0, 2: shared in proportion to weight
-- whole              the weight that the amount stands for (way 1: one day)
-- base               where that weight begins on the running sum (way 1: of days)
-- before, through    the weight from base on, before the first and through the last day
-- first_stretch, last_stretch    the stretches of these days (stretch_ids; one that is not covered has no row)
CREATE OR REPLACE TEMP TABLE spread (
    booking_id INTEGER,
    project_id INTEGER,
    counts_as UTINYINT,
    way UTINYINT,
    amount BIGINT,
    whole BIGINT,
    base BIGINT,
    before BIGINT,
    through BIGINT,
    first_id INTEGER,
    last_id INTEGER,
    first_stretch INTEGER,
    last_stretch INTEGER
);

CREATE OR REPLACE TEMP VIEW weight AS FROM temp.fresh_weight_fact;

CREATE OR REPLACE TEMP VIEW stretch_sum AS FROM temp.fresh_stretch_fact;

-- The weight_id of a resource's day in the group at hand.
CREATE OR REPLACE TEMP MACRO weight_at(day_id_0, day) AS
getvariable('weight_0') + day_id_0 + (day - DATE '2000-01-01');

-- What is spread over the first so much of the weight. Rounded to the millisecond, so that the hours of any days in a row
-- are the difference of two of these, and add up to the whole. Way 2 is for products beyond 64 bits. Not temporary:
-- mart_booking_day is worked out by it, too.
CREATE OR REPLACE MACRO spread_until(way, amount, weight, whole) AS
CASE way
    WHEN 0 THEN (2 * amount * weight + whole) // (2 * whole)
    WHEN 1 THEN amount * weight
    ELSE ((2 * amount::HUGEINT * weight + whole) // (2 * whole))::BIGINT
END;

-- The days of the rows of table `spreads`. Grain: booking, day with hours.
CREATE OR REPLACE TEMP MACRO days_of(spreads) AS TABLE
WITH
expanded AS (
    SELECT counts_as, way, amount, whole, base, unnest(range(first_id, last_id + 1))::INTEGER AS weight_id
    FROM query_table(spreads)
)
SELECT
    w.day_id,
    e.counts_as,
    CASE
        WHEN e.way = 1 THEN e.amount
        ELSE
            spread_until(e.way, e.amount, w.running_ms - e.base, e.whole)
            - spread_until(e.way, e.amount, w.running_ms - w.weight_ms - e.base, e.whole)
    END AS ms
FROM expanded AS e
INNER JOIN weight AS w ON e.weight_id = w.weight_id
WHERE w.weight_ms > 0;
