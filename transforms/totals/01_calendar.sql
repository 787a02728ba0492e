-- What each resource in temp `redo` can work, before holidays and time off. Grain: resource, day. Unit: milliseconds.
-- Rules: apis of both sources, "Hours". Contracted = own week, else the account's (workspace's) week.

-- A person's own blocks, numbered so that of overlapping blocks the highest number wins: the one that starts last;
-- an open start is the earliest of all; of the same start the higher precedence. In 10,000ft another may, by policy.
CREATE OR REPLACE TEMP TABLE block AS
WITH
named AS (
    SELECT
        r.resource_id,
        r.day_id_0,
        greatest(a.start_date, r.first_day) AS first_day,
        least(a.end_date, r.last_day) AS last_day,
        a.hours_per_day,
        coalesce(a.start_date, DATE '0001-01-01') - DATE '0001-01-01' AS started,
        if(a.source = 'tenthousandft', getvariable('overlapping_blocks'), 'starts_last') AS winner,
        a.precedence,
        a.availability_key
    FROM core_availability_now AS a
    INNER JOIN mart_resource AS r ON a.source = r.source AND a.person_key = r.person_key
    SEMI JOIN redo ON r.resource_id = redo.resource_id
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
FROM named;

CREATE OR REPLACE TEMP TABLE block_week AS
SELECT block, unnest(range(1, 8)) AS weekday, (unnest(hours_per_day) * 3600000)::BIGINT AS work_ms
FROM block;

-- One working day of a person's own blocks. Grain: day of a resource inside a block.
CREATE OR REPLACE TEMP TABLE block_day AS
WITH
expanded AS (
    SELECT block, day_id_0, unnest(generate_series(first_day, last_day, INTERVAL 1 DAY))::DATE AS day
    FROM block
),
weighed AS (
    SELECT (e.day_id_0 + (e.day - DATE '2000-01-01'))::INTEGER AS day_id, e.block, w.work_ms
    FROM expanded AS e
    INNER JOIN block_week AS w ON e.block = w.block AND isodow(e.day) = w.weekday
)
SELECT day_id, arg_max(work_ms, block) AS block_ms
FROM weighed
GROUP BY day_id;

-- 10,000ft: work(p, d) = own block, else 0 on an account holiday, else the account's week.
-- Ruddr: a member's period inside the active dates, else 0; a placeholder has the workspace default.
CREATE OR REPLACE TEMP TABLE calendar_contracted AS
WITH
dated AS (
    SELECT *, unnest(generate_series(first_day, last_day, INTERVAL 1 DAY))::DATE AS day
    FROM mart_resource
    SEMI JOIN redo USING (resource_id)
),
numbered AS (
    SELECT
        (day_id_0 + (day - DATE '2000-01-01'))::INTEGER AS day_id,
        resource_id,
        day,
        source,
        resource_kind,
        day < active_from OR day > active_to AS is_outside
    FROM dated
)
SELECT
    n.day_id,
    n.resource_id,
    n.day,
    CASE
        WHEN n.source = 'tenthousandft' THEN coalesce(b.block_ms, w.work_ms)
        WHEN n.resource_kind = 'placeholder' THEN w.work_ms
        WHEN n.is_outside THEN 0
        ELSE coalesce(b.block_ms, 0)
    END AS contracted_ms,
    n.source = 'tenthousandft' AND b.block_ms IS NULL AND h.holiday_date IS NOT NULL AS on_holiday
FROM numbered AS n
INNER JOIN policy_week AS w ON n.source = w.source AND isodow(n.day) = w.weekday
LEFT JOIN block_day AS b ON n.day_id = b.day_id
LEFT JOIN (SELECT DISTINCT source, holiday_date FROM core_holiday_now) AS h
    ON n.source = h.source AND n.day = h.holiday_date
ORDER BY n.day_id;
