-- What each booking is in ftrack, and which planner's word holds where both book the same days.

-- Whether a booking can be pushed. Grain: current booking with hours, holidays left out. Unit: milliseconds.
-- status 'ok' is pushed; 'placeholder', 'unassigned', 'tentative' are knowingly not pushed; the others could
-- not be matched, and what they may have made before is left alone.
CREATE OR REPLACE TEMP TABLE rec_booking AS
WITH
hours AS (
    SELECT source, source_key, sum(ms)::BIGINT AS ms, bool_or(is_tentative) AS is_tentative
    FROM mart_booking_day
    GROUP BY source, source_key
)
SELECT
    b.source,
    b.source_key,
    b.content_key,
    b.kind,
    b.person_key,
    b.project_key,
    b.work_item_key,
    b.start_date,
    b.end_date,
    h.ms,
    h.is_tentative,
    person.ftrack_id AS user_id,
    project.ftrack_id AS project_id,
    item.ftrack_id AS task_id,
    p.name AS person,
    coalesce(j.name, l.name, 'leave') AS about,
    CASE WHEN b.kind = 'work' THEN coalesce(w.name, j.name, b.project_key) ELSE l.name END AS title,
    CASE
        WHEN b.resource_kind = 'placeholder' THEN 'placeholder'
        WHEN b.resource_kind = 'unassigned' THEN 'unassigned'
        WHEN coalesce(person.status, 'unmatched') <> 'matched'
            THEN coalesce(person.status, 'unmatched') || ' person'
        WHEN b.kind = 'work' AND coalesce(project.status, 'unmatched') <> 'matched'
            THEN coalesce(project.status, 'unmatched') || ' project'
        WHEN h.is_tentative AND s.hold_tentative THEN 'tentative'
        ELSE 'ok'
    END AS status
FROM core_booking_now AS b
INNER JOIN rec_source USING (source)
INNER JOIN hours AS h ON b.source = h.source AND b.source_key = h.source_key
CROSS JOIN rec_setting AS s
LEFT JOIN core_person_now AS p ON b.source = p.source AND b.person_key = p.person_key
LEFT JOIN core_project_now AS j ON b.source = j.source AND b.project_key = j.project_key
LEFT JOIN core_work_item_now AS w ON b.source = w.source AND b.work_item_key = w.work_item_key
LEFT JOIN core_leave_type_now AS l ON b.source = l.source AND b.leave_type_key = l.leave_type_key
LEFT JOIN rec_identity AS person
    ON person.kind = 'person' AND b.source = person.source AND b.person_key = person.source_key
LEFT JOIN rec_identity AS project
    ON project.kind = 'project' AND b.source = project.source AND b.project_key = project.source_key
LEFT JOIN rec_identity AS item
    ON item.kind = 'work_item' AND b.source = item.source AND b.work_item_key = item.source_key
WHERE b.kind IN ('work', 'leave');

-- Days of the bookings that can be pushed. Grain: booking, day with hours. `project_id` is '' for leave.
CREATE OR REPLACE TEMP TABLE rec_claim AS
SELECT
    b.source,
    b.source_key,
    b.person_key,
    b.user_id,
    if(b.kind = 'leave', '', b.project_id) AS project_id,
    d.day,
    d.ms
FROM rec_booking AS b
INNER JOIN mart_booking_day AS d USING (source, source_key)
WHERE b.status = 'ok';

-- Names by which the configuration may call an ftrack project: its own and those of the planners' projects
-- matched to it. Grain: project, name.
CREATE OR REPLACE TEMP TABLE rec_project_name AS
SELECT project_id, norm(code) AS name FROM ft_project
UNION
SELECT project_id, norm(name) FROM ft_project
UNION
SELECT i.ftrack_id, norm(j.code)
FROM rec_identity AS i
INNER JOIN core_project_now AS j ON i.source = j.source AND i.source_key = j.project_key
WHERE i.kind = 'project' AND i.ftrack_id IS NOT NULL
UNION
SELECT ftrack_id, norm(name) FROM rec_identity WHERE kind = 'project' AND ftrack_id IS NOT NULL;

-- Each planner's rank for each ftrack project ('' for leave): the project's own authority, the default, the
-- order of the configuration. Grain: project, source; the lowest wins.
CREATE OR REPLACE TEMP TABLE rec_rank AS
WITH
named AS (
    SELECT DISTINCT n.project_id, a.source
    FROM rec_authority AS a
    INNER JOIN rec_project_name AS n ON norm(a.project) = n.name
),
project AS (
    SELECT project_id FROM ft_project
    UNION ALL
    SELECT ''
)
SELECT
    p.project_id,
    s.source,
    CASE WHEN n.source IS NOT NULL THEN -2 WHEN s.source = t.default_source THEN -1 ELSE s.position END AS rank
FROM project AS p
CROSS JOIN rec_source AS s
CROSS JOIN rec_setting AS t
LEFT JOIN named AS n ON p.project_id = n.project_id AND s.source = n.source;

-- Where both book one person on one project (or leave) and day. Grain: user, project, day, losing source.
CREATE OR REPLACE TEMP TABLE rec_suppressed AS
WITH
side AS (
    SELECT user_id, project_id, day, source, sum(ms)::BIGINT AS ms
    FROM rec_claim
    GROUP BY user_id, project_id, day, source
),
ranked AS (
    SELECT
        side.*,
        first_value(side.source) OVER by_rank AS winner,
        first_value(side.ms) OVER by_rank AS winner_ms
    FROM side
    INNER JOIN rec_rank USING (project_id, source)
    WINDOW by_rank AS (PARTITION BY user_id, project_id, day ORDER BY rank, source)
)
SELECT user_id, project_id, day, source, ms, winner, winner_ms
FROM ranked
WHERE source <> winner;

-- The same by week, for people to read. Hours differ by less than a minute a day: the planners agree.
CREATE OR REPLACE TEMP TABLE rec_conflict AS
SELECT
    user_id,
    project_id,
    date_trunc('week', day)::DATE AS week,
    winner,
    source AS loser,
    count(*)::INTEGER AS days,
    sum(winner_ms)::BIGINT AS winner_ms,
    sum(ms)::BIGINT AS loser_ms,
    bool_and(abs(winner_ms - ms) < 60000) AS agrees
FROM rec_suppressed
GROUP BY user_id, project_id, date_trunc('week', day), winner, source;
