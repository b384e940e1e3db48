-- The permanent host that has a place because an operator opened it with its access password. Its owners
-- have no ticket's route there, but -1.
ALTER TABLE host_place ADD COLUMN permanent INTEGER REFERENCES host (id) ON DELETE CASCADE;
