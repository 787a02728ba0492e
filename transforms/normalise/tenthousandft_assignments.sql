-- What tenthousandft.assignment() makes of a row, for all rows of some pages at once.
-- Grain: one row of `wire_row`, that is one assignment on one page.
-- `is_sound` is false where a row breaks a rule that spans fields, or names what no list shows: its page is left
-- to the way row by row, which knows the reason to give or makes a stub.
WITH wire AS (
    SELECT
        *,
        CASE allocation_mode
            WHEN 'hours_per_day' THEN 'hours_per_day'
            WHEN 'fixed' THEN 'hours_total'
            WHEN 'fixed_hours' THEN 'hours_total'
            ELSE 'percent'
        END AS effort_unit,
        CASE allocation_mode
            WHEN 'hours_per_day' THEN hours_per_day
            WHEN 'fixed' THEN fixed_hours
            WHEN 'fixed_hours' THEN fixed_hours
            WHEN 'percent' THEN percent
            -- Without a mode it is percent; leave that says nothing of effort takes whole days (seed 003).
            ELSE CASE WHEN hours_per_day IS NULL AND fixed_hours IS NULL THEN coalesce(percent, 1) ELSE percent END
        END AS amount
    FROM wire_row
)

SELECT
    'tenthousandft' AS source,
    w.id AS source_key,
    CASE WHEN phase.work_item_key IS NOT NULL OR project.project_key IS NOT NULL THEN 'work' ELSE 'leave' END AS kind,
    CASE WHEN w.user_id IS NULL THEN 'unassigned' ELSE person.kind END AS resource_kind,
    w.user_id AS person_key,
    coalesce(phase.project_key, project.project_key) AS project_key,
    phase.work_item_key,
    CASE WHEN phase.work_item_key IS NULL AND project.project_key IS NULL THEN leave.leave_type_key END
        AS leave_type_key,
    w.starts_at AS start_date,
    w.ends_at AS end_date,
    w.effort_unit,
    w.amount::VARCHAR::DECIMAL(18, 6) AS effort_amount,  -- by way of text: rounded as the decimal it was written as
    (phase.work_item_key IS NOT NULL OR project.project_key IS NOT NULL) AND coalesce(w.bill_rate > 0, false)
        AS is_billable,
    false AS is_tentative,
    NULL::BOOLEAN AS allocate_on_time_off,
    NULL::VARCHAR AS read_only_kind,
    w.repetition_id AS repetition_key,
    NULL::DECIMAL(18, 6) AS vendor_hours,
    coalesce(nullif(w.note, ''), nullif(w.description, '')) AS note,
    w.page_sha256,
    w.page_position,
    w.place,
    coalesce(
        w.amount IS NOT NULL
        AND date_diff('day', w.starts_at, w.ends_at) BETWEEN 0 AND $most_days - 1
        AND (w.user_id IS NULL OR person.person_key IS NOT NULL)
        AND coalesce(phase.work_item_key, project.project_key, leave.leave_type_key) IS NOT NULL,
        false
    ) AS is_sound
FROM wire AS w
LEFT JOIN core_person_now AS person ON person.source = 'tenthousandft' AND person.person_key = w.user_id
LEFT JOIN core_work_item_now AS phase ON phase.source = 'tenthousandft' AND phase.work_item_key = w.assignable_id
LEFT JOIN core_project_now AS project ON project.source = 'tenthousandft' AND project.project_key = w.assignable_id
LEFT JOIN core_leave_type_now AS leave ON leave.source = 'tenthousandft' AND leave.leave_type_key = w.assignable_id
