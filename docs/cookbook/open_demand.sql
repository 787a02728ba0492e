-- What work has nobody yet: placeholders and unassigned bookings, by discipline, role and week?
-- Grain: source, kind of demand, discipline, what is needed, ISO week. Units: hours; FTE against a full-time week.
-- needed: a placeholder's role (or its name, where the source has no roles); of unassigned work the phase or task.
-- Variables: today (default: the day of the last pull).
WITH
asked AS (
    SELECT coalesce(getvariable('today')::DATE, max(last_pull)::DATE) AS today
    FROM meta_freshness
),
full_time AS (
    SELECT source, week, max(full_time_ms) AS full_time_ms
    FROM mart_person_week
    GROUP BY ALL
),
demand AS (
    SELECT
        d.source,
        d.resource_kind,
        p.discipline,
        if(d.resource_kind = 'placeholder', coalesce(p.role, p.name), w.name) AS needed,
        date_trunc('week', d.day)::DATE AS week,
        d.ms,
        d.is_tentative
    FROM mart_booking_day AS d
    SEMI JOIN mart_coverage AS v ON d.source = v.source AND d.day = v.day
    INNER JOIN asked ON d.day >= date_trunc('week', asked.today)
    LEFT JOIN core_person_now AS p ON d.source = p.source AND d.person_key = p.person_key
    LEFT JOIN core_work_item_now AS w ON d.source = w.source AND d.work_item_key = w.work_item_key
    WHERE d.kind = 'work' AND d.resource_kind <> 'member'
)
SELECT
    d.source,
    d.resource_kind,
    d.discipline,
    d.needed,
    d.week,
    hours(sum(d.ms)) AS hours,
    hours(coalesce(sum(d.ms) FILTER (d.is_tentative), 0)) AS tentative_hours,
    round(sum(d.ms) / nullif(max(f.full_time_ms), 0), 4) AS value_fte
FROM demand AS d
LEFT JOIN full_time AS f USING (source, week)
GROUP BY d.source, d.resource_kind, d.discipline, d.needed, d.week
ORDER BY d.source, d.week, d.resource_kind, d.discipline, d.needed
