-- What is counted again after bookings have changed; see stale.py.

CREATE OR REPLACE TEMP TABLE fresh_snapshot AS
SELECT snapshot_id FROM booking_snapshot ANTI JOIN known_build_snapshot USING (snapshot_id);

-- Grain: version of a booking that was opened, or closed, since the last build.
CREATE OR REPLACE TEMP TABLE changed_version AS
SELECT
    b.source,
    b.source_key,
    b.kind,
    b.effort_unit,
    b.allocate_on_time_off,
    b.known_to IS NULL AS is_new,
    b.snapshot_id NOT IN (FROM fresh_snapshot) AS was_known,
    r.resource_id,
    r.is_active AND r.resource_kind = 'member' AS is_member
FROM core_booking AS b
INNER JOIN mart_resource AS r ON b.source = r.source AND b.person_key IS NOT DISTINCT FROM r.person_key
WHERE b.snapshot_id IN (FROM fresh_snapshot) OR b.closed_by IN (FROM fresh_snapshot);

-- Bookings of one person, kind and unit share their weights (groups.py). Grain: new version with a sister that the last build
-- knew: as a rule the version before it.
CREATE OR REPLACE TEMP TABLE weighed AS
SELECT DISTINCT n.source, n.source_key
FROM changed_version AS n
INNER JOIN changed_version AS o
    ON
        n.source_key = o.source_key
        AND n.resource_id = o.resource_id
        AND n.kind = o.kind
        AND n.effort_unit = o.effort_unit
        AND n.allocate_on_time_off IS NOT DISTINCT FROM o.allocate_on_time_off
WHERE n.is_new AND o.was_known;

-- Only for the others the history is gone through.
INSERT INTO weighed
SELECT DISTINCT n.source, n.source_key
FROM changed_version AS n
ANTI JOIN weighed AS w ON n.source = w.source AND n.source_key = w.source_key
INNER JOIN mart_resource AS r ON n.resource_id = r.resource_id
INNER JOIN core_booking AS b
    ON
        n.source = b.source
        AND r.person_key = b.person_key
        AND n.kind = b.kind
        AND n.effort_unit = b.effort_unit
        AND n.allocate_on_time_off IS NOT DISTINCT FROM b.allocate_on_time_off
WHERE
    n.is_new
    AND b.snapshot_id NOT IN (FROM fresh_snapshot)
    AND (b.closed_by IS NULL OR b.closed_by IN (FROM fresh_snapshot));

-- People all of whose numbers are counted again. Work of active members may be counted booking by booking (05_apart.sql):
-- it changes neither a calendar nor who is shown. Not worth it where many of a person's bookings have changed.
CREATE OR REPLACE TEMP TABLE redo AS
WITH
of_person AS (
    SELECT resource_id, count(*) AS bookings FROM mart_booking_fact GROUP BY resource_id
),
judged AS (
    SELECT
        v.resource_id,
        bool_and(
            getvariable('apart') AND v.is_member AND v.kind = 'work' AND (NOT v.is_new OR w.source_key IS NOT NULL)
        ) AS is_simple,
        count(DISTINCT v.source_key) AS changed
    FROM changed_version AS v
    LEFT JOIN weighed AS w ON v.source = w.source AND v.source_key = w.source_key
    GROUP BY v.resource_id
)
SELECT j.resource_id
FROM judged AS j
LEFT JOIN of_person AS p ON j.resource_id = p.resource_id
WHERE NOT j.is_simple OR j.changed > getvariable('much') * coalesce(p.bookings, 0);

-- Bookings of others. Grain: booking.
CREATE OR REPLACE TEMP TABLE redo_booking AS
SELECT DISTINCT source, source_key
FROM changed_version ANTI JOIN redo USING (resource_id)
WHERE is_new;

-- What the last build counted and this one counts again, or not any more. is_apart: booking by booking. Grain: booking.
CREATE OR REPLACE TEMP TABLE former_booking AS
WITH
changed AS (
    SELECT DISTINCT source, source_key FROM changed_version
),
gone AS (
    SELECT b.booking_id
    FROM mart_booking_fact AS b
    INNER JOIN mart_resource AS r ON b.resource_id = r.resource_id
    INNER JOIN changed AS c ON r.source = c.source AND b.source_key = c.source_key
)
SELECT b.booking_id, b.resource_id, b.project_id, r.resource_id IS NULL AS is_apart
FROM mart_booking_fact AS b
LEFT JOIN redo AS r ON b.resource_id = r.resource_id
WHERE r.resource_id IS NOT NULL OR b.booking_id IN (FROM gone);
