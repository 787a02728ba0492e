-- How far the service's clock was from this machine's while a snapshot was taken. NULL: nobody looked.
ALTER TABLE raw_snapshot ADD COLUMN IF NOT EXISTS clock_skew_seconds INTEGER;
