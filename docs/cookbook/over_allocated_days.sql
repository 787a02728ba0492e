-- Who is over-allocated in the next 6 weeks, day by day?
-- Grain: source, member, day booked above capacity. Units: hours.
-- Variables: today (default: the day of the last pull).
WITH
asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
),
over_day AS (
    SELECT d.*
    FROM mart_person_day AS d
    INNER JOIN asked ON d.day BETWEEN asked.today AND asked.today + 41
    WHERE d.resource_kind = 'member' AND d.over_ms > 0
),
worked_on AS (
    SELECT o.source, o.person_key, o.day, string_agg(DISTINCT b.project, ', ' ORDER BY b.project) AS projects
    FROM over_day AS o
    INNER JOIN mart_booking_day AS d USING (source, person_key, day)
    INNER JOIN mart_booking AS b USING (source, source_key)
    WHERE d.kind = 'work'
    GROUP BY ALL
)
SELECT
    o.source,
    o.person,
    o.discipline,
    o.day,
    o.booked_hours,
    o.capacity_hours,
    o.over_hours,
    w.is_over_allocated AS shows_in_the_week,
    p.projects
FROM over_day AS o
INNER JOIN worked_on AS p USING (source, person_key, day)
INNER JOIN mart_person_week AS w
    ON o.source = w.source AND o.person_key = w.person_key AND date_trunc('week', o.day) = w.week
ORDER BY o.source, o.person, o.person_key, o.day
