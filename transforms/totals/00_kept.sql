-- The numbers of the last build, for a build of the resources in temp `redo` only.
CREATE OR REPLACE TEMP TABLE resource AS FROM mart_resource;

CREATE OR REPLACE TEMP TABLE project AS FROM mart_project;

SET VARIABLE last_booking_id = coalesce((SELECT max(booking_id) FROM mart_booking_fact), 0);

-- What these resources had in projects (05_projects.sql).
CREATE OR REPLACE TEMP TABLE former_work AS
SELECT *
FROM mart_work_fact
WHERE booking_id IN (SELECT booking_id FROM mart_booking_fact SEMI JOIN redo USING (resource_id));
