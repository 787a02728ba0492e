-- While a push is under way it only notes what leaves and what came of it, a row for many changes; the rows of changes
-- and of records follow from the notes in one go, when it ends or when somebody goes on after a crash (ledger_fold.sql).

-- Grain: note about changes of a plan that are neighbours in it. Empty unless a push is under way or broke off.
CREATE TABLE IF NOT EXISTS push_note (
    plan_sha256 VARCHAR NOT NULL,
    number INTEGER NOT NULL,           -- of two notes about a change the higher one counts
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    status VARCHAR NOT NULL,           -- intended | sending | done | failed
    error VARCHAR,
    wrote JSON,                        -- what an update that is not done has changed nevertheless
    noted_at TIMESTAMP NOT NULL
);

-- The last that was noted of each change. Grain: change with a note.
CREATE OR REPLACE VIEW push_noted AS
SELECT
    plan_sha256,
    position,
    last.status,
    last.error,
    last.wrote,
    sent_at,
    CASE WHEN last.status <> 'sending' THEN last.noted_at END AS finished_at
FROM (
    SELECT
        plan_sha256,
        position,
        max_by(note, number) AS last,
        max(note.noted_at) FILTER (note.status = 'sending') AS sent_at
    FROM (
        SELECT
            plan_sha256,
            number,
            unnest(range(first_position, last_position + 1))::INTEGER AS position,
            {'status': status, 'error': error, 'wrote': wrote, 'noted_at': noted_at} AS note
        FROM push_note
    )
    GROUP BY plan_sha256, position
);

-- Every change of every plan that is not forgotten, as it stands now. Grain: change of a plan.
CREATE OR REPLACE VIEW push_ledger AS
SELECT
    c.* REPLACE (
        coalesce(n.status, c.status) AS status,
        CASE WHEN n.status IS NULL THEN c.error ELSE n.error END AS error,
        coalesce(n.sent_at, c.sent_at) AS sent_at,
        coalesce(n.finished_at, c.finished_at) AS finished_at
    )
FROM (
    FROM push_change
    UNION ALL
    FROM push_intent
) AS c
LEFT JOIN push_noted AS n USING (plan_sha256, position);
