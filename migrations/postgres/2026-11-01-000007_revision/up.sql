-- One row, counted up by every change of roles, grants and memberships: taking it first puts
-- such changes in line, whatever the instance.
CREATE TABLE up_revision (
    id INTEGER NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
