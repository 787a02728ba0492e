-- Grain: person, project or work item with hours and without a certain counterpart in ftrack, and project that
-- the configuration names in vain. Unit: ms.
CREATE OR REPLACE TEMP TABLE plan_unmatched AS
WITH
used AS (
    SELECT 'person' AS kind, source, person_key AS source_key, ms FROM rec_booking
    UNION ALL
    SELECT 'project', source, project_key, ms FROM rec_booking
    UNION ALL
    SELECT 'work_item', source, work_item_key, ms FROM rec_booking
)
SELECT
    i.kind,
    i.source,
    i.source_key AS key,
    i.name,
    i.status,
    i.reason,
    coalesce(i.suggestions, []) AS suggestions,
    count(*) AS bookings,
    sum(u.ms)::BIGINT AS ms
FROM rec_identity AS i
INNER JOIN used AS u USING (kind, source, source_key)
WHERE i.status <> 'matched'
GROUP BY ALL
UNION ALL
SELECT
    'authority',
    source,
    project,
    project,
    'unmatched',
    '[authority] projects names a project that is not matched in ftrack',
    [],
    0,
    0
FROM rec_authority
WHERE norm(project) NOT IN (SELECT name FROM rec_project_name WHERE name IS NOT NULL)
ORDER BY kind, source, name, key;
