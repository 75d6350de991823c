-- Actions that an administrator has removed: should one come back, it was seen before, and is granted to nobody.
CREATE TABLE IF NOT EXISTS up_removed_actions (
    action VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    removed_at DATETIME(6) NOT NULL
);
