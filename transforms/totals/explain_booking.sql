-- One booking as we last knew it, with its days over the whole span. Grain: day with hours; without any, one row
-- whose day is NULL. Unit: milliseconds. total_ms NULL: the booking is gone. Parameters: source, source_key.
WITH
last_version AS (
    SELECT *
    FROM core_booking
    WHERE source = $source AND source_key = $source_key
    QUALIFY row_number() OVER (ORDER BY known_from DESC) = 1
),
person AS (
    SELECT arg_max(name, known_from) AS name
    FROM core_person
    WHERE source = $source AND person_key = (SELECT person_key FROM last_version)
),
project AS (
    SELECT arg_max(name, known_from) AS name
    FROM core_project
    WHERE source = $source AND project_key = (SELECT project_key FROM last_version)
),
work_item AS (
    SELECT arg_max(name, known_from) AS name
    FROM core_work_item
    WHERE source = $source AND work_item_key = (SELECT work_item_key FROM last_version)
),
leave_type AS (
    SELECT arg_max(name, known_from) AS name
    FROM core_leave_type
    WHERE source = $source AND leave_type_key = (SELECT leave_type_key FROM last_version)
)
SELECT
    c.source_key,
    c.kind,
    person.name AS person,
    project.name AS project,
    work_item.name AS work_item,
    leave_type.name AS leave_type,
    c.effort_unit,
    c.effort_amount::DOUBLE AS effort_amount,
    c.start_date,
    c.end_date,
    coalesce(m.is_tentative, c.is_tentative) AS is_tentative,
    m.total_ms,
    m.flag,
    d.day,
    d.ms
FROM last_version AS c
CROSS JOIN person
CROSS JOIN project
CROSS JOIN work_item
CROSS JOIN leave_type
LEFT JOIN mart_booking AS m ON c.known_to IS NULL AND c.source = m.source AND c.source_key = m.source_key
LEFT JOIN mart_booking_day AS d ON m.booking_id = d.booking_id
ORDER BY d.day
