-- The numbers of the last build, for a build of the resources in temp `redo` and of the bookings in temp `redo_booking` only
-- (stale_redo.sql).
CREATE OR REPLACE TEMP TABLE resource AS FROM mart_resource;

CREATE OR REPLACE TEMP TABLE project AS FROM mart_project;

SET VARIABLE last_booking_id = coalesce((SELECT max(booking_id) FROM mart_booking_fact), 0);

CREATE OR REPLACE TEMP VIEW counted_booking AS
SELECT b.*
FROM core_booking_now AS b
INNER JOIN resource AS r ON b.source = r.source AND b.person_key IS NOT DISTINCT FROM r.person_key
SEMI JOIN redo ON r.resource_id = redo.resource_id
UNION ALL
FROM core_booking_now SEMI JOIN redo_booking USING (source, source_key);
