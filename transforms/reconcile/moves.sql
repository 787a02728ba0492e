-- A booking deleted and made again for somebody else is a move: the same content, gone here and new there.
-- Grain: pair of a deleted and a created record.
CREATE OR REPLACE TEMP TABLE rec_move AS
WITH
side AS (
    SELECT
        verdict,
        record_id,
        source,
        content_key,
        kind,
        run,
        about_user_id,
        row_number() OVER (PARTITION BY verdict, source, content_key, kind, run ORDER BY record_id) AS nth
    FROM rec_diff
    WHERE kind = 'allocation' AND verdict IN ('create', 'delete')
)
SELECT
    gone.record_id AS deleted_id,
    made.record_id AS created_id,
    gone.about_user_id AS from_user_id,
    made.about_user_id AS to_user_id
FROM side AS gone
INNER JOIN side AS made USING (source, content_key, kind, run, nth)
WHERE gone.verdict = 'delete' AND made.verdict = 'create';
