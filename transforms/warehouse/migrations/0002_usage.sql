-- What ftrack says was worked (Timelog) and estimated (Task.bid), with history like every core table.
-- Names stand beside the keys: ftrack's people and projects are no part of the planners' model.

CREATE TABLE core_timelog (
    source VARCHAR NOT NULL,           -- ftrack
    timelog_key VARCHAR NOT NULL,
    person VARCHAR,
    email VARCHAR,
    task_key VARCHAR,                  -- NULL: logged on something that is no task
    project_key VARCHAR,
    project VARCHAR,
    project_code VARCHAR,
    work_date DATE NOT NULL,
    duration_ms BIGINT NOT NULL,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);

CREATE TABLE core_task (
    source VARCHAR NOT NULL,           -- ftrack
    task_key VARCHAR NOT NULL,
    task VARCHAR NOT NULL,
    project_key VARCHAR,
    project VARCHAR,
    project_code VARCHAR,
    bid_ms BIGINT NOT NULL,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);
