-- Pages of bookings that need not be read again while nothing has changed (transforms/warehouse/known.py).
-- Grain: one row per page, stream and reading. A cache: without its rows everything is read, and comes to the same.
CREATE TABLE known_page (
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    window_start DATE NOT NULL,
    window_end DATE NOT NULL,
    reading VARCHAR NOT NULL,          -- hash of the rules, the lists and the window it was read under
    page_sha256 VARCHAR NOT NULL,
    read_at TIMESTAMP NOT NULL,        -- when its rows were merged
    outside INTEGER NOT NULL,          -- rows that do not touch the window
    unknown_fields VARCHAR NOT NULL,   -- JSON: field -> rows that have it
    keys VARCHAR[] NOT NULL            -- source_key of the other rows, in their order
);
