-- The push ledger: what crewtally set out to change in ftrack, what came of it, and what it owns there.
-- Times are TIMESTAMP in UTC, hours are milliseconds, images are JSON objects of the record's fields.
-- Warehouses from before have the tables already: each push made them where they were not.

ALTER TABLE IF EXISTS push_plan ADD COLUMN IF NOT EXISTS changes INTEGER;

-- Grain: plan that was applied, or whose apply began. `server` is the ftrack address.
CREATE TABLE IF NOT EXISTS push_plan (
    plan_sha256 VARCHAR NOT NULL,
    server VARCHAR NOT NULL,
    dialect VARCHAR NOT NULL,
    document VARCHAR NOT NULL,         -- the plan file, as it was read; '' where it is forgotten
    allowed_trips VARCHAR[] NOT NULL,  -- guards that had tripped and were allowed by name of this plan
    status VARCHAR NOT NULL,           -- applying | applied | forgotten (ledger_forget.sql)
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    changes INTEGER                    -- how many it has; NULL: begun by a version that wrote all rows at once
);

-- Grain: change of a plan, in the plan's order. A change's row is there before its request leaves. Until then it may
-- be in the plan's document only, and is intended: push_ledger has it.
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

-- The changes in a plan's document, as a list, with as much of each as the ledger keeps.
CREATE OR REPLACE MACRO push_changes_of(document) AS from_json(
    document,
    '{"plan": {"changes": [{
        "action": "VARCHAR", "kind": "VARCHAR", "id": "VARCHAR", "before": "JSON", "after": "JSON", "origin": "JSON",
        "hours": {"after": "DOUBLE"}
    }]}}'
).plan.changes;

-- Changes that have no row yet, as their rows will be. Grain: change of a plan whose apply began. None, as a rule: a
-- push writes them while its first requests are under way, and who opens the ledger after a crash does it first.
CREATE OR REPLACE VIEW push_intent AS
WITH
plan AS (
    SELECT plan_sha256, document
    FROM push_plan AS p
    WHERE
        status = 'applying'
        AND changes > (SELECT count(*) FROM push_change AS c WHERE c.plan_sha256 = p.plan_sha256)
),
said AS (
    SELECT plan_sha256, unnest(listed) AS change, (generate_subscripts(listed, 1) - 1)::INTEGER AS position
    FROM (SELECT plan_sha256, push_changes_of(document) AS listed FROM plan)
)
SELECT
    plan_sha256,
    position,
    change.action,
    change.kind,
    change.id AS record_id,
    change.before,
    change.after,
    change.origin,
    round(change.hours.after * 3600000)::BIGINT AS ms,
    'intended' AS status,
    NULL::VARCHAR AS error,
    NULL::TIMESTAMP AS sent_at,
    NULL::TIMESTAMP AS finished_at
FROM said
ANTI JOIN push_change USING (plan_sha256, position);

-- Every change of every plan that is not forgotten. Grain: change of a plan.
CREATE OR REPLACE VIEW push_ledger AS
FROM push_change
UNION ALL
FROM push_intent;
