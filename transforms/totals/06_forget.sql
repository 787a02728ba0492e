-- Takes away what the facts hold of the resources in temp `redo` and of the bookings in temp `former_booking`.

DELETE FROM mart_spread_fact WHERE booking_id IN (SELECT booking_id FROM former_booking);

DELETE FROM mart_booking_fact WHERE booking_id IN (SELECT booking_id FROM former_booking);

DELETE FROM mart_weight_fact
WHERE day_id IN (SELECT day_id FROM mart_person_day_fact SEMI JOIN redo USING (resource_id));

DELETE FROM mart_stretch_fact WHERE resource_id IN (SELECT resource_id FROM redo);

DELETE FROM mart_person_day_fact WHERE resource_id IN (SELECT resource_id FROM redo);

DELETE FROM mart_person_week AS t
USING mart_resource AS r
WHERE
    t.source = r.source
    AND t.person_key IS NOT DISTINCT FROM r.person_key
    AND r.resource_id IN (SELECT resource_id FROM redo);

DELETE FROM mart_person_month AS t
USING mart_resource AS r
WHERE
    t.source = r.source
    AND t.person_key IS NOT DISTINCT FROM r.person_key
    AND r.resource_id IN (SELECT resource_id FROM redo);
