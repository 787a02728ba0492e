-- Servers a record was made on, or was to be made on; its kind. Grain: server. Parameter: record_id.
SELECT server, any_value(kind) AS kind
FROM (
    SELECT server, kind FROM push_record WHERE record_id = $record_id
    UNION ALL
    SELECT p.server, c.kind
    FROM push_ledger AS c
    INNER JOIN push_plan AS p USING (plan_sha256)
    WHERE c.record_id = $record_id
)
GROUP BY server
ORDER BY server
