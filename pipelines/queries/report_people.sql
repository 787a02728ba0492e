-- Weeks of the members most above their capacity, then of the busiest, of all only so many people.
-- Grain: member, week. `of_people`: how many members have hours or capacity at all.
-- Parameters: source, first and last week, people.
WITH
span AS (
    SELECT *
    FROM mart_person_week
    WHERE source = $source AND resource_kind = 'member' AND week BETWEEN $first AND $last
),
ranked AS (
    SELECT
        person_key,
        row_number() OVER (ORDER BY sum(over_ms) DESC, sum(booked_ms) DESC, person_key) AS place,
        count(*) OVER ()::INTEGER AS of_people
    FROM span
    GROUP BY person_key
)
SELECT
    s.person_key,
    s.person,
    coalesce(s.discipline, '') AS discipline,
    s.week,
    hours(s.booked_ms) AS booked_hours,
    hours(s.capacity_ms) AS capacity_hours,
    s.over_days::INTEGER AS over_days,
    s.is_over_allocated,
    r.of_people
FROM span AS s
INNER JOIN ranked AS r USING (person_key)
WHERE r.place <= $people
ORDER BY discipline = '', discipline, s.person, s.person_key, s.week;
