-- What a build depends on, and since which snapshots; see stale.py.

-- Days we need: every week and month that a booking or a pulled window touches, whole, because the hours
-- of a week (month) spread over the capacity of the whole week (month).
CREATE OR REPLACE TEMP VIEW calendar_range AS
WITH
touched AS (
    SELECT source, start_date AS first_day, end_date AS last_day FROM core_booking_now
    UNION ALL
    SELECT source, window_start, window_end FROM raw_snapshot
    WHERE stream IN ('assignments', 'allocations')
)
SELECT
    source,
    least(date_trunc('week', min(first_day)), date_trunc('month', min(first_day)))::DATE AS first_day,
    greatest(date_trunc('week', max(last_day)) + INTERVAL 6 DAY, last_day(max(last_day)))::DATE AS last_day
FROM touched
GROUP BY source;

-- Everything but the bookings themselves, in one hash. rules: policy and SQL.
CREATE OR REPLACE TEMP MACRO digest_of_inputs(rules) AS (
    WITH
    input AS (
        SELECT 'person' AS name, count(*) AS rows, bit_xor(hash(t)) AS mixed, sum(hash(t)) AS total
        FROM core_person_now AS t
        UNION ALL
        SELECT 'project', count(*), bit_xor(hash(t)), sum(hash(t)) FROM core_project_now AS t
        UNION ALL
        SELECT 'work_item', count(*), bit_xor(hash(t)), sum(hash(t)) FROM core_work_item_now AS t
        UNION ALL
        SELECT 'leave_type', count(*), bit_xor(hash(t)), sum(hash(t)) FROM core_leave_type_now AS t
        UNION ALL
        SELECT 'availability', count(*), bit_xor(hash(t)), sum(hash(t)) FROM core_availability_now AS t
        UNION ALL
        SELECT 'holiday', count(*), bit_xor(hash(t)), sum(hash(t)) FROM core_holiday_now AS t
        UNION ALL
        SELECT 'window', count(*), bit_xor(hash(t)), sum(hash(t))
        FROM (
            SELECT DISTINCT source, stream, scope, window_start, window_end
            FROM raw_snapshot
            WHERE stream IN ('assignments', 'allocations')
        ) AS t
        UNION ALL
        SELECT 'days', count(*), bit_xor(hash(t)), sum(hash(t)) FROM calendar_range AS t
        UNION ALL
        SELECT 'unassigned', count(*), bit_xor(hash(t)), sum(hash(t))
        FROM (SELECT DISTINCT source FROM core_booking_now WHERE resource_kind = 'unassigned') AS t
    )
    SELECT md5(rules || string_agg(concat_ws(' ', name, rows, mixed, total), chr(10) ORDER BY name)) FROM input
);

-- How many versions of bookings each snapshot opened and closed. Grain: snapshot.
CREATE OR REPLACE TEMP VIEW booking_snapshot AS
SELECT snapshot_id, sum(opened)::BIGINT AS opened, sum(closed)::BIGINT AS closed
FROM (
    SELECT snapshot_id, count(*) AS opened, 0 AS closed FROM core_booking GROUP BY snapshot_id
    UNION ALL
    SELECT closed_by, 0, count(*) FROM core_booking WHERE closed_by IS NOT NULL GROUP BY closed_by
)
GROUP BY snapshot_id;
