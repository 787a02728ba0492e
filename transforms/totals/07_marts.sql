-- The marts. Sums are integers (milliseconds); hours appear only at the edge (by_*.sql).

-- Grain: source, discipline (NULL: the source names none), ISO week. Members only.
CREATE OR REPLACE TABLE mart_discipline_week AS
SELECT
    source,
    discipline,
    week,
    count(*) AS people,
    sum(booked_ms)::BIGINT AS booked_ms,
    sum(tentative_ms)::BIGINT AS tentative_ms,
    sum(capacity_ms)::BIGINT AS capacity_ms,
    sum(free_ms)::BIGINT AS free_ms,
    round(sum(booked_ms) / nullif(sum(capacity_ms), 0), 6) AS utilisation
FROM mart_person_week
WHERE resource_kind = 'member'
GROUP BY ALL
ORDER BY source, discipline, week;

-- The bench. Grain: source, member with free time, ISO week.
CREATE OR REPLACE TABLE mart_bench_week AS
SELECT source, person_key, person, email, discipline, week, free_ms, capacity_ms, booked_ms
FROM mart_person_week
WHERE resource_kind = 'member' AND free_ms > 0
ORDER BY source, discipline, week, free_ms DESC, person, person_key;
