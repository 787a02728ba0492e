-- Out of the attached database `earlier`: records of ours that only its ledger knows. Grain: record.
CREATE OR REPLACE TEMP TABLE earlier_found AS
SELECT e.*
FROM earlier.push_record AS e
ANTI JOIN push_record AS r ON e.server = r.server AND e.record_id = r.record_id AND r.state = 'live'
WHERE e.state = 'live';

DELETE FROM push_record AS r
USING earlier_found AS e
WHERE r.server = e.server AND r.record_id = e.record_id;

INSERT INTO push_record BY NAME
FROM earlier_found;

DROP TABLE earlier_found;
