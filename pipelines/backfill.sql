-- Backfills that are not finished, and the chunks of them that are. Dates inclusive, instants in UTC.
-- source: the planner asked for, or 'all'.
CREATE TABLE IF NOT EXISTS meta_backfill (
    backfill_id VARCHAR NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    source VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS meta_backfill_chunk (
    backfill_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    finished_at TIMESTAMP NOT NULL
);
