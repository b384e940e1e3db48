-- Times are milliseconds since the Unix epoch.

CREATE TABLE operator (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    -- the name in lower case: names that differ by case alone are one
    name_key TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    -- Argon2id in PHC notation
    password_hash TEXT NOT NULL,
    administrator INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE ticket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    route INTEGER NOT NULL,
    operator INTEGER NOT NULL REFERENCES operator (id),
    -- 0 open, 1 used, 2 expired, 3 revoked, 4 burnt
    state INTEGER NOT NULL,
    wrong_secrets INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ticket_open ON ticket (route) WHERE state = 0;
CREATE INDEX ticket_by_time ON ticket (expires_at);

CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    operator INTEGER NOT NULL REFERENCES operator (id),
    operator_name TEXT NOT NULL,
    host TEXT NOT NULL,
    requester TEXT NOT NULL,
    ticket INTEGER,
    -- 0 asked, 1 running, 2 ended, 3 refused
    state INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    -- 1 user, 2 operator, 3 host lost, 4 operator lost, 5 cannot record, 6 hub stopped
    ended_by INTEGER,
    -- the recording, relative to the data folder
    film TEXT,
    film_bytes INTEGER,
    -- the last hash of the recording's chain
    film_head BLOB
) STRICT;
CREATE INDEX session_by_operator ON session (operator, started_at);
CREATE INDEX session_open ON session (id) WHERE state < 2;

-- One report for each session that ran; the number is the session's.
CREATE TABLE report (
    session INTEGER PRIMARY KEY REFERENCES session (id),
    problem TEXT NOT NULL DEFAULT '',
    solution TEXT NOT NULL DEFAULT '',
    category TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    finished INTEGER NOT NULL DEFAULT 0,
    saved_at INTEGER NOT NULL
) STRICT;
CREATE INDEX report_drafts ON report (session) WHERE finished = 0;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    -- a JSON object
    detail TEXT NOT NULL,
    -- BLAKE3 over the previous row's hash and this row
    hash BLOB NOT NULL
) STRICT;
