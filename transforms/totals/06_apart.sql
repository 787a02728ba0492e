-- What differs because of single bookings (05_apart.sql). Changed in place: rows taken out and put in again would leave these
-- tables full of holes, run by run. An UPDATE cannot be given its table by name: weeks and months have one each.

UPDATE mart_person_day_fact AS t
SET
    booked_ms = d.booked_ms,
    tentative_ms = d.tentative_ms,
    billable_ms = d.billable_ms,
    over_ms = d.over_ms,
    free_ms = d.free_ms
FROM apart_day AS d
WHERE t.day_id = d.day_id;

UPDATE mart_person_week AS t
SET
    booked_ms = w.booked_ms,
    tentative_ms = w.tentative_ms,
    billable_ms = w.billable_ms,
    over_ms = w.over_ms,
    free_ms = w.free_ms,
    over_days = w.over_days,
    is_over_allocated = w.is_over_allocated,
    utilisation = w.utilisation,
    firm_utilisation = w.firm_utilisation,
    billable_utilisation = w.billable_utilisation,
    contracted_utilisation = w.contracted_utilisation,
    value_fte = w.value_fte
FROM apart_week AS w
WHERE t.source = w.source AND t.person_key = w.person_key AND t.week = w.week;

UPDATE mart_person_month AS t
SET
    booked_ms = m.booked_ms,
    tentative_ms = m.tentative_ms,
    billable_ms = m.billable_ms,
    over_ms = m.over_ms,
    free_ms = m.free_ms,
    over_days = m.over_days,
    is_over_allocated = m.is_over_allocated,
    utilisation = m.utilisation,
    firm_utilisation = m.firm_utilisation,
    billable_utilisation = m.billable_utilisation,
    contracted_utilisation = m.contracted_utilisation,
    value_fte = m.value_fte
FROM apart_month AS m
WHERE t.source = m.source AND t.person_key = m.person_key AND t.month = m.month;
