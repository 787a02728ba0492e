-- One row per run of a command or flow that writes. Instants in UTC. outcome: NULL while it runs (or if its
-- process died), then done | failed | guarded | stale; detail: one line, without secrets. policy: the rules about
-- hours that held for the run, JSON; NULL: a run of before they were kept.
CREATE TABLE IF NOT EXISTS meta_run (
    run_id VARCHAR NOT NULL,
    command VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    outcome VARCHAR,
    detail VARCHAR,
    policy VARCHAR
);
ALTER TABLE meta_run ADD COLUMN IF NOT EXISTS policy VARCHAR;
