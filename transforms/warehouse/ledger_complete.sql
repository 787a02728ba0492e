-- The changes of plans that have no row yet get theirs, each intended. Grain: change.
INSERT INTO push_change
FROM push_intent;
