-- Which bookings does the vendor count otherwise?
-- Grain: source, booking whose total differs from the vendor's by a minute or more. Units: hours over the whole span.
-- Only Ruddr gives totals. A difference is a rule we read otherwise, or a row edited by hand over there.
SELECT
    source,
    source_key,
    person,
    project,
    leave_type,
    start_date,
    end_date,
    effort_amount::DOUBLE AS effort_amount,
    effort_unit,
    total_hours,
    vendor_hours::DOUBLE AS vendor_hours,
    drift_hours,
    flag
FROM mart_booking
WHERE abs(drift_ms) >= 60000
ORDER BY abs(drift_ms) DESC, source, source_key
