-- Grain: source, person, ISO week. Units: hours. booked: project work, tentative included; capacity: what
-- holidays and full-day leave left; utilisation: booked / capacity, NULL where there is no capacity.
SELECT
    t.source,
    p.name AS person,
    p.email,
    t.week,
    hours(t.booked_ms) AS booked_hours,
    hours(t.tentative_ms) AS tentative_hours,
    hours(t.billable_ms) AS billable_hours,
    hours(t.leave_ms) AS leave_hours,
    hours(t.holiday_ms) AS holiday_hours,
    hours(t.contracted_ms) AS contracted_hours,
    hours(t.capacity_ms) AS capacity_hours,
    round(t.booked_ms / nullif(t.capacity_ms, 0), 6) AS utilisation,
    t.over_days,
    t.capacity_ms = 0 AND t.booked_ms > 0 AS is_without_capacity,
    t.resource_kind,
    t.person_key
FROM mart_person_week AS t
LEFT JOIN core_person_now AS p USING (source, person_key)
WHERE
    t.week >= date_trunc('week', coalesce(?::DATE, DATE '0001-01-01'))
    AND t.week <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY t.source, p.name, t.person_key, t.week
