-- Receipts, and what users say of assistances.

-- How it was, as the user says: 1 to 5, and a line; NULL where nothing was said.
ALTER TABLE report ADD COLUMN stars INTEGER;
ALTER TABLE report ADD COLUMN feedback TEXT NOT NULL DEFAULT '';

-- What the user allowed an operator, whatever was taken back since; of sessions from before what was left.
ALTER TABLE member ADD COLUMN granted INTEGER NOT NULL DEFAULT 0;
UPDATE member SET granted = rights;

-- Whether an operator used keyboard or pointer.
ALTER TABLE session ADD COLUMN controlled INTEGER NOT NULL DEFAULT 0;
UPDATE session SET controlled = 1 WHERE active_seconds > 0;

-- Files that were sent in sessions, in the order in which they began.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES session (id),
    operator TEXT NOT NULL,
    to_host INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- how many were to be sent
    of_files INTEGER NOT NULL,
    -- what has arrived
    files INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    -- 0 begun, 1 done, 2 cancelled, 3 failed
    stage INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX transfer_by_session ON transfer (session);

-- A host that comes back is given the receipt of its last session.
CREATE INDEX session_by_host_place ON session (host_place) WHERE state = 2;

-- The permanent host that has a place because an operator opened it with its access password. Its owners
-- have no ticket's route there, but -1.
ALTER TABLE host_place ADD COLUMN permanent INTEGER REFERENCES host (id) ON DELETE CASCADE;
