-- Marts that are views over facts from now on (decision 0014). Without mart_person_week nothing counts as totalled:
-- every command says so, and the next pull makes all marts.
DROP TABLE IF EXISTS mart_person_week;
DROP TABLE IF EXISTS mart_booking;
DROP TABLE IF EXISTS mart_project_week;
DROP TABLE IF EXISTS mart_project_month;
DROP TABLE IF EXISTS mart_usage_week;
DROP TABLE IF EXISTS mart_calendar_fact;
