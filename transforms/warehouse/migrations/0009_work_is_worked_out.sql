-- Project work by booking is worked out where it is read from now on, and the planners' side by side is a view of a fact
-- (decision 0014). Without mart_person_week nothing
-- counts as totalled: every command says so, and the next pull makes all marts.
DROP TABLE IF EXISTS mart_person_week;
DROP TABLE IF EXISTS mart_work_fact;
DROP TABLE IF EXISTS mart_planner_week;
