-- The audit log says what an actor is, can be searched, and has a head that the hub's key signs.

-- 1 hub, 2 account, 3 host, 4 command line, 5 stranger; NULL in rows from before, whose hash is of the
-- first kind
ALTER TABLE audit ADD COLUMN kind INTEGER;
CREATE INDEX audit_by_actor ON audit (actor);
CREATE INDEX audit_by_action ON audit (action);
CREATE INDEX audit_by_both ON audit (actor, action);
CREATE INDEX audit_by_time ON audit (at);
CREATE VIRTUAL TABLE audit_text USING fts5 (
    actor, action, detail,
    content = 'audit', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO audit_text (audit_text) VALUES ('rebuild');

CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    -- the last row, and its hash
    row INTEGER NOT NULL,
    head BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

-- Films are kept on hold, or erased; then their trace is left.
ALTER TABLE session ADD COLUMN held_at INTEGER;
ALTER TABLE session ADD COLUMN held_by TEXT;
ALTER TABLE session ADD COLUMN held_reason TEXT;
ALTER TABLE session ADD COLUMN erased_at INTEGER;
ALTER TABLE session ADD COLUMN erased_by TEXT;
-- 1 privacy, 2 retention, 3 quota
ALTER TABLE session ADD COLUMN erased_why INTEGER;
ALTER TABLE session ADD COLUMN erased_reason TEXT;
-- of the hub's key over the session's number and film_head; NULL for films from before
ALTER TABLE session ADD COLUMN film_signature BLOB;
CREATE INDEX session_by_start ON session (started_at) WHERE film IS NOT NULL;

-- Who watched a film, or exported it.
CREATE TABLE film_use (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES session (id),
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    -- 1 watched, 2 exported
    kind INTEGER NOT NULL
) STRICT;
CREATE INDEX film_use_by_session ON film_use (session);

-- What differs from the hub's defaults; the logo is a BLOB, all others are TEXT.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;
