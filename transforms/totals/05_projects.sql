-- What the people in temp `redo` have in projects. People do not share their hours, so what they have adds up, and so
-- does their number: the facts of everybody are the sum over any groups of people.

-- Of temp `signed_work` (rows of work.sql): what they have now (sign 1), less what they had at the last build (-1).
-- Grain: project, part of an ISO week that lies in one month.
CREATE OR REPLACE TEMP TABLE part_sum AS
SELECT
    project_id,
    week,
    month,
    sum(sign * ms) AS booked_ms,
    coalesce(sum(sign * ms) FILTER (is_tentative), 0) AS tentative_ms
FROM signed_work
GROUP BY project_id, week, month;

-- Distinct people in each period of table `numbered` (project_id, resource_id, sign, number of the period). Unassigned work
-- is nobody. Eight periods of a person in a project are the bits of one number: that takes a third of the time of counting
-- them one by one. Grain: project, period.
CREATE OR REPLACE TEMP MACRO people_in(numbered) AS TABLE
WITH
masked AS (
    SELECT project_id, resource_id, sign, number >> 3 AS eight, bit_or((1 << (number & 7))::UTINYINT) AS bits
    FROM query_table(numbered)
    WHERE resource_id NOT IN (SELECT resource_id FROM redone WHERE resource_kind = 'unassigned')
    GROUP BY ALL
),
counted AS (
    SELECT
        project_id,
        eight * 8 AS number,
        [
            sum(sign * (bits & 1)),
            sum(sign * (bits >> 1 & 1)),
            sum(sign * (bits >> 2 & 1)),
            sum(sign * (bits >> 3 & 1)),
            sum(sign * (bits >> 4 & 1)),
            sum(sign * (bits >> 5 & 1)),
            sum(sign * (bits >> 6 & 1)),
            sum(sign * (bits >> 7 & 1))
        ] AS people
    FROM masked
    GROUP BY project_id, eight
)
SELECT project_id, number + unnest(range(8)) AS number, unnest(people) AS people
FROM counted;

-- Weeks since 0001-01-01, which was a Monday; months since the year 0.
CREATE OR REPLACE TEMP VIEW work_by_week AS
SELECT project_id, resource_id, sign, (week - DATE '0001-01-01') // 7 AS number FROM signed_work;

CREATE OR REPLACE TEMP VIEW work_by_month AS
SELECT project_id, resource_id, sign, 12 * year(month) + month(month) - 1 AS number FROM signed_work;

-- Grain: project, period (week: ISO, from its Monday; month), first day of it.
CREATE OR REPLACE TEMP TABLE fresh_project_fact AS
WITH
summed AS (
    SELECT project_id, 'week' AS period, week AS first_day, sum(booked_ms) AS booked_ms, sum(tentative_ms) AS tentative_ms
    FROM part_sum
    GROUP BY project_id, week
    UNION ALL
    SELECT project_id, 'month', month, sum(booked_ms), sum(tentative_ms)
    FROM part_sum
    GROUP BY project_id, month
),
counted AS (
    SELECT project_id, 'week' AS period, DATE '0001-01-01' + 7 * number::INTEGER AS first_day, people
    FROM people_in('work_by_week')
    UNION ALL
    SELECT project_id, 'month', make_date(number // 12, number % 12 + 1, 1), people
    FROM people_in('work_by_month')
)
SELECT
    s.project_id,
    s.period,
    s.first_day,
    s.booked_ms::BIGINT AS booked_ms,
    s.tentative_ms::BIGINT AS tentative_ms,
    coalesce(c.people, 0)::BIGINT AS people
FROM summed AS s
LEFT JOIN counted AS c ON s.project_id = c.project_id AND s.period = c.period AND s.first_day = c.first_day;
