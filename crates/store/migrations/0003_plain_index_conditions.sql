-- A condition with a list of three values makes SQLite build a table for it with each row that is written.
DROP INDEX operations_unexpired;
CREATE INDEX operations_unexpired ON operations (finished_at) WHERE finished_at IS NOT NULL AND state <> 'EXPIRED';
