-- Actions that an administrator has removed: should one come back, it was seen before, and is granted to nobody.
CREATE TABLE up_removed_actions (
    action VARCHAR(255) PRIMARY KEY,
    removed_at TIMESTAMP NOT NULL
);
