-- Grain: source, person, calendar month (its first day), covered days only. Units: hours. booked: project work,
-- tentative included; capacity: what
-- holidays and full-day leave left; utilisation: booked / capacity, NULL where there is no capacity.
SELECT
    source,
    person,
    email,
    month,
    hours(booked_ms) AS booked_hours,
    hours(tentative_ms) AS tentative_hours,
    hours(billable_ms) AS billable_hours,
    hours(leave_ms) AS leave_hours,
    hours(holiday_ms) AS holiday_hours,
    hours(contracted_ms) AS contracted_hours,
    hours(capacity_ms) AS capacity_hours,
    utilisation,
    hours(over_ms) AS over_hours,
    over_days,
    value_fte,
    capacity_ms = 0 AND booked_ms > 0 AS is_without_capacity,
    resource_kind,
    discipline,
    person_key
FROM mart_person_month
WHERE
    month >= date_trunc('month', coalesce(?::DATE, DATE '0001-01-01'))
    AND month <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY source, person, person_key, month
