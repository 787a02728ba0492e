-- Records the ledger knows whose id begins so. Grain: record id. Parameter: beginning.
SELECT record_id FROM push_record WHERE starts_with(record_id, $beginning)
UNION
SELECT record_id FROM push_ledger WHERE starts_with(record_id, $beginning)
ORDER BY record_id
LIMIT 6
