-- Note which changes leave, and what came of others. Grain: note, of changes that are neighbours in their plan.
-- Parameters: notes (JSON), noted_at.
INSERT INTO push_note BY NAME
SELECT unnest(note), $noted_at AS noted_at
FROM (
    SELECT
        unnest(
            from_json(
                $notes,
                '[{"plan_sha256": "VARCHAR", "number": "INTEGER", "first_position": "INTEGER",
                   "last_position": "INTEGER", "status": "VARCHAR", "error": "VARCHAR", "wrote": "JSON"}]'
            )
        ) AS note
);
