-- Where operations come from; small results beside their operation; documents that only their door reads.
ALTER TABLE operations ADD COLUMN door TEXT NOT NULL DEFAULT 'connect';
ALTER TABLE operations ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE operations ADD COLUMN warehouse TEXT;
ALTER TABLE operations ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE operations ADD COLUMN result BLOB;

CREATE TABLE documents (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
