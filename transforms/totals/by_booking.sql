-- Grain: booking, those that touch the dates. Units: hours over the whole span. drift: ours less the vendor's.
SELECT
    source,
    source_key,
    person,
    project,
    work_item,
    leave_type,
    kind,
    resource_kind,
    start_date AS "start",
    end_date AS "end",
    hours(total_ms) AS total_hours,
    vendor_hours::DOUBLE AS vendor_hours,
    hours(drift_ms) AS drift_hours,
    is_tentative,
    flag
FROM mart_booking
WHERE
    end_date >= coalesce(?::DATE, DATE '0001-01-01')
    AND start_date <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY source, source_key
