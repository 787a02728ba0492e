-- How many people does the plan need each month, and how many are there?
-- Grain: source, calendar month. Units: FTE: hours against one full-time person's month, holidays not taken off.
-- Confirmed and tentative work of members; open: placeholders and unassigned work, tentative or not.
SELECT
    source,
    month,
    round(sum(booked_ms - tentative_ms) FILTER (resource_kind = 'member') / max(full_time_ms), 2) AS confirmed_fte,
    round(sum(tentative_ms) FILTER (resource_kind = 'member') / max(full_time_ms), 2) AS tentative_fte,
    round(coalesce(sum(booked_ms) FILTER (resource_kind <> 'member'), 0) / max(full_time_ms), 2) AS open_fte,
    round(sum(capacity_ms) FILTER (resource_kind = 'member') / max(full_time_ms), 2) AS capacity_fte,
    round(
        (sum(capacity_ms) FILTER (resource_kind = 'member') - sum(booked_ms)) / max(full_time_ms), 2
    ) AS spare_fte
FROM mart_person_month
GROUP BY source, month
ORDER BY source, month
