-- Whose leave does only one of the planners know?
-- Grain: person (by e-mail, members of both planners), planner that knows, run of days. Units: days, hours.
-- Only days both planners have read, from today on.
-- Variables: today (default: the day of the last pull).
WITH
asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
),
person_day AS (
    SELECT d.source, lower(d.email) AS email, d.day, min(d.person) AS person, sum(d.leave_ms) AS leave_ms
    FROM mart_person_day AS d
    INNER JOIN asked ON d.day >= asked.today
    WHERE d.resource_kind = 'member' AND d.email IS NOT NULL
    GROUP BY ALL
),
-- Days are joined first, so that somebody or some day that one planner does not show is no disagreement.
one_sided AS (
    SELECT
        a.email,
        a.person,
        if(a.leave_ms > 0, a.source, b.source) AS known_to,
        a.day,
        greatest(a.leave_ms, b.leave_ms) AS leave_ms
    FROM person_day AS a
    INNER JOIN person_day AS b ON a.email = b.email AND a.day = b.day
    WHERE a.source = 'tenthousandft' AND b.source = 'ruddr' AND (a.leave_ms > 0) <> (b.leave_ms > 0)
),
-- A gap of up to three days (a weekend and a day off) does not end an absence.
marked AS (
    SELECT
        *,
        coalesce(day - lag(day) OVER (PARTITION BY email, known_to ORDER BY day) > 4, true) AS is_start
    FROM one_sided
),
numbered AS (
    SELECT *, count(*) FILTER (is_start) OVER (PARTITION BY email, known_to ORDER BY day) AS absence
    FROM marked
)
SELECT
    person,
    email,
    known_to,
    min(day) AS first_day,
    max(day) AS last_day,
    count(*) AS days,
    hours(sum(leave_ms)) AS leave_hours
FROM numbered
GROUP BY person, email, known_to, absence
ORDER BY first_day, person, email, known_to
