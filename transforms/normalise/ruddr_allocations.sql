-- What ruddr.allocation() makes of a row, for all rows of some pages at once.
-- Grain: one row of `wire_row`, that is one allocation on one page.
-- `is_sound` is false where a row breaks a rule that spans fields, or names what no list shows: its page is left
-- to the way row by row, which knows the reason to give or makes a stub.
WITH wire AS (
    SELECT
        *,
        'ruddr' AS source,
        assignment_type_id = 'project' AS is_work,
        CASE WHEN resource_type_id = 'member' THEN member.id ELSE placeholder.id END AS person_key,
        CASE WHEN assignment_type_id = 'project' THEN project.id END AS project_key,
        CASE WHEN assignment_type_id = 'project' THEN task.id END AS work_item_key,
        CASE WHEN assignment_type_id = 'time_off' THEN time_off_type.id END AS leave_type_key,
        CASE unit
            WHEN 'day' THEN 'hours_per_day'
            WHEN 'week' THEN 'hours_per_week'
            WHEN 'month' THEN 'hours_per_month'
            WHEN 'allocation' THEN 'hours_total'
            ELSE 'ratio_of_capacity'
        END AS effort_unit,
        CASE unit
            WHEN 'day' THEN hours_per_day
            WHEN 'week' THEN hours_per_week
            WHEN 'month' THEN hours_per_month
            WHEN 'allocation' THEN hours_per_allocation
            ELSE hours_ratio_of_capacity
        END AS amount
    FROM wire_row
)

SELECT
    w.source,
    CASE w.entity
        WHEN 'allocation' THEN w.id
        -- Ids of read-only rows may repeat: id and place together name them.
        ELSE concat_ws(':', w.entity, w.id, w.person_key, w.start_date, w.end_date)
    END AS source_key,
    CASE WHEN w.is_work THEN 'work' WHEN w.entity = 'holiday' THEN 'holiday' ELSE 'leave' END AS kind,
    w.resource_type_id AS resource_kind,
    w.person_key,
    w.project_key,
    w.work_item_key,
    w.leave_type_key,
    w.start_date,
    w.end_date,
    w.effort_unit,
    w.amount::VARCHAR::DECIMAL(18, 6) AS effort_amount,  -- by way of text: rounded as the decimal it was written as
    w.is_work AND coalesce(w.is_billable, false) AS is_billable,
    coalesce(w.booking_type_id = 'soft', false) AS is_tentative,
    w.allocate_on_time_off_days AS allocate_on_time_off,
    CASE WHEN w.entity <> 'allocation' THEN w.entity END AS read_only_kind,
    NULL::VARCHAR AS repetition_key,
    w.total_hours::VARCHAR::DECIMAL(18, 6) AS vendor_hours,
    nullif(w.notes, '') AS note,
    w.page_sha256,
    w.page_position,
    w.place,
    coalesce(
        w.amount IS NOT NULL
        AND date_diff('day', w.start_date, w.end_date) BETWEEN 0 AND $most_days - 1
        AND person.person_key IS NOT NULL
        -- Work names its project, time off its type (an official holiday is none, and may name none).
        AND (project.project_key IS NOT NULL OR NOT w.is_work)
        AND (w.leave_type_key IS NOT NULL OR w.is_work OR w.entity = 'holiday')
        AND (task.work_item_key IS NOT NULL OR w.work_item_key IS NULL)
        AND (leave.leave_type_key IS NOT NULL OR w.leave_type_key IS NULL),
        false
    ) AS is_sound
FROM wire AS w
LEFT JOIN core_person_now AS person USING (source, person_key)
LEFT JOIN core_project_now AS project USING (source, project_key)
LEFT JOIN core_work_item_now AS task USING (source, work_item_key)
LEFT JOIN core_leave_type_now AS leave USING (source, leave_type_key)
