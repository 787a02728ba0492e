-- What mart_project_week said, and when: written by each build, only where a number changed.

CREATE TABLE mart_project_week_history (
    source VARCHAR NOT NULL,
    project_key VARCHAR NOT NULL,
    week DATE NOT NULL,
    booked_ms BIGINT NOT NULL,
    tentative_ms BIGINT NOT NULL,
    people BIGINT NOT NULL,
    known_from TIMESTAMP NOT NULL,
    known_to TIMESTAMP
);

CREATE MACRO mart_project_week_as_of(known) AS TABLE
SELECT * EXCLUDE (known_from, known_to)
FROM mart_project_week_history
WHERE known_from <= known AND (known_to IS NULL OR known_to > known);
