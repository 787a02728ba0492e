-- Keep what mart_person_week said: close what changed or went, open what is new. Variable known: when this
-- build ran (UTC). An unchanged number keeps its row, so the history grows with changes and not with runs.
-- Variable anew: everybody was counted. If not, the people in temp `redone` and the weeks in temp `recounted_week` were, and
-- no others are looked at.

CREATE OR REPLACE TEMP VIEW recounted AS
SELECT source, coalesce(person_key, '') AS resource_key FROM redone;

UPDATE mart_person_week_history AS old
SET known_to = getvariable('known')
WHERE
    old.known_to IS NULL
    AND (
        getvariable('anew')
        OR (old.source, coalesce(old.person_key, '')) IN (FROM recounted)
        OR (old.source, old.person_key, old.week) IN (FROM recounted_week)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM counted_week AS new
        WHERE
            new.source = old.source
            AND new.person_key IS NOT DISTINCT FROM old.person_key
            AND new.week = old.week
            AND new.resource_kind = old.resource_kind
            AND new.booked_ms = old.booked_ms
            AND new.tentative_ms = old.tentative_ms
            AND new.billable_ms = old.billable_ms
            AND new.leave_ms = old.leave_ms
            AND new.holiday_ms = old.holiday_ms
            AND new.contracted_ms = old.contracted_ms
            AND new.capacity_ms = old.capacity_ms
            AND new.over_days = old.over_days
    );

INSERT INTO mart_person_week_history
SELECT
    new.source,
    new.person_key,
    new.resource_kind,
    new.week,
    new.booked_ms,
    new.tentative_ms,
    new.billable_ms,
    new.leave_ms,
    new.holiday_ms,
    new.contracted_ms,
    new.capacity_ms,
    new.over_days,
    getvariable('known'),
    NULL
FROM counted_week AS new
WHERE
    NOT EXISTS (
        SELECT 1
        FROM mart_person_week_history AS old
        WHERE
            old.known_to IS NULL
            AND new.source = old.source
            AND new.person_key IS NOT DISTINCT FROM old.person_key
            AND new.week = old.week
    );

-- The same for mart_project_week.
UPDATE mart_project_week_history AS old
SET known_to = getvariable('known')
WHERE
    old.known_to IS NULL
    AND NOT EXISTS (
        SELECT 1
        FROM mart_project_week AS new
        WHERE
            new.source = old.source
            AND new.project_key = old.project_key
            AND new.week = old.week
            AND new.booked_ms = old.booked_ms
            AND new.tentative_ms = old.tentative_ms
            AND new.people = old.people
    );

INSERT INTO mart_project_week_history
SELECT
    new.source,
    new.project_key,
    new.week,
    new.booked_ms,
    new.tentative_ms,
    new.people,
    getvariable('known'),
    NULL
FROM mart_project_week AS new
WHERE
    NOT EXISTS (
        SELECT 1
        FROM mart_project_week_history AS old
        WHERE
            old.known_to IS NULL
            AND new.source = old.source
            AND new.project_key = old.project_key
            AND new.week = old.week
    );
