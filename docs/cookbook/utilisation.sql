-- How well is each discipline used, month by month?
-- Grain: source, discipline (NULL: the source names none), calendar month. Units: hours; ratios of sums, 1 = full.
-- Ratios are made from the sums of the month, never averaged over people or weeks.
WITH
month_covered AS (
    SELECT source, date_trunc('month', day)::DATE AS month, count(*) AS days
    FROM mart_coverage
    GROUP BY ALL
)
SELECT
    m.source,
    m.discipline,
    m.month,
    c.days = day(last_day(m.month)) AS is_whole_month,
    count(*) AS people,
    hours(sum(m.booked_ms)) AS booked_hours,
    hours(sum(m.capacity_ms)) AS capacity_hours,
    round(sum(m.booked_ms) / nullif(sum(m.capacity_ms), 0), 4) AS utilisation,
    round(sum(m.booked_ms - m.tentative_ms) / nullif(sum(m.capacity_ms), 0), 4) AS firm_utilisation,
    round(sum(m.billable_ms) / nullif(sum(m.capacity_ms), 0), 4) AS billable_utilisation,
    round(sum(m.booked_ms) / nullif(sum(m.contracted_ms), 0), 4) AS contracted_utilisation
FROM mart_person_month AS m
INNER JOIN month_covered AS c USING (source, month)
WHERE m.resource_kind = 'member'
GROUP BY ALL
ORDER BY m.source, m.discipline, m.month
