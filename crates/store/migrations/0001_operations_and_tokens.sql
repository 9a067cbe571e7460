-- Times are milliseconds since the epoch, ids are text. Lists and failures are JSON, which only the store reads.
CREATE TABLE operations (
    id             TEXT    NOT NULL PRIMARY KEY,
    principal      TEXT    NOT NULL,
    session        TEXT    NOT NULL,
    server_session TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    reattachable   INTEGER NOT NULL,
    tags           TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    submitted_at   INTEGER NOT NULL,
    started_at     INTEGER,
    finished_at    INTEGER,
    result_rows    INTEGER NOT NULL,
    result_bytes   INTEGER NOT NULL,
    failure        TEXT
) WITHOUT ROWID;

CREATE INDEX operations_by_submission ON operations (submitted_at, id);
CREATE INDEX operations_unfinished ON operations (state) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX operations_unexpired ON operations (finished_at) WHERE state IN ('SUCCEEDED', 'FAILED', 'CANCELLED');

CREATE TABLE tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    principal  TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    comment    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) WITHOUT ROWID;
