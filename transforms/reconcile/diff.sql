-- Wanted records against the ledger and a fresh read of ftrack. Output: temp rec_unlike, rec_standing and rec_diff.

-- Grain: record of ours on this server. What we last wrote of it is `written`, JSON.
CREATE OR REPLACE TEMP VIEW rec_ours AS
SELECT r.* EXCLUDE (server, image, state, made_by, changed_by), r.image AS written
FROM push_record AS r
INNER JOIN rec_setting AS s USING (server)
WHERE r.state = 'live';

-- Wanted records and records in ftrack, whoever made them, that are not there and right: little, on most days, and
-- all that follows looks at nothing else. Grain: record that is wanted, in ftrack, or both and differs.
CREATE OR REPLACE TEMP TABLE rec_unlike AS
SELECT
    w.*,
    a.kind AS actual_kind,
    a.record_id AS actual_id,
    {
        user_id: a.user_id,
        project_id: a.project_id,
        task_id: a.task_id,
        assignment_type: a.assignment_type,
        allocation_type: a.allocation_type,
        name: a.name,
        start: a.start,
        "end": a."end",
        value_millionths: a.value_millionths,
        leave: a.leave,
        forecast: a.forecast
    } AS actual_image
FROM rec_want AS w
FULL OUTER JOIN ft_record AS a ON w.record_id = a.record_id
WHERE w.record_id IS NULL OR a.record_id IS NULL OR w.image IS DISTINCT FROM actual_image;

CREATE OR REPLACE TEMP VIEW rec_want_left AS
SELECT * EXCLUDE (actual_kind, actual_id, actual_image) FROM rec_unlike WHERE record_id IS NOT NULL;

CREATE OR REPLACE TEMP VIEW rec_actual_left AS
SELECT actual_kind AS kind, actual_id AS record_id, actual_image AS image FROM rec_unlike WHERE actual_id IS NOT NULL;

-- Hours of a record that has begun count from today on, in proportion to its calendar days. Unit: ms.
CREATE OR REPLACE TEMP MACRO future_ms(first_day, last_day, ms, today) AS
    CASE
        WHEN last_day < today THEN 0
        WHEN first_day >= today THEN ms
        ELSE ms * (last_day - today + 1) // (last_day - first_day + 1)
    END;

-- Records of ours, counted: what is in ftrack of them, with the hours still ahead, and the ids of those that are
-- `gone`. The one look at all of ours and all of ftrack. Grain: kind, user, project (NULL: leave).
CREATE OR REPLACE TEMP TABLE rec_standing AS
SELECT
    o.kind,
    o.about_user_id AS user_id,
    o.about_project_id AS project_id,
    count(a.record_id) AS records,
    sum(future_ms(a.start, a."end", o.ms, s.today))::BIGINT AS future_ms,
    list(o.record_id) FILTER (a.record_id IS NULL) AS gone
FROM rec_ours AS o
LEFT JOIN ft_record AS a ON o.record_id = a.record_id
CROSS JOIN rec_setting AS s
GROUP BY o.kind, o.about_user_id, o.about_project_id;

-- Grain: record of ours that is not in ftrack.
CREATE OR REPLACE TEMP TABLE rec_gone AS
SELECT unnest(gone) AS record_id FROM rec_standing;

-- Records of ours that are not wanted, there and right. Grain: such a record.
CREATE OR REPLACE TEMP TABLE rec_ours_left AS
SELECT *
FROM rec_ours
SEMI JOIN (
    SELECT record_id FROM rec_unlike
    UNION ALL
    SELECT actual_id FROM rec_unlike
    UNION ALL
    SELECT record_id FROM rec_gone
) AS unlike USING (record_id);

-- Records of others that already say what a new record of ours would. Grain: wanted record. One record of
-- theirs stands for one of ours.
CREATE OR REPLACE TEMP TABLE rec_foreign AS
WITH
meant AS (
    SELECT
        a.record_id,
        CASE
            WHEN a.kind = 'assignment' THEN concat_ws('|', a.kind, a.image.task_id, a.image.user_id)
            WHEN a.kind = 'team' THEN concat_ws('|', a.kind, a.image.project_id, a.image.user_id)
            ELSE concat_ws(
                '|', a.kind, a.image.user_id, a.image.start, a.image."end", a.image.value_millionths,
                if(t.dialect = 'studio', if(a.image.leave, 'leave', a.image.project_id), a.image.allocation_type)
            )
        END AS meaning
    FROM rec_actual_left AS a
    ANTI JOIN rec_ours_left AS o ON a.record_id = o.record_id
    ANTI JOIN rec_want_left AS w ON a.record_id = w.record_id
    CROSS JOIN rec_setting AS t
),
theirs AS (
    SELECT meaning, record_id, row_number() OVER (PARTITION BY meaning ORDER BY record_id) AS nth
    FROM meant
),
wanted AS (
    SELECT meaning, record_id, row_number() OVER (PARTITION BY meaning ORDER BY record_id) AS nth
    FROM rec_want_left
    ANTI JOIN rec_ours_left USING (record_id)
    ANTI JOIN rec_actual_left USING (record_id)
)
SELECT wanted.record_id, theirs.record_id AS foreign_id
FROM wanted
INNER JOIN theirs USING (meaning, nth);

