-- Grain: source, person, day covered. Units: hours.
SELECT
    source,
    person,
    email,
    day,
    hours(booked_ms) AS booked_hours,
    hours(tentative_ms) AS tentative_hours,
    hours(billable_ms) AS billable_hours,
    hours(leave_ms) AS leave_hours,
    hours(holiday_ms) AS holiday_hours,
    hours(contracted_ms) AS contracted_hours,
    hours(capacity_ms) AS capacity_hours,
    hours(over_ms) AS over_hours,
    hours(free_ms) AS free_hours,
    resource_kind,
    discipline,
    person_key
FROM mart_person_day
WHERE day >= coalesce(?::DATE, DATE '0001-01-01') AND day <= coalesce(?::DATE, DATE '9999-12-31')
ORDER BY source, person, person_key, day
