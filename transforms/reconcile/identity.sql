-- Who is who and what is what: planners' people, projects and work items against ftrack's.
-- Output: temp rec_identity. Grain: kind (person | project | work_item), source, source key; no units.
-- Order of evidence: the studio's own file, then e-mail (code), then the exact name. Names are compared
-- without regard to case and spacing. More than one candidate on either side is ambiguous, never a guess.

CREATE OR REPLACE TEMP MACRO norm(text) AS
    nullif(lower(trim(regexp_replace(nfc_normalize(text), '\s+', ' ', 'g'))), '');

CREATE OR REPLACE TEMP TABLE rec_identity (
    kind VARCHAR,
    source VARCHAR,
    source_key VARCHAR,
    name VARCHAR,
    ftrack_id VARCHAR,       -- NULL unless matched
    status VARCHAR,          -- matched | left out | unmatched | ambiguous
    rule VARCHAR,            -- file | e-mail | code | name
    reason VARCHAR,          -- for a person to read; NULL when matched
    suggestions VARCHAR[]
);

CREATE OR REPLACE TEMP TABLE rec_user AS
SELECT user_id, is_active, name, username, norm(email) AS match_email, norm(name) AS match_name
FROM ft_user;

-- People. Several users with one e-mail are one person with several accounts: the only active one is meant.
INSERT INTO rec_identity
WITH
person AS (
    SELECT source, person_key, name, norm(email) AS match_email, norm(name) AS match_name
    FROM core_person_now
    WHERE kind = 'member'
),
by_email AS (
    SELECT
        p.source,
        p.person_key,
        count(*) AS users,
        CASE
            WHEN count(*) = 1 THEN min(u.user_id)
            WHEN count(*) FILTER (u.is_active) = 1 THEN min(u.user_id) FILTER (u.is_active)
        END AS user_id
    FROM person AS p
    INNER JOIN rec_user AS u USING (match_email)
    GROUP BY p.source, p.person_key
),
user_name AS (
    SELECT match_name, count(*) AS users, min(user_id) AS user_id FROM rec_user GROUP BY match_name
),
person_name AS (
    SELECT source, match_name, count(*) AS people FROM person GROUP BY source, match_name
),
evidence AS (
    SELECT
        p.source,
        p.person_key,
        p.name,
        x.ftrack_id AS file_id,
        x.source IS NOT NULL AS in_file,
        k.user_id AS known_id,
        e.users AS email_users,
        e.user_id AS email_id,
        n.users AS name_users,
        pn.people,
        n.user_id AS name_id,
        t.user_id IS NOT NULL AS name_taken
    FROM person AS p
    LEFT JOIN rec_exception AS x ON x.kind = 'person' AND p.source = x.source AND p.person_key = x.source_key
    LEFT JOIN rec_user AS k ON x.ftrack_id = k.user_id
    LEFT JOIN by_email AS e ON p.source = e.source AND p.person_key = e.person_key
    LEFT JOIN user_name AS n ON p.match_name = n.match_name
    LEFT JOIN person_name AS pn ON p.source = pn.source AND p.match_name = pn.match_name
    LEFT JOIN (SELECT DISTINCT source, user_id FROM by_email) AS t
        ON p.source = t.source AND n.user_id = t.user_id
),
judged AS (
    SELECT
        *,
        CASE
            WHEN in_file AND file_id IS NULL THEN 'left out'
            WHEN in_file THEN if(known_id IS NULL, 'unmatched', 'matched')
            WHEN email_users IS NOT NULL THEN if(email_id IS NULL, 'ambiguous', 'matched')
            WHEN name_users IS NULL OR name_taken THEN 'unmatched'
            WHEN name_users > 1 OR people > 1 THEN 'ambiguous'
            ELSE 'matched'
        END AS status
    FROM evidence
)
SELECT
    'person',
    source,
    person_key,
    name,
    if(status = 'matched', coalesce(known_id, email_id, name_id), NULL),
    status,
    CASE WHEN in_file THEN 'file' WHEN email_users IS NOT NULL THEN 'e-mail' ELSE 'name' END,
    CASE
        WHEN status = 'matched' THEN NULL
        WHEN status = 'left out' THEN 'left out by the exceptions file'
        WHEN in_file THEN 'the exceptions file names a user that ftrack does not have'
        WHEN email_users IS NOT NULL THEN 'several users in ftrack have this e-mail'
        WHEN name_taken THEN 'the user of this name in ftrack has the e-mail of somebody else'
        WHEN name_users > 1 THEN 'several users in ftrack have this name'
        WHEN people > 1 THEN 'several people have this name in the planner'
        ELSE 'no user in ftrack has this e-mail or name'
    END,
    NULL
