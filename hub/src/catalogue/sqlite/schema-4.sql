-- Roles, groups, second factors, invitations, and who is signed in.

CREATE TABLE role (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    -- bits of the protocol's permissions
    permissions INTEGER NOT NULL,
    built_in INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO role (id, name, name_key, permissions, built_in) VALUES
    (1, 'operator', 'operator', 15, 1),
    (2, 'auditor', 'auditor', 96, 1),
    (3, 'administrator', 'administrator', 255, 1);

CREATE TABLE account_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    built_in INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO account_group (id, name, name_key, built_in) VALUES (1, 'Everyone', 'everyone', 1);

CREATE TABLE group_account (
    account_group INTEGER NOT NULL REFERENCES account_group (id) ON DELETE CASCADE,
    operator INTEGER NOT NULL REFERENCES operator (id),
    PRIMARY KEY (account_group, operator)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_by_account ON group_account (operator);
INSERT INTO group_account (account_group, operator) SELECT 1, id FROM operator;

-- Everybody is an operator or an administrator. An account whose password_hash is empty waits for its
-- invitation to be taken.
ALTER TABLE operator ADD COLUMN role INTEGER NOT NULL DEFAULT 1;
UPDATE operator SET role = 3 WHERE administrator = 1;
ALTER TABLE operator DROP COLUMN administrator;
ALTER TABLE operator ADD COLUMN last_log_in INTEGER;

CREATE TABLE second_factor (
    operator INTEGER PRIMARY KEY REFERENCES operator (id),
    -- as RFC 6238 has it
    secret BLOB NOT NULL,
    -- the last step of time whose code was used
    last_step INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE recovery_code (
    operator INTEGER NOT NULL REFERENCES operator (id),
    -- SHA-256
    hash BLOB NOT NULL,
    PRIMARY KEY (operator, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (
    operator INTEGER PRIMARY KEY REFERENCES operator (id),
    -- SHA-256
    token_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- Who is signed in. A console's row goes with its place.
CREATE TABLE sign_in (
    peer BLOB PRIMARY KEY,
    operator INTEGER NOT NULL REFERENCES operator (id),
    -- 0 a console, 1 the administration
    kind INTEGER NOT NULL,
    program TEXT NOT NULL,
    address TEXT NOT NULL,
    since INTEGER NOT NULL,
    -- an administrator wants it to end
    is_over INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE account_setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
