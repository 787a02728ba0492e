-- What each resource in temp `redo` can work, before holidays and time off. Grain: resource, day. Unit: milliseconds.
-- Rules: apis of both sources, "Hours". Contracted = own week, else the account's (workspace's) week.

-- The days of a source, numbered without gaps. part_day: the first day of the same week and month, so that what begins
-- there is a part of one week and of one month. stretch numbers, from 1 to stretches, the days in a row that are of one
-- part and all covered by a pull, or all not (a total may be shown for covered days only). Grain: source, day.
CREATE OR REPLACE TEMP TABLE source_day AS
WITH
dated AS (
    SELECT source, unnest(generate_series(first_day, last_day, INTERVAL 1 DAY))::DATE AS day
    FROM calendar_range
),
pulled AS (
    SELECT DISTINCT source, window_start, window_end
    FROM raw_snapshot
    WHERE scope = 'all' AND stream IN ('assignments', 'allocations')
),
covered AS (
    SELECT DISTINCT source, unnest(generate_series(window_start, window_end, INTERVAL 1 DAY))::DATE AS day
    FROM pulled
),
marked AS (
    SELECT
        d.source,
        d.day,
        date_trunc('week', d.day)::DATE AS week,
        date_trunc('month', d.day)::DATE AS month,
        greatest(date_trunc('week', d.day), date_trunc('month', d.day))::DATE AS part_day,
        c.day IS NOT NULL AS is_covered,
        h.holiday_date IS NOT NULL AS on_holiday,
        w.work_ms AS default_ms
    FROM dated AS d
    INNER JOIN policy_week AS w ON d.source = w.source AND isodow(d.day) = w.weekday
    LEFT JOIN covered AS c ON d.source = c.source AND d.day = c.day
    LEFT JOIN (SELECT DISTINCT source, holiday_date FROM core_holiday_now) AS h
        ON d.source = h.source AND d.day = h.holiday_date
),
parted AS (
    SELECT
        *,
        (source, part_day, is_covered) IS DISTINCT FROM lag((source, part_day, is_covered)) OVER (
            ORDER BY source, day
        ) AS begins
    FROM marked
)
SELECT
    (row_number() OVER by_day)::INTEGER AS source_day_id,
    (sum(begins::INTEGER) OVER by_day)::INTEGER AS stretch,
    (sum(begins::INTEGER) OVER ())::BIGINT + 1 AS stretches,
    * EXCLUDE (begins)
FROM parted
WINDOW by_day AS (ORDER BY source, day)
ORDER BY source_day_id;

-- Grain: covered stretch.
CREATE OR REPLACE TEMP TABLE stretch AS
SELECT source, stretch, stretches, part_day, min(day) AS first_day, max(day) AS last_day
FROM source_day
WHERE is_covered
GROUP BY ALL;

-- resource, with what its days in source_day are counted from. source_day_id = source_day_0 + (day - 2000-01-01).
CREATE OR REPLACE TEMP TABLE dated_resource AS
SELECT r.*, (s.source_day_id - (r.first_day - DATE '2000-01-01'))::INTEGER AS source_day_0
FROM resource AS r
INNER JOIN source_day AS s ON r.source = s.source AND r.first_day = s.day
ORDER BY r.resource_id;

CREATE OR REPLACE TEMP TABLE redone AS
FROM dated_resource SEMI JOIN redo USING (resource_id)
ORDER BY resource_id;

-- A person's own blocks, numbered so that of overlapping blocks the highest number wins: the one that starts last;
-- an open start is the earliest of all; of the same start the higher precedence. In 10,000ft another may, by policy.
-- first_n, last_n: days since 2000-01-01, cut to the days that are counted.
CREATE OR REPLACE TEMP TABLE block AS
WITH
named AS (
    SELECT
        r.resource_id,
        greatest(a.start_date, r.first_day) - DATE '2000-01-01' AS first_n,
        least(a.end_date, r.last_day) - DATE '2000-01-01' AS last_n,
        [(hours::DECIMAL(38, 6) * 3600000)::BIGINT FOR hours IN a.hours_per_day] AS week_ms,
        coalesce(a.start_date, DATE '0001-01-01') - DATE '0001-01-01' AS started,
        if(a.source = 'tenthousandft', getvariable('overlapping_blocks'), 'starts_last') AS winner,
        a.precedence,
        a.availability_key
    FROM core_availability_now AS a
    INNER JOIN redone AS r ON a.source = r.source AND a.person_key = r.person_key
)
SELECT
    (row_number() OVER (
        ORDER BY
            resource_id,
            CASE winner WHEN 'starts_last' THEN started WHEN 'starts_first' THEN -started ELSE 0 END,
            precedence,
            availability_key
    ))::INTEGER AS block,
    *
FROM named
WHERE first_n <= last_n;

-- The days of a resource, cut where a block begins or ends. week_ms: the working week of the block that wins, Monday
-- first; NULL where there is none. Grain: resource, days in a row.
CREATE OR REPLACE TEMP TABLE segment AS
WITH
cut AS (
    SELECT resource_id, first_day - DATE '2000-01-01' AS n FROM redone
    UNION
    SELECT resource_id, last_day - DATE '2000-01-01' + 1 FROM redone
    UNION
    SELECT resource_id, first_n FROM block
    UNION
    SELECT resource_id, last_n + 1 FROM block
),
between_cuts AS (
    SELECT resource_id, n AS first_n, lead(n) OVER (PARTITION BY resource_id ORDER BY n) - 1 AS last_n
    FROM cut
)
SELECT c.resource_id, c.first_n, c.last_n, arg_max(b.week_ms, b.block) AS week_ms
FROM between_cuts AS c
LEFT JOIN block AS b ON c.resource_id = b.resource_id AND c.first_n BETWEEN b.first_n AND b.last_n
WHERE c.last_n IS NOT NULL
GROUP BY c.resource_id, c.first_n, c.last_n;

-- 10,000ft: work(p, d) = own block, else 0 on an account holiday, else the account's week.
-- Ruddr: a member's period inside the active dates, else 0; a placeholder has the workspace default.
CREATE OR REPLACE TEMP TABLE calendar_contracted AS
WITH
expanded AS (
    SELECT resource_id, week_ms, unnest(range(first_n, last_n + 1))::INTEGER AS n
    FROM segment
),
own AS (
    SELECT resource_id, n, week_ms[isodow(DATE '2000-01-01' + n)] AS block_ms
    FROM expanded
)
SELECT
    r.day_id_0 + o.n AS day_id,
    o.resource_id,
    s.source_day_id,
    CASE
        WHEN r.source = 'tenthousandft' THEN coalesce(o.block_ms, s.default_ms)
        WHEN r.resource_kind = 'placeholder' THEN s.default_ms
        WHEN s.day < r.active_from OR s.day > r.active_to THEN 0
        ELSE coalesce(o.block_ms, 0)
    END AS contracted_ms,
    r.source = 'tenthousandft' AND o.block_ms IS NULL AND s.on_holiday AS on_holiday
FROM own AS o
INNER JOIN redone AS r ON o.resource_id = r.resource_id
INNER JOIN source_day AS s ON r.source_day_0 + o.n = s.source_day_id
ORDER BY r.day_id_0 + o.n;
