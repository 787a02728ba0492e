-- What ftrack should hold. Output: temp rec_want. Grain: record in ftrack, by its derived id.

-- An id is the uuid5 (RFC 9562) of what the record means, so the same meaning is the same record for ever.
CREATE OR REPLACE TEMP MACRO uuid5_of(sha1_hex) AS
    sha1_hex[1:8] || '-' || sha1_hex[9:12] || '-5' || sha1_hex[14:16] || '-'
    || substr('89ab', ('0x' || sha1_hex[17:17])::INTEGER % 4 + 1, 1) || sha1_hex[18:20] || '-' || sha1_hex[21:32];

CREATE OR REPLACE TEMP MACRO derived_id(meaning) AS
    uuid5_of(sha1(from_hex('6f1c0f5ea4c25a1e9d0b7d3a52c4e810') || encode(meaning)));

-- Days with hours, their share of the contracted day in millionths, and where a run must break.
-- Grain: booking, day with hours. A day without contracted hours has no share: its value is NULL.
CREATE OR REPLACE TEMP TABLE rec_day AS
WITH
calendar AS (
    SELECT
        source,
        person_key,
        day,
        contracted_ms,
        (effective_ms > 0)::INTEGER AS is_open,
        row_number() OVER by_day AS position,
        sum((effective_ms > 0)::INTEGER) OVER by_day AS open_so_far
    FROM mart_calendar
    WHERE person_key IS NOT NULL
    WINDOW by_day AS (PARTITION BY source, person_key ORDER BY day)
)
SELECT
    c.source,
    c.source_key,
    c.day,
    c.ms,
    k.contracted_ms,
    k.is_open,
    k.position,
    k.open_so_far,
    x.source IS NOT NULL AS is_suppressed,
    CASE
        WHEN x.source IS NULL AND k.contracted_ms > 0
            THEN ((c.ms::HUGEINT * 2000000 + k.contracted_ms) // (2 * k.contracted_ms))::BIGINT
    END AS value_millionths
FROM rec_claim AS c
LEFT JOIN calendar AS k USING (source, person_key, day)
LEFT JOIN rec_suppressed AS x USING (user_id, project_id, day, source);

-- Runs: maximal stretches of equal daily value inside one booking. Grain: booking, run (1-based ordinal).
-- Days without hours bridge a run when nobody could work on them (weekend, holiday, full-day leave); a day
-- with capacity and no hours, and a suppressed day, break it. Values of one spread differ by the odd
-- millisecond, so equal means within a millionth; the run's value is its hours over its contracted hours.
CREATE OR REPLACE TEMP TABLE rec_run AS
WITH
marked AS (
    SELECT
        *,
        value_millionths IS NOT NULL
        AND coalesce(
            abs(value_millionths - lag(value_millionths) OVER by_day) <= 1
            AND open_so_far - is_open = lag(open_so_far) OVER by_day
            AND day - lag(day) OVER by_day = position - lag(position) OVER by_day,
            false
        ) AS continues
    FROM rec_day
    WINDOW by_day AS (PARTITION BY source, source_key ORDER BY day)
),
numbered AS (
    SELECT
        *,
        sum((NOT continues AND value_millionths IS NOT NULL)::INTEGER)
            OVER (PARTITION BY source, source_key ORDER BY day) AS run
    FROM marked
)
SELECT
    source,
    source_key,
    run::INTEGER AS run,
    min(day) AS start_date,
    max(day) AS end_date,
    sum(ms)::BIGINT AS ms,
    ((sum(ms) * 2000000 + sum(contracted_ms)) // (2 * sum(contracted_ms)))::BIGINT AS value_millionths
FROM numbered
WHERE value_millionths IS NOT NULL
GROUP BY source, source_key, run;

-- Bookings of which something is left after suppression.
CREATE OR REPLACE TEMP TABLE rec_live AS
SELECT b.*
FROM rec_booking AS b
SEMI JOIN (SELECT source, source_key FROM rec_day WHERE NOT is_suppressed) AS d USING (source, source_key)
WHERE b.status = 'ok';

-- The wanted records. `image` is what ftrack holds of the record: fields its dialect does not know are NULL.
-- `meaning` is equal for records that say the same, whoever made them. `about_project_id` is for reports.
CREATE OR REPLACE TEMP TABLE rec_want AS
WITH
assignment AS (
    SELECT l.*, l.task_id AS context_id
    FROM rec_live AS l
    INNER JOIN rec_source AS s USING (source)
    WHERE l.kind = 'work' AND l.task_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY l.task_id, l.user_id ORDER BY s.position, l.source_key) = 1
),
team AS (
    SELECT l.*, l.project_id AS context_id
    FROM rec_live AS l
    INNER JOIN rec_source AS s USING (source)
    CROSS JOIN rec_setting AS t
    WHERE l.kind = 'work' AND t.dialect = 'studio'
    QUALIFY row_number() OVER (PARTITION BY l.project_id, l.user_id ORDER BY s.position, l.source_key) = 1
),
member AS (
    SELECT 'assignment' AS record_kind, * FROM assignment
    UNION ALL
    SELECT 'team', * FROM team
),
typed AS (
    SELECT
        l.*,
        CASE
            WHEN l.kind = 'leave' THEN coalesce(y.allocation_type, t.leave_type)
            WHEN l.is_tentative THEN coalesce(t.tentative_type, t.work_type)
            ELSE t.work_type
        END AS allocation_type
    FROM rec_live AS l
    CROSS JOIN rec_setting AS t
    LEFT JOIN rec_leave_type AS y ON l.kind = 'leave' AND norm(l.title) = norm(y.name)
)
SELECT
    m.record_kind AS kind,
    derived_id(concat_ws('|', m.record_kind, m.context_id, m.user_id)) AS record_id,
    {
        user_id: m.user_id,
        project_id: if(m.record_kind = 'team', m.project_id, NULL),
        task_id: if(m.record_kind = 'assignment', m.task_id, NULL),
        assignment_type: if(t.dialect = 'seed', t.assignment_type, NULL),
        allocation_type: NULL::VARCHAR,
        name: NULL::VARCHAR,
        start: NULL::DATE,
        "end": NULL::DATE,
        value_millionths: NULL::BIGINT,
        leave: NULL::BOOLEAN,
        forecast: NULL::BOOLEAN
    } AS image,
    concat_ws('|', m.record_kind, m.context_id, m.user_id) AS meaning,
    m.source,
    m.source_key,
    0 AS run,
    m.content_key,
    m.person_key,
    m.project_key,
    m.work_item_key,
    m.user_id AS about_user_id,
    m.project_id AS about_project_id,
    0::BIGINT AS ms
FROM member AS m
CROSS JOIN rec_setting AS t
UNION ALL
SELECT
    'allocation',
    derived_id(concat_ws('|', 'allocation', l.source, l.source_key, r.run)),
    {
        user_id: l.user_id,
        project_id: if(t.dialect = 'studio', l.project_id, NULL),
        task_id: NULL,
        assignment_type: NULL,
        allocation_type: if(t.dialect = 'seed', l.allocation_type, NULL),
        name: if(t.dialect = 'seed', NULL, if(l.kind = 'leave', l.allocation_type, l.title)),
        start: r.start_date,
        "end": r.end_date,
        value_millionths: r.value_millionths,
        leave: if(t.dialect = 'studio', l.kind = 'leave', NULL),
        forecast: if(t.dialect = 'studio', l.is_tentative, NULL)
    },
    concat_ws(
        '|', 'allocation', l.user_id, r.start_date, r.end_date, r.value_millionths,
        if(t.dialect = 'studio', coalesce(l.project_id, 'leave'), l.allocation_type)
    ),
    l.source,
    l.source_key,
    r.run,
    l.content_key,
    l.person_key,
    l.project_key,
    l.work_item_key,
    l.user_id,
    l.project_id,
    r.ms
FROM rec_run AS r
INNER JOIN typed AS l USING (source, source_key)
CROSS JOIN rec_setting AS t;
