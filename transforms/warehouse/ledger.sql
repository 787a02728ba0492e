-- The push ledger: what crewtally set out to change in ftrack, what came of it, and what it owns there.
-- Times are TIMESTAMP in UTC, hours are milliseconds, images are JSON objects of the record's fields.

-- Grain: plan that was applied, or whose apply began. `server` is the ftrack address.
CREATE TABLE IF NOT EXISTS push_plan (
    plan_sha256 VARCHAR NOT NULL,
    server VARCHAR NOT NULL,
    dialect VARCHAR NOT NULL,
    document VARCHAR NOT NULL,         -- the plan file, as it was read; '' where it is forgotten
    allowed_trips VARCHAR[] NOT NULL,  -- guards that had tripped and were allowed by name of this plan
    status VARCHAR NOT NULL,           -- applying | applied | forgotten (ledger_forget.sql)
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);

-- Grain: change of a plan, in the plan's order. All of a plan's rows are there before its first request.
CREATE TABLE IF NOT EXISTS push_change (
    plan_sha256 VARCHAR NOT NULL,
    position INTEGER NOT NULL,         -- 0-based, in the plan
    action VARCHAR NOT NULL,           -- create | update | delete
    kind VARCHAR NOT NULL,             -- assignment | team | allocation
    record_id VARCHAR NOT NULL,
    before JSON,                       -- update: the fields that differ; delete: all; NULL for create
    after JSON,                        -- create: all fields; update: those that differ; NULL for delete
    origin JSON NOT NULL,              -- which booking asked for it
    ms BIGINT NOT NULL,                -- booked hours of the record after the change
    status VARCHAR NOT NULL,           -- intended | sending | done | failed
    error VARCHAR,
    sent_at TIMESTAMP,
    finished_at TIMESTAMP
);

-- Grain: record in ftrack that crewtally made. `image` is what we last wrote: a difference is a person's edit.
CREATE TABLE IF NOT EXISTS push_record (
    server VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    state VARCHAR NOT NULL,            -- live | deleted (by us)
    image JSON NOT NULL,
    source VARCHAR NOT NULL,
    source_key VARCHAR NOT NULL,
    run INTEGER NOT NULL,              -- 1-based run inside the booking; 0 for assignments and teams
    content_key VARCHAR,
    person_key VARCHAR,
    project_key VARCHAR,
    work_item_key VARCHAR,
    about_user_id VARCHAR,             -- the ftrack user and project it is about, whether or not the
    about_project_id VARCHAR,          -- dialect's record says so
    ms BIGINT NOT NULL,
    made_by VARCHAR NOT NULL,          -- plan_sha256
    changed_by VARCHAR NOT NULL
);