FROM judged;

-- Projects. An ftrack project's `name` is its code, its `full_name` the name people say.
INSERT INTO rec_identity
WITH
project AS (
    SELECT source, project_key, name, norm(code) AS match_code, norm(name) AS match_name
    FROM core_project_now
),
target AS (
    SELECT project_id, norm(code) AS match_code, norm(name) AS match_name FROM ft_project
),
target_code AS (
    SELECT match_code, count(*) AS targets, min(project_id) AS project_id FROM target GROUP BY match_code
),
target_name AS (
    SELECT match_name, count(DISTINCT project_id) AS targets, min(project_id) AS project_id
    FROM (SELECT match_name, project_id FROM target UNION ALL SELECT match_code, project_id FROM target)
    GROUP BY match_name
),
project_name AS (
    SELECT source, match_name, count(*) AS projects FROM project GROUP BY source, match_name
),
evidence AS (
    SELECT
        p.source,
        p.project_key,
        p.name,
        x.ftrack_id AS file_id,
        x.source IS NOT NULL AS in_file,
        k.project_id AS known_id,
        c.targets AS code_targets,
        c.project_id AS code_id,
        n.targets AS name_targets,
        n.project_id AS name_id,
        pn.projects
    FROM project AS p
    LEFT JOIN rec_exception AS x ON x.kind = 'project' AND p.source = x.source AND p.project_key = x.source_key
    LEFT JOIN ft_project AS k ON x.ftrack_id = k.project_id
    LEFT JOIN target_code AS c ON p.match_code = c.match_code
    LEFT JOIN target_name AS n ON p.match_name = n.match_name
    LEFT JOIN project_name AS pn ON p.source = pn.source AND p.match_name = pn.match_name
),
judged AS (
    SELECT
        *,
        CASE
            WHEN in_file AND file_id IS NULL THEN 'left out'
            WHEN in_file THEN if(known_id IS NULL, 'unmatched', 'matched')
            WHEN code_targets IS NOT NULL THEN if(code_targets > 1, 'ambiguous', 'matched')
            WHEN name_targets IS NULL THEN 'unmatched'
            WHEN name_targets > 1 OR projects > 1 THEN 'ambiguous'
            ELSE 'matched'
        END AS status
    FROM evidence
)
SELECT
    'project',
    source,
    project_key,
    name,
    if(status = 'matched', coalesce(known_id, code_id, name_id), NULL),
    status,
    CASE WHEN in_file THEN 'file' WHEN code_targets IS NOT NULL THEN 'code' ELSE 'name' END,
    CASE
        WHEN status = 'matched' THEN NULL
        WHEN status = 'left out' THEN 'left out by the exceptions file'
        WHEN in_file THEN 'the exceptions file names a project that ftrack does not have'
        WHEN code_targets > 1 THEN 'several projects in ftrack have this code'
        WHEN name_targets > 1 THEN 'several projects in ftrack have this name'
        WHEN projects > 1 THEN 'several projects have this name in the planner'
        ELSE 'no project in ftrack has this code or name'
    END,
    NULL
FROM judged;

-- Phases and tasks, by name among the tasks of the matched project.
INSERT INTO rec_identity
WITH
task_name AS (
    SELECT project_id, norm(name) AS match_name, count(*) AS tasks, min(task_id) AS task_id
    FROM ft_task
    GROUP BY ALL
),
evidence AS (
    SELECT
        w.source,
        w.work_item_key,
        w.name,
        x.ftrack_id AS file_id,
        x.source IS NOT NULL AS in_file,
        k.task_id AS known_id,
        p.ftrack_id AS project_id,
        t.tasks,
        t.task_id
    FROM core_work_item_now AS w
    LEFT JOIN rec_exception AS x
        ON x.kind = 'work_item' AND w.source = x.source AND w.work_item_key = x.source_key
    LEFT JOIN ft_task AS k ON x.ftrack_id = k.task_id
    LEFT JOIN rec_identity AS p
        ON p.kind = 'project' AND w.source = p.source AND w.project_key = p.source_key
    LEFT JOIN task_name AS t ON p.ftrack_id = t.project_id AND norm(w.name) = t.match_name
),
judged AS (
    SELECT
        *,
        CASE
            WHEN in_file AND file_id IS NULL THEN 'left out'
            WHEN in_file THEN if(known_id IS NULL, 'unmatched', 'matched')
            WHEN tasks IS NULL THEN 'unmatched'
            WHEN tasks > 1 THEN 'ambiguous'
            ELSE 'matched'
        END AS status
    FROM evidence
)
SELECT
    'work_item',
    source,
    work_item_key,
    name,
    if(status = 'matched', coalesce(known_id, task_id), NULL),
    status,
    if(in_file, 'file', 'name'),
    CASE
        WHEN status = 'matched' THEN NULL
        WHEN status = 'left out' THEN 'left out by the exceptions file'
        WHEN in_file THEN 'the exceptions file names a task that ftrack does not have'
        WHEN project_id IS NULL THEN 'its project is not matched'
        WHEN tasks > 1 THEN 'several tasks of the project in ftrack have this name'
        ELSE 'no task of the project in ftrack has this name'
    END,
    NULL
