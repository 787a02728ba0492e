-- The booking-days behind a number. Grain: booking, covered day with hours, inside the dates. Unit: milliseconds.
-- Parameters: source, first day, last day, person_key, whether to filter by person, project_key, same.
SELECT
    b.source_key,
    b.kind,
    b.person,
    b.project,
    b.work_item,
    b.leave_type,
    b.effort_unit,
    b.effort_amount::DOUBLE AS effort_amount,
    b.start_date,
    b.end_date,
    b.is_tentative,
    d.day,
    d.ms
FROM mart_booking_day AS d
INNER JOIN mart_booking AS b USING (booking_id)
SEMI JOIN mart_coverage AS v ON b.source = v.source AND d.day = v.day
WHERE
    b.source = $source
    AND b.kind IN ('work', 'leave')
    AND d.day BETWEEN $first AND $last
    AND (NOT $of_person OR b.person_key IS NOT DISTINCT FROM $person_key)
    AND (NOT $of_project OR b.project_key IS NOT DISTINCT FROM $project_key)
ORDER BY b.kind DESC, b.source_key, d.day
