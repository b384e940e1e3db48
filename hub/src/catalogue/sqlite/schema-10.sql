-- The only operators who open a permanent host; all who see it where there is none.
CREATE TABLE host_operator (
    host INTEGER NOT NULL REFERENCES host (id) ON DELETE CASCADE,
    account INTEGER NOT NULL REFERENCES operator (id) ON DELETE CASCADE,
    PRIMARY KEY (host, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_operator_by_account ON host_operator (account);
