-- Which bookings find no working day, so that their work happens on no day at all?
-- Grain: source, booking with effort and without a single day that has hours. Units: hours.
-- lost_hours: a fixed amount keeps its total (it counts in no week); other efforts come to nothing. NULL: unknown.
SELECT
    b.source,
    b.source_key,
    b.kind,
    b.person,
    coalesce(b.project, b.leave_type) AS subject,
    b.start_date,
    b.end_date,
    b.effort_amount::DOUBLE AS effort_amount,
    b.effort_unit,
    if(b.total_ms > 0, b.total_hours, NULL) AS lost_hours,
    b.flag
FROM mart_booking AS b
ANTI JOIN mart_booking_day AS d ON b.source = d.source AND b.source_key = d.source_key
WHERE b.effort_amount > 0
ORDER BY b.source, b.start_date, b.source_key
