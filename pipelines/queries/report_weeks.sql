-- Weeks that have totals. Grain: ISO week.
SELECT DISTINCT week FROM mart_person_week ORDER BY week;
