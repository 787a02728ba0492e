-- Into the attached database `earlier`: of each thing in a core table one version, the latest by {order}.
INSERT INTO earlier.{table} BY NAME
SELECT * REPLACE (NULL AS known_to, NULL AS closed_by)
FROM {table}
WHERE {condition}
QUALIFY row_number() OVER (PARTITION BY source, {key} ORDER BY {order}) = 1;