FROM judged;

-- Suggestions for what is unmatched or ambiguous. They are only ever shown: nothing is matched by them.
-- Names are compared without accents, also with their words in order ("Lovelace, Ada"); the same mailbox at
-- another domain, or with a +tag, is a person's best sign of all.
CREATE OR REPLACE TEMP MACRO plain_name(text) AS strip_accents(norm(text));

CREATE OR REPLACE TEMP MACRO sorted_words(text) AS
    array_to_string(list_sort(list_filter(string_split_regex(plain_name(text), '[^\pL\pN]+'), word -> word <> '')), ' ');

CREATE OR REPLACE TEMP MACRO mailbox(email) AS
    nullif(regexp_replace(split_part(norm(email), '@', 1), '\+.*$', ''), '');

CREATE OR REPLACE TEMP TABLE rec_candidate AS
SELECT
    kind,
    ftrack_id,
    project_id,
    plain_name(name) AS match_name,
    sorted_words(name) AS match_words,
    mailbox(email) AS match_mailbox,
    label
FROM (
    SELECT
        'person' AS kind,
        user_id AS ftrack_id,
        NULL AS project_id,
        name,
        email,
        concat_ws(' ', name, '<' || norm(email) || '>') AS label
    FROM ft_user
    UNION ALL
    SELECT 'project', project_id, NULL, name, NULL, concat_ws(' ', code, name)
    FROM ft_project
    UNION ALL
    SELECT 'work_item', task_id, project_id, name, NULL, name
    FROM ft_task
);

-- Grain: unmatched or ambiguous row, its three best candidates; place 1 is the best. Unit: similarity, 0 to 1.
CREATE OR REPLACE TEMP TABLE rec_suggestion AS
WITH
open AS (
    SELECT
        o.kind,
        o.source,
        o.source_key,
        plain_name(o.name) AS match_name,
        sorted_words(o.name) AS match_words,
        mailbox(h.email) AS match_mailbox,
        p.ftrack_id AS project_id
    FROM rec_identity AS o
    LEFT JOIN core_person_now AS h
        ON o.kind = 'person' AND o.source = h.source AND o.source_key = h.person_key
    LEFT JOIN core_work_item_now AS w
        ON o.kind = 'work_item' AND o.source = w.source AND o.source_key = w.work_item_key
    LEFT JOIN rec_identity AS p
        ON p.kind = 'project' AND w.source = p.source AND w.project_key = p.source_key
    WHERE o.status IN ('unmatched', 'ambiguous')
),
scored AS (
    SELECT
        o.kind,
        o.source,
        o.source_key,
        t.ftrack_id,
        t.label,
        greatest(
            jaro_winkler_similarity(o.match_name, t.match_name),
            jaro_similarity(o.match_words, t.match_words),  -- no bonus for a common first word
            if(o.match_mailbox = t.match_mailbox, 1, 0)
        ) AS score
    FROM open AS o
    INNER JOIN rec_candidate AS t ON o.kind = t.kind AND o.project_id IS NOT DISTINCT FROM t.project_id
)
SELECT
    *,
    (row_number() OVER (PARTITION BY kind, source, source_key ORDER BY score DESC, ftrack_id))::INTEGER AS place
FROM scored
WHERE score >= 0.87
QUALIFY place <= 3;

UPDATE rec_identity AS i
SET suggestions = s.suggestions
FROM (
    SELECT kind, source, source_key, list(label || ' (' || ftrack_id || ')' ORDER BY place) AS suggestions
    FROM rec_suggestion
    GROUP BY kind, source, source_key
) AS s
WHERE i.kind = s.kind AND i.source = s.source AND i.source_key = s.source_key;
