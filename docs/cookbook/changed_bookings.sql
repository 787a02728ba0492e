-- What changed since Monday, booking by booking?
-- Grain: source, booking that is not what it was. Units: effort in its own unit, *_before as it was then.
-- Variables: since (UTC; default: the Monday of the week of the last pull, 0:00).
WITH
asked AS (
    SELECT coalesce(getvariable('since')::TIMESTAMP, date_trunc('week', max(last_pull))) AS since
    FROM meta_freshness
),
-- Windows that had been read by then: a booking outside them is not new, it was never asked for.
read_before AS (
    SELECT DISTINCT s.source, s.window_start, s.window_end
    FROM raw_snapshot AS s
    INNER JOIN asked ON s.finished_at <= asked.since
    WHERE s.complete AND s.scope = 'all' AND s.window_start IS NOT NULL
),
-- Names as we last knew them, also of people and projects that are gone.
person AS (
    SELECT source, person_key, arg_max(name, known_from) AS name
    FROM core_person
    GROUP BY ALL
),
project AS (
    SELECT source, project_key, arg_max(name, known_from) AS name
    FROM core_project
    GROUP BY ALL
),
before AS (
    SELECT b.*, p.name AS person, j.name AS project
    FROM core_booking_as_of((SELECT since FROM asked)) AS b
    LEFT JOIN person AS p USING (source, person_key)
    LEFT JOIN project AS j USING (source, project_key)
),
after AS (
    SELECT b.*, p.name AS person, j.name AS project
    FROM core_booking_now AS b
    LEFT JOIN person AS p USING (source, person_key)
    LEFT JOIN project AS j USING (source, project_key)
),
gone AS (
    SELECT * FROM before ANTI JOIN after USING (source, source_key)
),
come AS (
    SELECT * FROM after ANTI JOIN before USING (source, source_key)
),
-- 10,000ft deletes a booking and makes another when its person changes: the same content, one gone, one come.
handed_over AS (
    SELECT g.source, min(g.source_key) AS gone_key, min(c.source_key) AS come_key
    FROM gone AS g
    INNER JOIN come AS c ON g.source = c.source AND g.content_key = c.content_key
    GROUP BY g.source, g.content_key
    HAVING count(*) = 1
),
pair AS (
    SELECT b.source, b.source_key AS before_key, a.source_key AS after_key
    FROM before AS b
    INNER JOIN after AS a USING (source, source_key)
    UNION ALL
    SELECT source, gone_key, come_key FROM handed_over
    UNION ALL
    SELECT source, source_key, NULL
    FROM gone
    ANTI JOIN handed_over ON gone.source = handed_over.source AND gone.source_key = handed_over.gone_key
    UNION ALL
    SELECT source, NULL, source_key
    FROM come
    ANTI JOIN handed_over ON come.source = handed_over.source AND come.source_key = handed_over.come_key
),
compared AS (
    SELECT
        p.source,
        coalesce(p.after_key, p.before_key) AS source_key,
        CASE
            WHEN p.after_key IS NULL THEN 'gone'
            WHEN p.before_key <> p.after_key THEN 'handed over'
            WHEN p.before_key IS NOT NULL THEN 'changed'
            WHEN EXISTS (
                SELECT 1
                FROM read_before AS r
                WHERE r.source = p.source AND a.start_date <= r.window_end AND a.end_date >= r.window_start
            ) THEN 'new'
            ELSE 'first seen'
        END AS status,
        concat_ws(
            ', ',
            if(b.person_key IS DISTINCT FROM a.person_key, 'person', NULL),
            if(row(b.project_key, b.work_item_key, b.leave_type_key)
                IS DISTINCT FROM row(a.project_key, a.work_item_key, a.leave_type_key), 'work', NULL),
            if(row(b.start_date, b.end_date) IS DISTINCT FROM row(a.start_date, a.end_date), 'dates', NULL),
            if(row(b.effort_unit, b.effort_amount) IS DISTINCT FROM row(a.effort_unit, a.effort_amount),
                'effort', NULL),
            if(b.is_tentative IS DISTINCT FROM a.is_tentative, 'tentative', NULL),
            if(b.is_billable IS DISTINCT FROM a.is_billable, 'billable', NULL),
            if(b.note IS DISTINCT FROM a.note, 'note', NULL)
        ) AS what,
        b.person AS person_before,
        a.person,
        b.project AS project_before,
        a.project,
        b.start_date AS start_before,
        a.start_date,
        b.end_date AS end_before,
        a.end_date,
        b.effort_amount::DOUBLE AS effort_before,
        a.effort_amount::DOUBLE AS effort,
        coalesce(a.effort_unit, b.effort_unit) AS effort_unit
    FROM pair AS p
    LEFT JOIN before AS b ON p.source = b.source AND p.before_key = b.source_key
    LEFT JOIN after AS a ON p.source = a.source AND p.after_key = a.source_key
)
SELECT * REPLACE (if(status IN ('changed', 'handed over'), what, NULL) AS what)
FROM compared
WHERE what <> ''
ORDER BY source, status, coalesce(project, project_before), coalesce(person, person_before), source_key
