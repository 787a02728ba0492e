-- Takes away what the facts hold of the resources in temp `redo` and of the bookings in temp `former_booking`, and what
-- differs because of these (05_apart.sql).

DELETE FROM mart_spread_fact WHERE booking_id IN (SELECT booking_id FROM former_booking);

DELETE FROM mart_booking_fact WHERE booking_id IN (SELECT booking_id FROM former_booking);

DELETE FROM mart_weight_fact
WHERE day_id IN (SELECT day_id FROM mart_person_day_fact SEMI JOIN redo USING (resource_id));

DELETE FROM mart_stretch_fact WHERE resource_id IN (SELECT resource_id FROM redo);

DELETE FROM mart_person_day_fact WHERE resource_id IN (SELECT resource_id FROM redo);

DELETE FROM mart_person_day_fact WHERE day_id IN (SELECT day_id FROM apart_day);

DELETE FROM mart_person_week AS t
USING mart_resource AS r
WHERE
    t.source = r.source
    AND t.person_key IS NOT DISTINCT FROM r.person_key
    AND r.resource_id IN (SELECT resource_id FROM redo);

DELETE FROM mart_person_week AS t
USING mart_resource AS r, apart_week AS w
WHERE
    t.source = r.source
    AND t.person_key = r.person_key
    AND r.resource_id = w.resource_id
    AND t.week = w.first_day;

DELETE FROM mart_person_month AS t
USING mart_resource AS r
WHERE
    t.source = r.source
    AND t.person_key IS NOT DISTINCT FROM r.person_key
    AND r.resource_id IN (SELECT resource_id FROM redo);

DELETE FROM mart_person_month AS t
USING mart_resource AS r, apart_month AS m
WHERE
    t.source = r.source
    AND t.person_key = r.person_key
    AND r.resource_id = m.resource_id
    AND t.month = m.first_day;
