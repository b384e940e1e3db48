-- Where a permanent host is, for waking it: the address that its last connection came from, and its network
-- cards in the IPv4 networks that they are in.
ALTER TABLE host ADD COLUMN came_from TEXT NOT NULL DEFAULT '';
CREATE TABLE host_lan (
    host INTEGER NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    card BLOB NOT NULL CHECK (length(card) = 6),
    network BLOB NOT NULL CHECK (length(network) = 4),
    prefix INTEGER NOT NULL CHECK (prefix BETWEEN 0 AND 32),
    PRIMARY KEY (host, card, network, prefix)
) STRICT, WITHOUT ROWID;
