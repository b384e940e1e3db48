-- Permanent hosts: computers that are always connected, known by a key of their own.

CREATE TABLE host_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE
) STRICT;

-- The groups whose operators see the hosts of a group.
CREATE TABLE host_group_seen_by (
    host_group INTEGER NOT NULL REFERENCES host_group (id) ON DELETE CASCADE,
    account_group INTEGER NOT NULL REFERENCES account_group (id) ON DELETE CASCADE,
    PRIMARY KEY (host_group, account_group)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_group_by_account_group ON host_group_seen_by (account_group);

CREATE TABLE host (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Ed25519
    key BLOB NOT NULL UNIQUE,
    -- what an administrator calls it; empty where nobody did
    given_name TEXT NOT NULL DEFAULT '',
    -- what it says of itself
    computer TEXT NOT NULL,
    system TEXT NOT NULL COLLATE NOCASE,
    program TEXT NOT NULL COLLATE NOCASE,
    -- what is shown
    name TEXT NOT NULL COLLATE NOCASE
        AS (CASE WHEN given_name = '' THEN computer ELSE given_name END) VIRTUAL,
    -- without one no operator sees it
    host_group INTEGER REFERENCES host_group (id) ON DELETE SET NULL,
    note TEXT NOT NULL DEFAULT '',
    disabled INTEGER NOT NULL DEFAULT 0,
    enrolled_at INTEGER NOT NULL,
    -- who made the code
    enrolled_by TEXT NOT NULL,
    connected INTEGER NOT NULL DEFAULT 0,
    last_seen INTEGER NOT NULL
) STRICT;
CREATE INDEX host_by_name ON host (name, id);
CREATE INDEX host_by_group ON host (host_group);

-- Codes that enrol hosts.
CREATE TABLE enrolment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256
    code_hash BLOB NOT NULL UNIQUE,
    host_group INTEGER REFERENCES host_group (id) ON DELETE SET NULL,
    uses INTEGER NOT NULL,
    uses_left INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;

-- With the start in the index a period is cut out of a list in another order without reading its rows.
DROP INDEX report_row_by_lasted;
DROP INDEX report_row_by_active;
DROP INDEX report_row_by_operators;
DROP INDEX report_row_by_requester;
DROP INDEX report_row_by_host;
DROP INDEX report_row_by_category;
DROP INDEX report_row_by_finished;
CREATE INDEX report_row_by_lasted ON report_row (lasted, report, started);
CREATE INDEX report_row_by_active ON report_row (active, report, started);
CREATE INDEX report_row_by_operators ON report_row (operators, report, started);
CREATE INDEX report_row_by_requester ON report_row (requester, report, started);
CREATE INDEX report_row_by_host ON report_row (host, report, started);
CREATE INDEX report_row_by_category ON report_row (category, report, started);
CREATE INDEX report_row_by_finished ON report_row (finished, report, started);
