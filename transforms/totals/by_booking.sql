-- Grain: booking, those that touch the dates. Units: hours over the whole span. drift: ours less the vendor's.
SELECT
    t.source,
    t.source_key,
    n.name AS person,
    p.name AS project,
    w.name AS work_item,
    l.name AS leave_type,
    t.kind,
    t.resource_kind,
    t.start_date AS "start",
    t.end_date AS "end",
    hours(t.total_ms) AS total_hours,
    t.vendor_hours::DOUBLE AS vendor_hours,
    hours(t.drift_ms) AS drift_hours,
    t.flag
FROM mart_booking AS t
LEFT JOIN core_person_now AS n USING (source, person_key)
LEFT JOIN core_project_now AS p USING (source, project_key)
LEFT JOIN core_work_item_now AS w USING (source, work_item_key)
LEFT JOIN core_leave_type_now AS l USING (source, leave_type_key)
WHERE
    t.end_date >= coalesce(?::DATE, DATE '0001-01-01')
    AND t.start_date <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY t.source, t.source_key
