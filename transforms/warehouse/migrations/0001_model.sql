-- `raw_*` what was pulled, `core_*` the common model with its history; `mart_*` is built by transforms/totals.
-- Dates are DATE, instants TIMESTAMP in UTC. What each column means: transforms/warehouse/dictionary.toml.
-- No primary keys on bulk tables (docs/decisions/0002): uniqueness is checked by the load.

-- The one place where milliseconds become hours.
CREATE MACRO hours(ms) AS round(ms / 3600000, 6);

-- What mart_person_week said, and when: written by each build, only where a number changed.
CREATE TABLE mart_person_week_history (
    source VARCHAR NOT NULL,
    person_key VARCHAR,
    resource_kind VARCHAR NOT NULL,
    week DATE NOT NULL,
    booked_ms BIGINT NOT NULL,
    tentative_ms BIGINT NOT NULL,
    billable_ms BIGINT NOT NULL,
    leave_ms BIGINT NOT NULL,
    holiday_ms BIGINT NOT NULL,
    contracted_ms BIGINT NOT NULL,
    capacity_ms BIGINT NOT NULL,
    over_days BIGINT NOT NULL,
    known_from TIMESTAMP NOT NULL,
    known_to TIMESTAMP
);

CREATE MACRO mart_person_week_as_of(known) AS TABLE
SELECT * EXCLUDE (known_from, known_to)
FROM mart_person_week_history
WHERE known_from <= known AND (known_to IS NULL OR known_to > known);

-- One row per pull of one stream over one window. `scope` limits what the listing could show
-- ('all', or 'time_off' for Ruddr's supplementary listing). `content_sha256` is over the pages' hashes in order.
CREATE TABLE raw_snapshot (
    snapshot_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    window_start DATE,                 -- NULL: the stream has no window
    window_end DATE,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    complete BOOLEAN NOT NULL,
    incomplete_reason VARCHAR,
    pages INTEGER NOT NULL,
    rows INTEGER NOT NULL,             -- on the wire, repeats included
    loaded INTEGER NOT NULL,           -- distinct rows that reached the model
    repeated INTEGER NOT NULL,         -- the same key again on a later page
    quarantined INTEGER NOT NULL,
    outside INTEGER NOT NULL,          -- the service was asked a day wider; these do not touch the window
                                       -- rows = loaded + repeated + quarantined + outside
    content_sha256 VARCHAR NOT NULL
);

CREATE TABLE raw_page (
    snapshot_id VARCHAR NOT NULL,
    page INTEGER NOT NULL,             -- 1-based
    url VARCHAR NOT NULL,              -- without secrets
    sha256 VARCHAR NOT NULL,           -- names the file in the landing folder
    fetched_at TIMESTAMP NOT NULL,
    rows INTEGER NOT NULL,
    bytes BIGINT NOT NULL
);

CREATE TABLE raw_quarantine (
    snapshot_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    source_key VARCHAR,                -- NULL: not even an id could be read
    reason VARCHAR NOT NULL,
    page_sha256 VARCHAR NOT NULL,
    page_position INTEGER NOT NULL,
    raw VARCHAR NOT NULL
);

-- Fields the contract does not know, counted: a signal that the service changed.
CREATE TABLE raw_drift (
    snapshot_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    rows INTEGER NOT NULL
);

-- Every core table carries the same four columns of the second time axis: when we knew it.
-- A row is current while known_to is NULL; `closed_by` names the snapshot that proved its absence or change.

CREATE TABLE core_person (
    source VARCHAR NOT NULL,
    person_key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,             -- member | placeholder
    name VARCHAR NOT NULL,
    email VARCHAR,                     -- as given; compared lower-cased
    is_active BOOLEAN NOT NULL,
    active_from DATE,                  -- first day of employment, if the source says so
    active_to DATE,
    role VARCHAR,
    discipline VARCHAR,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);

CREATE TABLE core_project (
    source VARCHAR NOT NULL,
    project_key VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    code VARCHAR,
    client VARCHAR,
    state VARCHAR,                     -- the source's own word
    is_tentative BOOLEAN NOT NULL,
    is_archived BOOLEAN NOT NULL,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);

-- A phase (10,000ft) or task (Ruddr) inside a project.
CREATE TABLE core_work_item (
    source VARCHAR NOT NULL,
    work_item_key VARCHAR NOT NULL,
    project_key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,             -- phase | task
    name VARCHAR NOT NULL,
    is_tentative BOOLEAN NOT NULL,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);

CREATE TABLE core_leave_type (
    source VARCHAR NOT NULL,
    leave_type_key VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);

-- A block of a person's own working week. Hours start on MONDAY whatever the source's order.
CREATE TABLE core_availability (
    source VARCHAR NOT NULL,
    availability_key VARCHAR NOT NULL,
    person_key VARCHAR NOT NULL,
    start_date DATE,                   -- NULL: open
    end_date DATE,
    hours_per_day DECIMAL(18,6)[] NOT NULL, -- seven, Monday first
    precedence BIGINT NOT NULL,        -- of blocks that start the same day, the highest wins
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);

-- Account-wide holidays (10,000ft). Ruddr's holidays are bookings of kind 'holiday', per person.
CREATE TABLE core_holiday (
    source VARCHAR NOT NULL,
    holiday_key VARCHAR NOT NULL,
    holiday_date DATE NOT NULL,
    name VARCHAR NOT NULL,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);

CREATE TABLE core_booking (
    source VARCHAR NOT NULL,           -- tenthousandft | ruddr
    source_key VARCHAR NOT NULL,
    content_key VARCHAR NOT NULL,      -- md5 of what is booked, without id and person: survives delete-and-recreate
    kind VARCHAR NOT NULL,             -- work | leave | holiday
    resource_kind VARCHAR NOT NULL,    -- member | placeholder | unassigned
    person_key VARCHAR,                -- NULL: unassigned
    project_key VARCHAR,               -- the root project, for work
    work_item_key VARCHAR,             -- phase or task, if booked on one
    leave_type_key VARCHAR,            -- for leave
    start_date DATE NOT NULL,          -- inclusive
    end_date DATE NOT NULL,            -- inclusive
    effort_unit VARCHAR NOT NULL,      -- percent | hours_per_day | hours_total | hours_per_week | hours_per_month | ratio_of_capacity
    effort_amount DECIMAL(18,6) NOT NULL, -- ratio (1 = 100%) or hours, by unit
    is_billable BOOLEAN NOT NULL,
    is_tentative BOOLEAN NOT NULL,     -- the booking's own flag; a tentative project makes it so too, in the marts
    allocate_on_time_off BOOLEAN,      -- Ruddr; NULL: the policy decides
    read_only_kind VARCHAR,            -- time_entry | holiday
    repetition_key VARCHAR,            -- the first booking of a repeated series
    vendor_hours DECIMAL(18,6),        -- totalHours, where the source says one
    note VARCHAR,
    page_sha256 VARCHAR NOT NULL,      -- raw pointer: page and place on it
    page_position INTEGER NOT NULL,
    known_from TIMESTAMP NOT NULL, known_to TIMESTAMP, snapshot_id VARCHAR NOT NULL, closed_by VARCHAR
);