-- Records of ours that no booking asks for any more. Grain: record.
CREATE OR REPLACE TEMP TABLE rec_loose AS
SELECT record_id, kind, source, source_key, about_user_id
FROM rec_ours_left
ANTI JOIN rec_want_left USING (record_id);

-- Their bookings. Grain: booking, by the last version that ended; `is_there`: and another did not end.
CREATE OR REPLACE TEMP TABLE rec_loose_booking AS
SELECT
    source,
    source_key,
    bool_or(known_to IS NULL) AS is_there,
    arg_max(closed_by, known_to) AS closed_by,
    arg_max(start_date, known_to) AS start_date,
    arg_max(end_date, known_to) AS end_date
FROM core_booking
SEMI JOIN rec_loose USING (source, source_key)
GROUP BY source, source_key;

-- Those that are gone from their source. Grain: booking without a current row. `is_proven`: the listing that lacked
-- it was complete; `is_listed`: and so was the latest one.
CREATE OR REPLACE TEMP TABLE rec_closed AS
WITH
latest AS (
    SELECT source, bool_and(complete) AS complete
    FROM (
        SELECT source, arg_max(complete, finished_at) AS complete
        FROM raw_snapshot
        WHERE stream IN ('assignments', 'allocations')
        GROUP BY source, stream, scope
    )
    GROUP BY source
)
SELECT
    v.source,
    v.source_key,
    v.start_date,
    v.end_date,
    coalesce(s.complete, false) AS is_proven,
    coalesce(l.complete, false) AS is_listed
FROM rec_loose_booking AS v
LEFT JOIN raw_snapshot AS s ON v.closed_by = s.snapshot_id
LEFT JOIN latest AS l ON v.source = l.source
WHERE NOT v.is_there;

-- Assignments and team memberships that a booking may still stand behind although it can no longer be
-- matched: its person and its project or task are those that earlier pushes of ours remember.
CREATE OR REPLACE TEMP TABLE rec_uncertain AS
SELECT source, person_key, user_id, project_key, work_item_key, status
FROM rec_booking
WHERE
    kind = 'work'
    AND (
        status NOT IN ('ok', 'placeholder', 'unassigned', 'tentative')
        OR (status = 'ok' AND work_item_key IS NOT NULL AND task_id IS NULL)
    );

-- The assignments and memberships. Grain: kind, user, task or project.
CREATE OR REPLACE TEMP TABLE rec_doubt AS
WITH
person AS (
    SELECT DISTINCT source, person_key, about_user_id AS user_id
    FROM rec_ours
    SEMI JOIN rec_uncertain USING (source, person_key)
    UNION
    SELECT source, person_key, user_id FROM rec_uncertain WHERE user_id IS NOT NULL
),
context AS (
    SELECT DISTINCT kind, source, work_item_key AS context_key, written ->> 'task_id' AS context_id
    FROM rec_ours
    SEMI JOIN rec_uncertain USING (source, work_item_key)
    WHERE kind = 'assignment'
    UNION
    SELECT DISTINCT 'team', source, project_key, about_project_id
    FROM rec_ours
    SEMI JOIN rec_uncertain USING (source, project_key)
    WHERE about_project_id IS NOT NULL
)
SELECT DISTINCT context.kind, person.user_id, context.context_id
FROM rec_uncertain AS u
INNER JOIN person ON u.source = person.source AND u.person_key = person.person_key
INNER JOIN context
    ON u.source = context.source
    AND context.context_key = if(context.kind = 'team', u.project_key, u.work_item_key)
WHERE context.kind = 'assignment' OR u.status <> 'ok';

-- The same, and what we last wrote of each as an image. Grain: record of ours that is not simply kept.
CREATE OR REPLACE TEMP TABLE rec_written AS
WITH
parsed AS (
    SELECT
        * EXCLUDE (written),
        from_json(
            written,
            '{"user_id": "VARCHAR", "project_id": "VARCHAR", "task_id": "VARCHAR", "assignment_type": "VARCHAR",
              "allocation_type": "VARCHAR", "name": "VARCHAR", "start": "DATE", "end": "DATE",
              "value": "DECIMAL(18,6)", "leave": "BOOLEAN", "forecast": "BOOLEAN"}'
        ) AS j
    FROM rec_ours_left
)
SELECT
    * EXCLUDE (j),
    {
        user_id: j.user_id,
        project_id: j.project_id,
        task_id: j.task_id,
        assignment_type: j.assignment_type,
        allocation_type: j.allocation_type,
        name: j.name,
        start: j.start,
        "end": j."end",
        value_millionths: (j.value * 1000000)::BIGINT,
        leave: j.leave,
        forecast: j.forecast
    } AS image
