-- The current bookings of the resources in temp `redo` with their numbers, in the order in which their days lie in the calendar. A tentative
-- project (or phase) makes its bookings tentative. counts_as: 0 holiday, 1 leave, 4 work (+ 1 tentative, + 2 billable).
CREATE OR REPLACE TEMP TABLE booking AS
WITH
named AS (
    SELECT
        r.resource_id,
        r.day_id_0,
        p.project_id,
        b.source,
        b.source_key,
        b.kind,
        b.work_item_key,
        w.name AS work_item,
        b.leave_type_key,
        l.name AS leave_type,
        b.start_date,
        b.end_date,
        b.effort_unit,
        b.effort_amount,
        b.is_billable,
        b.is_tentative OR coalesce(p.is_tentative, false) OR coalesce(w.is_tentative, false) AS is_tentative,
        b.allocate_on_time_off,
        b.vendor_hours,
        -- percent and ratio in millionths, hours in milliseconds: integers from here on
        CASE
            WHEN b.effort_unit IN ('percent', 'ratio_of_capacity') THEN (b.effort_amount * 1000000)::BIGINT
            ELSE (b.effort_amount * 3600000)::BIGINT
        END AS amount
    FROM core_booking_now AS b
    INNER JOIN mart_resource AS r ON b.source = r.source AND b.person_key IS NOT DISTINCT FROM r.person_key
    SEMI JOIN redo ON r.resource_id = redo.resource_id
    LEFT JOIN mart_project AS p ON b.source = p.source AND b.project_key = p.project_key
    LEFT JOIN core_work_item_now AS w ON b.source = w.source AND b.work_item_key = w.work_item_key
    LEFT JOIN core_leave_type_now AS l ON b.source = l.source AND b.leave_type_key = l.leave_type_key
)
SELECT
    (getvariable('last_booking_id') + row_number() OVER by_calendar)::INTEGER AS booking_id,
    *,
    CASE kind
        WHEN 'work' THEN 4 + is_tentative::INTEGER + 2 * is_billable::INTEGER
        WHEN 'leave' THEN 1
        ELSE 0
    END::UTINYINT AS counts_as
FROM named
WINDOW by_calendar AS (ORDER BY resource_id, project_id, start_date, source_key);
