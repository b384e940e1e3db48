-- A session may have several operators, and a host may have come with tickets of several.

-- Who takes part in a session, or took, in the order in which they came.
CREATE TABLE member (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES session (id),
    -- the operator's place at that time
    place BLOB NOT NULL,
    operator INTEGER NOT NULL REFERENCES operator (id),
    -- the display name at that time
    name TEXT NOT NULL,
    -- what the operator asked to do, and may do (bits of the protocol's rights)
    asked INTEGER NOT NULL,
    rights INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    left_at INTEGER
) STRICT;
CREATE INDEX member_by_session ON member (session);

INSERT INTO member (session, place, operator, name, asked, rights, joined_at, left_at)
SELECT id, operator_place, operator, operator_name, asked, rights, started_at, ended_at
FROM session WHERE operator_place IS NOT NULL AND started_at IS NOT NULL ORDER BY id;

-- From now on session.operator is the one whose report it is, and session.operator_name has the names of
-- all who took part.
ALTER TABLE session DROP COLUMN operator_place;
ALTER TABLE session DROP COLUMN asked;
ALTER TABLE session DROP COLUMN rights;

-- The operators with whose tickets a host came; the first one admitted it.
CREATE TABLE host_owner (
    peer BLOB NOT NULL REFERENCES host_place (peer) ON DELETE CASCADE,
    operator INTEGER NOT NULL REFERENCES operator (id),
    position INTEGER NOT NULL,
    route INTEGER NOT NULL,
    PRIMARY KEY (peer, operator)
) STRICT, WITHOUT ROWID;

INSERT INTO host_owner (peer, operator, position, route) SELECT peer, owner, 0, route FROM host_place;
ALTER TABLE host_place DROP COLUMN owner;
ALTER TABLE host_place DROP COLUMN route;