FROM parsed;

-- What speaks for taking a record of ours away that is no longer wanted. Grain: such a record.
CREATE OR REPLACE TEMP TABLE rec_unwanted AS
SELECT
    o.record_id,
    coalesce(i.image.start, b.start_date, c.start_date) AS start_date,
    coalesce(i.image."end", b.end_date, c.end_date) AS end_date,
    CASE
        WHEN s.source IS NULL THEN 'its planner is not in the configuration'
        WHEN d.kind IS NOT NULL THEN 'a booking behind it is no longer matched'
        WHEN b.status IN ('placeholder', 'unassigned', 'tentative') THEN 'booking is now ' || b.status
        WHEN b.status = 'ok' AND x.source IS NOT NULL THEN 'the other planner has the say'
        WHEN b.status = 'ok' THEN 'booking changed'
        WHEN b.status IS NOT NULL THEN 'its booking is no longer matched (' || b.status || ')'
        WHEN k.source IS NOT NULL THEN 'booking has no hours left'
        WHEN c.is_proven AND c.is_listed THEN 'booking gone'
        WHEN c.is_proven THEN 'booking gone, but the latest listing is incomplete'
        ELSE 'no complete listing proves that its booking is gone'
    END AS rule,
    rule IN (
        'booking is now placeholder', 'booking is now unassigned', 'booking is now tentative',
        'the other planner has the say', 'booking changed', 'booking has no hours left', 'booking gone'
    ) AS is_evident
FROM rec_loose AS o
INNER JOIN rec_written AS i ON o.record_id = i.record_id
LEFT JOIN rec_source AS s ON o.source = s.source
LEFT JOIN (FROM rec_booking SEMI JOIN rec_loose USING (source, source_key)) AS b
    ON o.source = b.source AND o.source_key = b.source_key
LEFT JOIN (FROM rec_loose_booking WHERE is_there) AS k ON o.source = k.source AND o.source_key = k.source_key
LEFT JOIN rec_closed AS c ON o.source = c.source AND o.source_key = c.source_key
LEFT JOIN (
    SELECT DISTINCT source, source_key FROM rec_day SEMI JOIN rec_loose USING (source, source_key) WHERE is_suppressed
) AS x
    ON o.source = x.source AND o.source_key = x.source_key
LEFT JOIN rec_doubt AS d
    ON o.kind = d.kind
    AND o.about_user_id = d.user_id
    AND d.context_id = if(o.kind = 'team', i.image.project_id, i.image.task_id);

-- Records an earlier push left half done, where a server did not undo a list it refused or a process died: an
-- allocation without its person, whose last change in the ledger is ours and not done. Grain: such a record.
CREATE OR REPLACE TEMP TABLE rec_half AS
WITH
last_word AS (
    SELECT c.record_id, c.kind, c.action, c.status, c.origin
    FROM push_change AS c
    INNER JOIN push_plan AS p USING (plan_sha256)
    INNER JOIN rec_setting AS s USING (server)
    SEMI JOIN rec_actual_left AS a
        ON c.record_id = a.record_id AND a.kind = 'allocation' AND a.image.user_id IS NULL
    QUALIFY row_number() OVER (PARTITION BY c.record_id ORDER BY p.started_at DESC, p.plan_sha256 DESC) = 1
)
SELECT * FROM last_word WHERE status <> 'done';

