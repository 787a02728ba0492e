-- Work booked twice in one planner: same person, work, days and effort. Grain: source, person, what is booked.
-- hours: what is counted beyond the first.
SELECT
    b.source,
    b.person,
    b.email,
    b.project,
    b.work_item,
    b.start_date,
    b.end_date,
    count(*)::INTEGER AS bookings,
    list(b.source_key ORDER BY b.source_key) AS source_keys,
    hours(sum(b.total_ms) - max(b.total_ms)) AS hours
FROM mart_booking AS b
INNER JOIN core_booking_now AS k USING (source, source_key)
WHERE b.kind = 'work' AND b.resource_kind = 'member'
GROUP BY
    b.source, b.person_key, b.person, b.email, b.project, b.work_item, b.start_date, b.end_date, k.content_key
HAVING count(*) > 1
ORDER BY hours DESC, b.source, b.person, b.project, b.start_date;
