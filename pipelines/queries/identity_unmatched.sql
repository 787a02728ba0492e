-- People, projects and work items with hours that have no certain counterpart in ftrack, with suggestions.
-- Needs the temporary tables of a reconciliation. Grain: kind, source, key; the most hours first.
SELECT
    u.kind,
    u.source,
    u.key,
    u.name,
    u.status,
    u.reason,
    u.bookings,
    hours(u.ms) AS hours,
    coalesce(
        (
            SELECT list({ftrack_id: s.ftrack_id, name: s.label, similarity: round(s.score, 4)} ORDER BY s.place)
            FROM rec_suggestion AS s
            WHERE s.kind = u.kind AND s.source = u.source AND s.source_key = u.key
        ),
        []
    ) AS suggestions
FROM plan_unmatched AS u
ORDER BY u.kind, u.ms DESC, u.source, u.name, u.key;
