-- Into the attached database `earlier`: the model as it was before the latest change of each booking. A booking
-- that never changed is there as it is; of people, projects and lists that are gone, how they were last.

INSERT INTO earlier.core_booking BY NAME
SELECT * REPLACE (NULL AS known_to, NULL AS closed_by)
FROM core_booking
QUALIFY row_number() OVER (PARTITION BY source, source_key ORDER BY known_to IS NULL, known_to DESC) = 1;

INSERT INTO earlier.core_person BY NAME
SELECT * REPLACE (NULL AS known_to, NULL AS closed_by)
FROM core_person
QUALIFY row_number() OVER (PARTITION BY source, person_key ORDER BY known_to DESC NULLS FIRST) = 1;

INSERT INTO earlier.core_project BY NAME
SELECT * REPLACE (NULL AS known_to, NULL AS closed_by)
FROM core_project
QUALIFY row_number() OVER (PARTITION BY source, project_key ORDER BY known_to DESC NULLS FIRST) = 1;

INSERT INTO earlier.core_work_item BY NAME
SELECT * REPLACE (NULL AS known_to, NULL AS closed_by)
FROM core_work_item
QUALIFY row_number() OVER (PARTITION BY source, work_item_key ORDER BY known_to DESC NULLS FIRST) = 1;

INSERT INTO earlier.core_leave_type BY NAME
SELECT * REPLACE (NULL AS known_to, NULL AS closed_by)
FROM core_leave_type
QUALIFY row_number() OVER (PARTITION BY source, leave_type_key ORDER BY known_to DESC NULLS FIRST) = 1;

-- The part-time blocks of who is there are those of today: older ones beside them would count twice.
INSERT INTO earlier.core_availability BY NAME
SELECT * REPLACE (NULL AS known_to, NULL AS closed_by)
FROM core_availability
WHERE known_to IS NULL OR (source, person_key) NOT IN (SELECT (source, person_key) FROM core_person_now)
QUALIFY row_number() OVER (PARTITION BY source, availability_key ORDER BY known_to DESC NULLS FIRST) = 1;

INSERT INTO earlier.core_holiday BY NAME
SELECT * FROM core_holiday WHERE known_to IS NULL;

INSERT INTO earlier.raw_snapshot BY NAME
SELECT * FROM raw_snapshot;

INSERT INTO earlier.push_record BY NAME
SELECT * FROM push_record;