-- The verdict on every record that is wanted or ours and not simply kept. `before` is the fresh read, `after`
-- the wanted image.
CREATE OR REPLACE TEMP TABLE rec_diff AS
WITH
side AS (
    SELECT
        * EXCLUDE (actual_kind, actual_image),
        if(actual_id IS NULL, NULL, actual_image) AS actual_image,
        coalesce(record_id, actual_id) AS either_id
    FROM rec_unlike
),
joined AS (
    SELECT
        coalesce(w.kind, o.kind) AS kind,
        coalesce(w.record_id, o.record_id) AS record_id,
        w.record_id IS NOT NULL AS is_wanted,
        o.record_id IS NOT NULL AS is_ours,
        w.actual_id IS NOT NULL AS is_there,
        h.action AS half,
        o.image IS NOT DISTINCT FROM w.actual_image OR coalesce(h.action = 'delete', false) AS is_untouched,
        f.foreign_id,
        u.rule AS unwanted_rule,
        u.is_evident,
        t.delete_from IS NULL
        OR coalesce(u.start_date <= t.delete_to AND u.end_date >= t.delete_from, false) AS is_in_window,
        t.overwrite_edits,
        t.recreate_deleted,
        w.actual_image AS before,
        w.image AS after,
        coalesce(w.source, o.source) AS source,
        coalesce(w.source_key, o.source_key) AS source_key,
        coalesce(w.run, o.run) AS run,
        coalesce(w.content_key, o.content_key) AS content_key,
        coalesce(w.person_key, o.person_key) AS person_key,
        if(w.record_id IS NULL, o.project_key, w.project_key) AS project_key,
        if(w.record_id IS NULL, o.work_item_key, w.work_item_key) AS work_item_key,
        coalesce(w.about_user_id, o.about_user_id) AS about_user_id,
        if(w.record_id IS NULL, o.about_project_id, w.about_project_id) AS about_project_id,
        o.about_user_id AS old_user_id,
        o.about_project_id AS old_project_id,
        coalesce(o.ms, 0) AS before_ms,
        coalesce(w.ms, 0) AS after_ms
    FROM side AS w
    FULL OUTER JOIN rec_written AS o ON w.either_id = o.record_id
    LEFT JOIN rec_foreign AS f ON w.record_id = f.record_id
    LEFT JOIN rec_unwanted AS u ON o.record_id = u.record_id
    LEFT JOIN rec_half AS h ON coalesce(w.record_id, o.record_id) = h.record_id
    CROSS JOIN rec_setting AS t
    WHERE w.record_id IS NOT NULL OR o.record_id IS NOT NULL
)
SELECT
    *,
    CASE
        WHEN is_wanted AND NOT is_there AND is_ours THEN if(recreate_deleted, 'create', 'blocked')
        WHEN is_wanted AND NOT is_there THEN if(foreign_id IS NULL, 'create', 'blocked')
        WHEN is_wanted AND NOT is_ours AND half = 'create' THEN 'create'
        WHEN is_wanted AND NOT is_ours THEN 'blocked'
        WHEN is_wanted THEN if(is_untouched OR overwrite_edits, 'update', 'blocked')
        WHEN NOT is_there THEN 'gone'
        WHEN NOT is_evident THEN 'blocked'
        WHEN NOT is_untouched THEN 'blocked'
        WHEN NOT is_in_window THEN 'outside window'
        ELSE 'delete'
    END AS verdict,
    CASE
        WHEN is_wanted AND NOT is_there AND is_ours
            THEN if(recreate_deleted, 'deleted in ftrack, made again by policy', 'deleted in ftrack by somebody')
        WHEN is_wanted AND NOT is_there THEN if(foreign_id IS NULL, 'booking', 'somebody made the same record')
        WHEN is_wanted AND NOT is_ours AND half = 'create' THEN 'half made by an earlier push'
        WHEN is_wanted AND NOT is_ours THEN 'the ledger does not know this record'
        WHEN is_wanted AND is_untouched THEN 'booking changed'
        WHEN is_wanted
            THEN if(overwrite_edits, 'overwrites an edit made in ftrack, by policy', 'changed in ftrack by somebody')
        WHEN NOT is_there THEN NULL
        WHEN is_evident AND NOT is_untouched THEN 'changed in ftrack by somebody'
        ELSE unwanted_rule
    END AS rule
FROM joined;

-- What was half made and is not wanted any more goes.
INSERT INTO rec_diff BY NAME
SELECT
    h.kind,
    h.record_id,
    false AS is_wanted,
    false AS is_ours,
    true AS is_there,
    h.action AS half,
    true AS is_untouched,
    a.image AS before,
    h.origin ->> 'source' AS source,
    h.origin ->> 'source_key' AS source_key,
    (h.origin ->> 'run')::INTEGER AS run,
    h.origin ->> 'content_key' AS content_key,
    h.origin ->> 'person_key' AS person_key,
    h.origin ->> 'project_key' AS project_key,
    h.origin ->> 'work_item_key' AS work_item_key,
    h.origin ->> 'about_user_id' AS about_user_id,
    h.origin ->> 'about_project_id' AS about_project_id,
    0 AS before_ms,
    0 AS after_ms,
    'delete' AS verdict,
    'half made by an earlier push' AS rule
FROM rec_half AS h
INNER JOIN rec_actual_left AS a ON h.record_id = a.record_id
ANTI JOIN rec_want_left AS w ON h.record_id = w.record_id
ANTI JOIN rec_ours_left AS o ON h.record_id = o.record_id
WHERE h.action = 'create';
