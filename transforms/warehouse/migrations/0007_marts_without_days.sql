-- The days of bookings are worked out where they are read from now on, and projects' weeks and months are one fact
-- (decision 0014). Without mart_person_week nothing counts as totalled: every command says so, and the next pull makes
-- all marts.
DROP TABLE IF EXISTS mart_person_week;
DROP VIEW IF EXISTS mart_booking_day;
DROP TABLE IF EXISTS mart_booking_day_fact;
DROP VIEW IF EXISTS mart_project_week;
DROP TABLE IF EXISTS mart_project_week_fact;
DROP VIEW IF EXISTS mart_project_month;
DROP TABLE IF EXISTS mart_project_month_fact;
