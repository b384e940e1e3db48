-- Places: who may come back after a lost connection. Of the secret only the hash is kept (SHA-256).

CREATE TABLE operator_place (
    peer BLOB PRIMARY KEY,
    operator INTEGER NOT NULL REFERENCES operator (id),
    login TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- seconds since the Unix epoch
    since INTEGER NOT NULL,
    secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE host_place (
    peer BLOB PRIMARY KEY,
    -- whose ticket it came with
    owner INTEGER NOT NULL REFERENCES operator (id),
    computer TEXT NOT NULL,
    user TEXT NOT NULL,
    system TEXT NOT NULL,
    route INTEGER NOT NULL,
    since INTEGER NOT NULL,
    secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A running session knows its two ends, and what may be done in it (bits of the protocol's rights).
ALTER TABLE session ADD COLUMN host_place BLOB;
ALTER TABLE session ADD COLUMN operator_place BLOB;
ALTER TABLE session ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN rights INTEGER NOT NULL DEFAULT 0;

-- A report has a number of its own; those from before keep their session's.
ALTER TABLE report ADD COLUMN id INTEGER NOT NULL DEFAULT 0;
UPDATE report SET id = session;
CREATE UNIQUE INDEX report_by_id ON report (id);

-- Routes have four digits now, and secrets six: tickets from before cannot be typed any more.
UPDATE ticket SET state = 2 WHERE state = 0;
